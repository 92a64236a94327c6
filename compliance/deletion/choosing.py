"""What an owner can choose to have deleted, and what that would take along."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from compliance.deletion.models import DeletionRequest
from compliance.deletion.services import Planned, preview
from marketplaces.models import Connection
from plugseller.accounts.models import Membership, Seller, User
from plugseller.accounts.roles import Role
from plugseller.shelves import Scope

Kind = DeletionRequest.Kind


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that can be deleted by itself."""

    key: str  # "account", "connection-<id>", "person-<id>": as the form sends it
    kind: DeletionRequest.Kind
    label: str
    note: str
    scope: Scope
    connection: Connection | None = None
    people: tuple[User, ...] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """What would go and what would stay, each with its rows."""

    goes: list[Planned]
    stays: list[Planned]  # by a rule, whoever asks
    shared: list[Planned]  # of the seller, but not of what was chosen

    @property
    def rows(self) -> int:
        return sum(one.count for one in self.goes)


def choices(seller: Seller) -> list[Choice]:
    """The whole seller, each account that isn't deleted yet, and each member who may
    be chosen by somebody else."""
    return [
        _whole(seller),
        *(_one(seller, found) for found in _accounts(seller)),
        *(_person(seller, member) for member in _members(seller)),
    ]


def previewed(seller: Seller, choice: Choice, *, keeps: User | None) -> Preview:
    """The rows of a choice; `keeps` is whose own account stays all the same."""
    found = previewed_of(_without(choice.scope, keeps))
    if choice.kind != Kind.CONNECTION:
        return found
    chosen = {one.holding: one.count for one in found.goes}
    whole = preview(Scope(seller_id=seller.pk))
    left = [
        replace(one, count=one.count - chosen.get(one.holding, 0))
        for one in whole
        if one.goes
    ]
    return replace(found, shared=[one for one in left if one.count > 0])


def previewed_of(scope: Scope) -> Preview:
    """What of a scope would go and what would stay."""
    planned = preview(scope)
    return Preview(
        goes=[one for one in planned if one.goes and one.count],
        stays=[one for one in planned if not one.goes],
        shared=[],
    )


def of_person(person: User) -> Scope:
    """What belongs to one person."""
    return _of_people([person])


def _whole(seller: Seller) -> Choice:
    members = Membership.objects.filter(seller=seller).select_related("user")
    elsewhere = set(
        Membership.objects.exclude(seller=seller).values_list("user", flat=True)
    )
    only_here = [m.user for m in members if m.user_id not in elsewhere]
    people = _of_people(only_here)
    accounts = Connection.objects.of_seller(seller, frozen=True)
    scope = Scope(
        seller_id=seller.pk,
        people=people.people,
        addresses=people.addresses,
        connections=frozenset(accounts.values_list("pk", flat=True)),
    )
    return Choice(
        "account",
        Kind.ACCOUNT,
        f"Everything of {seller.name}",
        "All marketplace accounts and their data, the team, and the user accounts of "
        "members who belong to no other seller.",
        scope,
    )


def _one(seller: Seller, found: Connection) -> Choice:
    name = f"{found.marketplace.title()} {found.region.upper()}"
    return Choice(
        f"connection-{found.pk}",
        Kind.CONNECTION,
        f"{name}, account {found.account_id}",
        "What was fetched from this account, its history, and its credentials. "
        "Everything else stays.",
        Scope(seller_id=seller.pk, connection_id=found.pk),
        connection=found,
    )


def _person(seller: Seller, member: Membership) -> Choice:
    return Choice(
        f"person-{member.user_id}",
        Kind.PEOPLE,
        f"Personal data of {member.user.known_as}",
        "The person's user account, with name, address and traces of signing in. The "
        "seller's data stays.",
        _of_people([member.user]),
        people=(member.user,),
    )


def _accounts(seller: Seller) -> Iterable[Connection]:
    own = Connection.objects.of_seller(seller, frozen=True).filter(frozen_at=None)
    return own.defer("credentials").order_by("connected_at", "pk")


def _members(seller: Seller) -> Iterable[Membership]:
    """Members who aren't owners and use their account here alone: others delete their
    own themselves."""
    elsewhere = Membership.objects.exclude(seller=seller).values("user")
    here = Membership.objects.filter(seller=seller).exclude(role=Role.OWNER)
    return here.exclude(user__in=elsewhere).select_related("user").order_by("since")


def _of_people(people: Iterable[User]) -> Scope:
    people = list(people)
    return Scope(
        people=frozenset(one.pk for one in people),
        addresses=frozenset(one.email for one in people),
    )


def _without(scope: Scope, keeps: User | None) -> Scope:
    if keeps is None:
        return scope
    return replace(
        scope,
        people=scope.people - {keeps.pk},
        addresses=scope.addresses - {keeps.email},
    )


def chosen_from(offered: list[Choice], key: str) -> Choice | None:
    """The choice of that key."""
    return next((one for one in offered if one.key == key), None)
