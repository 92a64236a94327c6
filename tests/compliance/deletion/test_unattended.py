"""With every officer on holiday a request is done by day 29, or stands with a reason.

What one officer verified of a whole seller begins by itself; its owners are warned
again and again before, and their word is enough to have it decided by people.
"""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.utils import timezone

from compliance import clocks
from compliance.deletion.execution import process_due
from compliance.deletion.models import DeletionRequest
from compliance.deletion.services import (
    DeletionRefused,
    approve_hold,
    ask_hold,
    confirm_requester,
    go_on_unattended,
    object_to,
    reject,
    verify_requester,
    withdraw,
)
from plugseller.accounts.models import Seller
from plugseller.audit.models import Entry
from tests.compliance.deletion.asked import (
    DAY,
    by_letter,
    by_owner,
    mails_to,
    subjects_to,
)
from tests.conftest import Cast, person, signed_in

pytestmark = pytest.mark.django_db
Source, Status = DeletionRequest.Source, DeletionRequest.Status


def notice(cast: Cast, now: datetime, **more: Any) -> DeletionRequest:
    """One officer records what a marketplace demands of a whole seller."""
    return by_letter(
        cast.carl,
        seller=cast.north,
        source=Source.MARKETPLACE,
        verified=True,
        now=now,
        **more,
    )


def holiday(start: datetime, *, since: float = 0, until: float) -> None:
    """The timetable runs every six hours, and nobody does anything."""
    for step in range(int(since * 4), int(until * 4) + 1):
        at = start + step * DAY / 4
        clocks.run_due(at)
        go_on_unattended(at)
        process_due(at)


def fresh(request: DeletionRequest) -> DeletionRequest:
    return DeletionRequest.objects.get(pk=request.pk)


def warned(cast: Cast) -> int:
    return sum("unless you act" in one for one in subjects_to(cast.alice.email))


def test_a_marketplaces_notice_about_a_seller_is_done_by_day_29(
    cast: Cast, now: datetime
) -> None:
    person("away", staff_role="officer")
    request = notice(cast, now)
    assert warned(cast) == 1
    holiday(now, until=28.75)
    assert fresh(request).status == Status.VERIFIED
    assert warned(cast) == 1 + 3  # at once, then 10, 5 and 2 days before it is due
    said = [one for one in subjects_to(cast.carl.email) if "second officer" in one]
    assert len(said) == 1
    holiday(now, since=29, until=29)
    assert fresh(request).status == Status.COMPLETED
    assert fresh(request).ended_at < now + 29 * DAY + DAY / 24  # type: ignore[operator]  # it ended
    assert not Seller.objects.filter(pk=cast.north.pk).exists()
    assert not clocks.running()


def test_a_letter_that_one_officer_verified_is_done_too_unless_an_owner_objects(
    cast: Cast, now: datetime
) -> None:
    """An owner takes it back, as any letter about the seller."""
    letter = by_letter(cast.carl, seller=cast.north, now=now)
    verify_requester(actor=cast.carl, request=letter, identity="Phone", now=now)
    assert fresh(letter).starts_at == now + 29 * DAY
    assert "take it back" in mails_to(cast.alice.email)[-1]["text"]
    with pytest.raises(DeletionRefused):
        object_to(actor=cast.alice, request=letter, now=now)
    holiday(now, until=3)
    withdraw(actor=cast.alice, request=letter, now=now + 3 * DAY)
    holiday(now, since=28, until=30)
    assert Seller.objects.get(pk=cast.north.pk).frozen_at is None


def test_an_owner_who_objects_leaves_it_to_officers(cast: Cast, now: datetime) -> None:
    clara = person("clara", staff_role="officer")
    request = notice(cast, now)
    for stranger in (cast.bob, cast.charlie, cast.carl):
        with pytest.raises(PermissionDenied):
            object_to(actor=stranger, request=request, now=now)
    object_to(actor=cast.alice, request=request, now=now)
    assert "objects to" in subjects_to(clara.email)[-1]
    assert Entry.objects.filter(event="deletion.objected").count() == 1
    holiday(now, since=19, until=31)
    assert fresh(request).status == Status.VERIFIED
    assert warned(cast) == 1  # before the objection
    assert subjects_to(clara.email)[-1].startswith("OVERDUE")
    confirm_requester(actor=clara, request=request, now=now + 31 * DAY)
    assert fresh(request).status == Status.SCHEDULED


