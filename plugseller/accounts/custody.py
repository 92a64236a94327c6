"""What is held of people and sellers, and in the packages' tables about them."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from axes.models import (
    AccessAttempt,
    AccessAttemptExpiration,
    AccessFailureLog,
    AccessLog,
)
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.sessions.models import Session
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce, Lower
from guardian.models import GroupObjectPermission, UserObjectPermission

from plugseller.accounts.models import (
    AccessReport,
    ApiToken,
    Grant,
    Invitation,
    Lockout,
    Membership,
    Seller,
    SellerGroupObjectPermission,
    SellerUserObjectPermission,
    SetUpLink,
    UsedPassword,
    User,
)
from plugseller.accounts.services.lockouts import subject_of
from plugseller.crypto.services import destroy_data_key
from plugseller.custody.erasers import Mentioning, Rows, hold_machine, hold_table
from plugseller.shelves import DataClass, Holding, Scope, Subject, hold, subject

CREDENTIAL, EVIDENCE = DataClass.CREDENTIAL, DataClass.EVIDENCE
OPERATIONAL, PERSONAL = DataClass.OPERATIONAL, DataClass.PERSONAL


class Addressed(Rows):
    """Rows that know somebody by an e-mail address, in `column`.

    An open one is compared without case; a hashed one was made of it in small letters.
    """

    def __init__(self, *args: Any, column: str, hashed: bool = False, **paths: Any):
        super().__init__(*args, **paths)
        self._column = column
        self._hashed = hashed

    def of(self, scope: Scope) -> QuerySet[Any]:
        known = super().of(scope)
        told = [address.casefold() for address in scope.addresses]
        if not told:
            return known
        if self._hashed:
            named = Q(**{f"{self._column}__in": list(map(subject_of, told))})
            return self._all().filter(Q(pk__in=known.values("pk")) | named)
        mine = Q(pk__in=known.values("pk")) | Q(of_address__in=told)
        found: QuerySet[Any] = self._all().alias(of_address=Lower(self._column))
        return found.filter(mine)


class Sessions(Mentioning):
    """Django's sessions. Allauth's list knows whose most are; what is sealed in the
    others, of somebody half-way through signing in, names a person or an address."""

    def of(self, scope: Scope) -> QuerySet[Any]:
        listed = UserSession.objects.filter(user__in=scope.people).values("session_key")
        known = Q(session_key__in=listed) | Q(pk__in=super().of(scope).values("pk"))
        return self._all().filter(known)


def _session(row: Session) -> list[object]:
    return list(row.get_decoded().values())


class Tokens(Rows):
    """API tokens; one that took another's place may go before it."""

    def remove(self, keys: Collection[Any]) -> int:
        self._all().filter(replaced_by__in=keys).update(replaced_by=None)
        return super().remove(keys)


class Noted(Rows):
    """The desk's own log: what the erased did there, and what was done about them."""

    def of(self, scope: Scope) -> QuerySet[Any]:
        about = Q(object_id__in=list(map(str, scope.ids)))
        return self._all().filter(Q(pk__in=super().of(scope).values("pk")) | about)


class LooseRights(Rows):
    """The package's own table of rights, which names what they are on by text."""

    def of(self, scope: Scope) -> QuerySet[Any]:
        on = Q(object_pk__in=list(map(str, scope.ids)))
        return self._all().filter(Q(pk__in=super().of(scope).values("pk")) | on)


class Whole(Rows):
    """Rows that Django removes with all that hangs on them, when they go last."""

    most = 20

    def remove(self, keys: Collection[Any]) -> int:
        found = list(self._all().filter(pk__in=keys))
        for row in found:
            row.delete()
        return len(found)


class People(Whole):
    """Whose time is over, their key goes with them; an erasure has done that first."""

    def purge(
        self, before: datetime, *, at_most: int, of_seller: UUID | None = None
    ) -> int:
        going = self._old(before, of_seller).order_by("pk")
        for person in going[: min(at_most, self.most)]:
            destroy_data_key(person.pk)
        return super().purge(before, at_most=at_most, of_seller=of_seller)


def _unverified() -> Q:
    """Accounts whose address nobody has proved to own, and that are of no use."""
    proved = EmailAddress.objects.filter(verified=True).values("user")
    member = Membership.objects.values("user")
    return Q(staff_role="", left_at=None) & ~Q(pk__in=proved) & ~Q(pk__in=member)


# Ways in, first.
hold_table(
    ApiToken,
    "API tokens",
    data_class=CREDENTIAL,
    rule="ended_tokens",
    rank=20,
    store=Tokens(
        ApiToken,
        seller="seller",
        people=["user"],
        age=Coalesce("revoked_at", "expiry"),
    ),
)
hold_table(
    Session,
    "Sessions",
    data_class=PERSONAL,
    rule="sessions",
    rank=20,
    store=Sessions(Session, told=_session, age="expire_date"),
)
hold_table(
    UserSession,
    "Where people are signed in",
    data_class=PERSONAL,
    rule="sessions",
    rank=22,
    people=["user"],
    age="last_seen_at",
)
hold_table(
    Authenticator,
    "Second factors",
    data_class=CREDENTIAL,
    rule="with_account",
    rank=20,
    people=["user"],
)
hold_table(
    UsedPassword,
    "Hashes of passwords",
    data_class=CREDENTIAL,
    rule="with_account",
    rank=20,
    people=["user"],
)
hold_table(
    SetUpLink,
    "Links that set up an account",
    data_class=CREDENTIAL,
    rule="invitations",
    rank=20,
    people=["user"],
    age="expires_at",
)
hold_table(
    Invitation,
    "Invitations",
    data_class=PERSONAL,
    rule="invitations",
    rank=20,
    store=Addressed(
        Invitation,
        column="email",
        seller="seller",
        age=Coalesce("ended_at", "expires_at"),
    ),
)

