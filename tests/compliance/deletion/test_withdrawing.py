"""A request is taken back until it begins: who may, who hears, what comes back."""

from datetime import datetime

import pytest
from django.core.exceptions import PermissionDenied

from compliance.deletion.models import DeletionRequest
from compliance.deletion.services import (
    DeletionRefused,
    begin,
    begin_at_once,
    withdraw,
)
from plugseller.accounts.models import Seller
from plugseller.accounts.roles import Role
from plugseller.accounts.services import join
from plugseller.audit.models import Entry
from tests.compliance.deletion.asked import (
    DAY,
    GRACE,
    by_letter,
    by_owner,
    mails_to,
    subjects_to,
)
from tests.conftest import Cast, person
from tests.marketplaces.console import rows

pytestmark = pytest.mark.django_db
Source, Status = DeletionRequest.Source, DeletionRequest.Status


def test_another_owner_may_and_both_are_told(cast: Cast, now: datetime) -> None:
    dora = person("dora")
    join(actor=None, seller=cast.north, user=dora, role=Role.OWNER)
    request = by_owner(cast.alice, cast.north, now=now)
    assert "will be deleted" in subjects_to(dora.email)[-1]
    withdraw(actor=dora, request=request, now=now + DAY)
    assert "Withdrawn" in subjects_to(cast.alice.email)[-1]
    assert dora.email in mails_to(cast.alice.email)[-1]["text"]
    assert "was withdrawn" in subjects_to(dora.email)[-1]
    assert Entry.objects.filter(event="deletion.withdrawn", actor=dora).exists()


@pytest.mark.parametrize("who", ["bob", "charlie", "olga", "carl"])
def test_nobody_else_may(cast: Cast, now: datetime, who: str) -> None:
    request = by_owner(cast.alice, cast.north, now=now)
    for service in (withdraw, begin_at_once):
        with pytest.raises(PermissionDenied):
            service(actor=getattr(cast, who), request=request, now=now)
    assert DeletionRequest.objects.get().starts_at == now + GRACE


def test_an_owner_who_left_may_not(cast: Cast, now: datetime) -> None:
    """Nobody withdraws for a seller they don't belong to any more."""
    dora = person("dora")
    join(actor=None, seller=cast.north, user=dora, role=Role.OWNER)
    request = by_owner(cast.alice, cast.north, now=now)
    join(actor=None, seller=cast.north, user=dora, role=Role.VIEWER)
    with pytest.raises(PermissionDenied):
        withdraw(actor=dora, request=request, now=now)


def test_an_owner_takes_back_what_a_letter_asked(cast: Cast, now: datetime) -> None:
    request = by_letter(cast.carl, seller=cast.north, now=now)
    withdraw(actor=cast.alice, request=request, now=now)
    assert DeletionRequest.objects.get().status == Status.WITHDRAWN


def test_what_a_marketplace_demands_is_not_the_sellers_to_withdraw(
    cast: Cast, now: datetime
) -> None:
    account = rows.connect(cast.north)
    request = by_letter(
        cast.carl,
        seller=cast.north,
        connection=account,
        source=Source.MARKETPLACE,
        verified=True,
        now=now,
    )
    assert request.status == Status.SCHEDULED
    assert "can't be withdrawn" in mails_to(cast.alice.email)[-1]["text"]
    with pytest.raises(DeletionRefused, match="wasn't asked for by you"):
        withdraw(actor=cast.alice, request=request, now=now)


def test_the_grace_ends_early_only_on_the_owners_word(
    cast: Cast, now: datetime
) -> None:
    request = by_owner(cast.alice, cast.north, now=now)
    assert not begin(request, now=now + DAY)
    begin_at_once(actor=cast.alice, request=request, now=now + DAY)
    assert begin(request, now=now + DAY)
    with pytest.raises(DeletionRefused, match="it began"):
        withdraw(actor=cast.alice, request=request, now=now + DAY)


def test_no_grace_when_none_is_asked_for(cast: Cast, now: datetime) -> None:
    request = by_owner(cast.alice, cast.north, now=now, grace=0 * DAY)
    assert request.starts_at == now
    assert begin(request, now=now)


def test_what_begins_fixes_whom_it_is_about_and_ends_credentials(
    cast: Cast, now: datetime
) -> None:
    account = rows.connect(cast.north, credentials={"refresh_token": "canary"})
    join(actor=None, seller=cast.south, user=cast.bob, role=Role.VIEWER)
    request = by_owner(cast.alice, cast.north, now=now, grace=0 * DAY)
    begin(request, now=now)
    request.refresh_from_db()
    assert request.people == [str(cast.alice.pk)]  # Bob works for South as well
    assert request.connections == [str(account.pk)]
    account.refresh_from_db()
    assert account.credentials is None
    event = "connection.credentials_ended"
    assert Entry.objects.filter(event=event, seller_id=cast.north.pk).exists()
    assert Entry.objects.filter(event="deletion.begun").exists()
    step = request.steps.get(what="begun")
    assert "no operation" in step.details["revoked_at_marketplace"]


def test_who_asked_keeps_the_account_when_chosen(cast: Cast, now: datetime) -> None:
    request = by_owner(
        cast.alice, cast.north, now=now, grace=0 * DAY, keeps_requester=True
    )
    begin(request, now=now)
    request.refresh_from_db()
    assert request.people == [str(cast.bob.pk)]


def test_two_requests_freeze_until_the_last_is_withdrawn(
    cast: Cast, now: datetime
) -> None:
    dora = person("dora")
    join(actor=None, seller=cast.north, user=dora, role=Role.OWNER)
    first = by_owner(cast.alice, cast.north, now=now)
    second = by_owner(dora, cast.north, now=now)
    withdraw(actor=cast.alice, request=first, now=now)
    assert Seller.objects.get(pk=cast.north.pk).frozen_at is not None
    withdraw(actor=cast.alice, request=second, now=now)
    assert Seller.objects.get(pk=cast.north.pk).frozen_at is None