def test_the_owners_hear_that_an_officer_rejected_it(cast: Cast, now: datetime) -> None:
    request = notice(cast, now)
    object_to(actor=cast.alice, request=request, now=now)
    reject(actor=cast.carl, request=request, reason="Another seller", now=now)
    assert "was rejected" in subjects_to(cast.alice.email)[-1]


@pytest.mark.parametrize("approved", [True, False])
def test_a_hold_of_two_keeps_it_and_one_alone_doesnt(
    cast: Cast, now: datetime, approved: bool
) -> None:
    clara = person("clara", staff_role="officer")
    request = notice(cast, now)
    hold = ask_hold(
        actor=cast.carl,
        request=request,
        reason="Court",
        legal_basis="Art. 17(3)(e) GDPR",
        ends_at=now + 60 * DAY,
        now=now,
    )
    if approved:
        approve_hold(actor=clara, hold=hold, now=now)
    holiday(now, since=29, until=30)
    there = Seller.objects.filter(pk=cast.north.pk).exists()
    assert (fresh(request).status == Status.ON_HOLD) is approved
    assert there is approved


@pytest.mark.parametrize("days", [28, 40])
def test_one_officer_cannot_shorten_the_owners_week_by_an_older_date(
    cast: Cast, now: datetime, days: int
) -> None:
    """A notice that is said to have come long ago is due, and red, but begins no
    earlier than a week after the owners were told."""
    request = notice(cast, now, received_at=now - days * DAY)
    holiday(now, until=6.75)
    assert fresh(request).status == Status.VERIFIED
    assert Seller.objects.filter(pk=cast.north.pk).exists()
    holiday(now, since=7, until=7)
    assert fresh(request).status == Status.COMPLETED


def test_an_older_date_of_another_request_counts_for_it(
    cast: Cast, now: datetime
) -> None:
    request = notice(cast, now)
    by_letter(cast.carl, seller=cast.north, now=now, received_at=now - 10 * DAY)
    assert fresh(request).due_at == now + 20 * DAY
    holiday(now, since=18.75, until=19)
    assert fresh(request).status == Status.COMPLETED


def test_an_owners_own_request_beside_it_leads(cast: Cast, now: datetime) -> None:
    request = notice(cast, now)
    own = by_owner(cast.alice, cast.north, now=now + DAY)
    assert fresh(request).joined_to == own
    holiday(now, since=1, until=3.25)
    assert fresh(request).status == fresh(own).status == Status.COMPLETED


def test_the_page_tells_when_it_begins_and_takes_the_objection(
    cast: Cast, now: datetime
) -> None:
    request = notice(cast, timezone.now())
    owner, path = (
        signed_in(cast.alice),
        f"/s/north/privacy/requests/{request.reference}",
    )
    page = owner.get(path).content.decode()
    assert "Will begin by itself" in page
    assert f"{path}/object" in page
    told = owner.post(f"{path}/object", follow=True).content.decode()
    assert "An owner objected" in told
    assert f"{path}/object" not in told
    again = owner.post(f"{path}/object", follow=True).content.decode()
    assert "wait for anybody" in again


def test_a_letter_recorded_late_is_asked_first_and_answered_days_later(
    cast: Cast, capsys: Any
) -> None:
    """No worker anywhere: `manage.py tick` each minute is enough."""
    ago = datetime.now(UTC) - 29.5 * DAY
    letter = by_letter(cast.carl, seller=cast.north, now=ago)
    with suppress(SystemExit):  # other pieces look at files that outlive a test
        call_command("tick")
    ran = capsys.readouterr().out
    assert "deadlines.run" in ran
    assert "deletion.unattended" in ran
    assert fresh(letter).status == Status.RECEIVED
    assert "Please prove" in subjects_to("writer@example.test")[-1]
    go_on_unattended(datetime.now(UTC) + 2.9 * DAY)
    assert fresh(letter).status == Status.RECEIVED
    go_on_unattended(datetime.now(UTC) + 3 * DAY)
    assert fresh(letter).status == Status.REJECTED
