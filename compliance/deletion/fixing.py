"""What is fixed once a deletion has begun: ids that must not come back, addresses.

It is done before the ledger's line, and can be done again as long as people are there.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from allauth.account.models import EmailAddress
from django.db import transaction

from compliance.deletion.models import DeletionRequest
from compliance.deletion.scopes import scope_of
from compliance.deletion.services import note_step
from plugseller.accounts.models import Grant, User
from plugseller.crypto.services import create_data_key
from plugseller.custody.models import Tombstone
from plugseller.custody.services import bury
from plugseller.shelves import Scope

Kind = DeletionRequest.Kind


@transaction.atomic
def fix(request: DeletionRequest, *, now: datetime) -> None:
    """Shut the accounts of a request that has begun, keep the addresses, bury the ids.

    A late job or re-sync that names one of them is refused from here on. The stones
    are there before the ledger's lines, so that a database is never behind its ledger.
    """
    people = _without_ours(request, now)
    _keep_addresses(request, people)
    User.objects.filter(pk__in=people, is_active=True).update(is_active=False)
    for kind, ids in named(request).items():
        for one in ids:
            bury(kind, one, request=request.reference, now=now)


def named(request: DeletionRequest) -> dict[Tombstone.Kind, list[UUID]]:
    """Kind -> ids of what a begun request erases, for the ledger and the stones."""
    seller = request.seller_id if request.kind == Kind.ACCOUNT else None
    return {
        Tombstone.Kind.SELLER: [seller] if seller else [],
        Tombstone.Kind.CONNECTION: list(map(UUID, request.connections)),
        Tombstone.Kind.PERSON: list(map(UUID, request.people)),
    }


def owners_of_keys(request: DeletionRequest) -> list[UUID]:
    """Whose data keys are destroyed: the seller's, and each person's."""
    ids = named(request)
    return [*ids[Tombstone.Kind.SELLER], *ids[Tombstone.Kind.PERSON]]


def whole_scope(request: DeletionRequest) -> Scope:
    """The scope of a request that has begun, as places are searched and emptied.

    An address that belongs to somebody who stays isn't meant: who asked and keeps
    their account, or who signed up with it since.
    """
    scope = scope_of(request)
    others = User.objects.exclude(pk__in=scope.people)
    mine = {
        address
        for address in scope.addresses
        if not others.filter(email__iexact=address).exists()
    }
    return replace(scope, addresses=frozenset(mine))


def _without_ours(request: DeletionRequest, now: datetime) -> list[UUID]:
    """The people, but who had access to sellers as one of our staff: that log stands
    with their names, and as long."""
    people = list(map(UUID, request.people))
    ours = set(Grant.objects.filter(person__in=people).values_list("person", flat=True))
    if ours:
        people = [one for one in people if one not in ours]
        request.people = [str(one) for one in people]
        request.save(update_fields=["people"])
        note_step(request, "staff stay", actor=None, now=now, people=len(ours))
    return people


def _keep_addresses(request: DeletionRequest, people: Iterable[UUID]) -> None:
    """The addresses of the erased, by which some places know them; sealed."""
    contact = request.contact.reveal() if request.contact else {}
    before = set(contact.get("addresses", ()))
    known = before | set(
        User.objects.filter(pk__in=people).values_list("email", flat=True)
    )
    more = EmailAddress.objects.filter(user__in=people)
    known |= set(more.values_list("email", flat=True))
    if known != before:
        create_data_key(request.pk)
        request.contact = {**contact, "addresses": sorted(known)}
        request.save(update_fields=["contact"])