# Traces of signing in.
hold_table(
    AccessAttemptExpiration,
    "When failed sign-ins expire",
    data_class=OPERATIONAL,
    rule="sign_in_failures",
    rank=88,
    store=Addressed(
        AccessAttemptExpiration,
        column="access_attempt__username",
        hashed=True,
        age="access_attempt__attempt_time",  # it goes with its attempt
    ),
)
hold_table(
    AccessAttempt,
    "Failed sign-ins",
    data_class=PERSONAL,
    rule="sign_in_failures",
    rank=90,
    store=Addressed(AccessAttempt, column="username", hashed=True, age="attempt_time"),
)
for table, label in (
    (AccessFailureLog, "Failed sign-ins, the package's own log"),
    (AccessLog, "Sign-ins, the package's own log"),
):
    hold_table(
        table,
        label,
        data_class=PERSONAL,
        rule="sign_in_failures",
        rank=90,
        store=Addressed(table, column="username", hashed=True, age="attempt_time"),
    )
hold_table(
    Lockout,
    "Lockouts",
    data_class=PERSONAL,
    rule="sign_in_failures",
    rank=90,
    store=Addressed(
        Lockout, column="subject", hashed=True, people=["user"], age="until"
    ),
)

# What a seller consists of, once its data is gone.
hold_table(
    AccessReport,
    "Reports about access of our staff",
    data_class=EVIDENCE,
    rule="staff_access",
    rank=92,
    seller="seller",
    age="posted_at",
)
hold_table(
    Grant,
    "Access of our staff",
    data_class=EVIDENCE,
    rule="staff_access",
    rank=92,
    seller="seller",
    age="asked_at",
)
for rights in (SellerUserObjectPermission, UserObjectPermission):
    own = rights is SellerUserObjectPermission
    hold_table(
        rights,
        "Rights of people" if own else "Rights of people, the package's own table",
        data_class=OPERATIONAL,
        rule="with_account",
        rank=92,
        store=Rows(rights, seller="content_object", people=["user"])
        if own
        else LooseRights(rights, people=["user"]),
    )
hold_table(
    SellerGroupObjectPermission,
    "Rights of groups",
    data_class=OPERATIONAL,
    rule="with_account",
    rank=92,
    seller="content_object",
)
hold_table(
    Membership,
    "Members",
    data_class=PERSONAL,
    rule="with_account",
    rank=94,
    seller="seller",
    people=["user"],
)
hold_table(
    Seller,
    "Sellers",
    data_class=PERSONAL,
    rule="with_account",
    rank=96,
    store=Whole(Seller, seller="pk"),
)

# People.
hold_table(
    LogEntry,
    "The desk's own log",
    data_class=PERSONAL,
    rule="job_results",
    rank=95,
    store=Noted(LogEntry, people=["user"], age="action_time"),
)
hold_table(
    EmailConfirmation,
    "Codes sent to verify addresses",
    data_class=CREDENTIAL,
    rule="unverified",
    rank=95,
    people=["email_address__user"],
    age="created",
)
hold_table(
    EmailAddress,
    "Verified addresses",
    data_class=PERSONAL,
    rule="with_account",
    rank=97,
    people=["user"],
)
for through in (User.groups.through, User.user_permissions.through):
    hold_table(
        through,
        str(through._meta.verbose_name_plural).capitalize(),
        data_class=OPERATIONAL,
        rule="with_account",
        rank=97,
        people=["user"],
    )
hold_table(
    User,
    "People",
    data_class=PERSONAL,
    rule="left_people",
    rank=99,
    store=People(User, people=["pk"], age="left_at"),
)
hold(
    Holding(
        name="accounts.unverified",
        label="People who never verified their address",
        data_class=PERSONAL,
        rule="unverified",
        store=People(User, age="joined_at", only=_unverified()),
        rank=98,
        stays="The same table as People, of which it names those nobody vouched for.",
    )
)
hold_machine(Group, Group.permissions.through, GroupObjectPermission, Permission)


# Where those are found whom the deletion ledger names.
def _person(person_id: UUID) -> Scope:
    addresses = EmailAddress.objects.filter(user=person_id).values_list("email")
    own = User.objects.filter(pk=person_id).values_list("email")
    return Scope(
        people=frozenset({person_id}),
        addresses=frozenset(address for (address,) in (*addresses, *own)),
    )


subject(
    Subject(
        "seller",
        ids=lambda: Seller._base_manager.values_list("pk", flat=True),
        scope=lambda seller_id: Scope(seller_id=seller_id),
    )
)
subject(
    Subject(
        "person",
        ids=lambda: User.objects.values_list("pk", flat=True),
        scope=_person,
    )
)
