"""What officers may, together and alone: no wrong person's data goes (row 44)."""

from datetime import datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from compliance import clocks
from compliance.deletion.models import DeletionRequest, LegalHold
from compliance.deletion.services import (
    DeletionRefused,
    answer_nothing_held,
    approve_hold,
    ask_hold,
    begin,
    confirm_requester,
    end_holds,
    held,
    release_hold,
    verify_requester,
)
from plugseller.accounts.models import Seller, User
from plugseller.audit.models import Entry
from tests.compliance.deletion.asked import (
    DAY,
    by_letter,
    by_owner,
    mails_to,
    subjects_to,
)
from tests.conftest import Cast, person, signed_in
from tests.marketplaces.console import rows

pytestmark = pytest.mark.django_db
Status = DeletionRequest.Status
WRITER = "writer@example.test"


@pytest.fixture
def clara(cast: Cast) -> User:
    return person("clara", staff_role="officer")


def fresh(request: DeletionRequest) -> DeletionRequest:
    return DeletionRequest.objects.get(pk=request.pk)


def holding(
    request: DeletionRequest, by: User, now: datetime, *names: str
) -> LegalHold:
    return ask_hold(
        actor=by,
        request=request,
        holdings=names,
        reason="A court asks for it",
        legal_basis="Art. 17(3)(e) GDPR",
        ends_at=now + 20 * DAY,
        now=now,
    )


def test_one_officer_alone_deletes_no_seller(
    cast: Cast, clara: User, now: datetime
) -> None:
    letter = by_letter(cast.carl, seller=cast.north, now=now)
    verify_requester(actor=cast.carl, request=letter, identity="Phone", now=now)
    for _ in range(2):
        with pytest.raises(DeletionRefused, match="Another officer"):
            confirm_requester(actor=cast.carl, request=letter, now=now)
    assert not begin(letter, now=now + 29 * DAY)
    assert Seller.objects.get(pk=cast.north.pk).frozen_at is None
    assert "waits for a second officer" in subjects_to(clara.email)[-1]
    confirm_requester(actor=clara, request=letter, now=now)
    assert fresh(letter).status == Status.SCHEDULED
    assert "Verified" in subjects_to(WRITER)[-1]
    assert "will be deleted" in subjects_to(cast.alice.email)[-1]


def test_neither_the_recorder_nor_the_verifier_confirms(
    cast: Cast, clara: User, now: datetime
) -> None:
    letter = by_letter(cast.carl, seller=cast.north, now=now)
    verify_requester(actor=clara, request=letter, identity="Phone", now=now)
    for officer in (cast.carl, clara):
        with pytest.raises(DeletionRefused):
            confirm_requester(actor=officer, request=letter, now=now)


def test_who_asked_decides_about_nothing(
    cast: Cast, clara: User, now: datetime
) -> None:
    own = by_letter(cast.carl, email=clara.email, now=now)
    with pytest.raises(DeletionRefused, match="your own"):
        verify_requester(actor=clara, request=own, identity="Me", now=now)


@pytest.mark.parametrize("who", ["alice", "olga"])
def test_nobody_but_an_officer_verifies(cast: Cast, now: datetime, who: str) -> None:
    letter = by_letter(cast.carl, seller=cast.north, now=now)
    with pytest.raises(PermissionDenied):
        verify_requester(
            actor=getattr(cast, who), request=letter, identity="x", now=now
        )
    with pytest.raises(PermissionDenied):
        by_letter(getattr(cast, who), seller=cast.north, now=now)


def test_a_letter_about_a_connection_takes_two_as_well(
    cast: Cast, now: datetime
) -> None:
    account = rows.connect(cast.north)
    letter = by_letter(cast.carl, seller=cast.north, connection=account, now=now)
    verify_requester(actor=cast.carl, request=letter, identity="Phone", now=now)
    assert fresh(letter).status == Status.VERIFIED


def test_nothing_held_is_refused_when_something_is(cast: Cast, now: datetime) -> None:
    rows.connect(cast.north)
    letter = by_letter(cast.carl, seller=cast.north, now=now)
    with pytest.raises(DeletionRefused, match="Something is held"):
        answer_nothing_held(actor=cast.carl, request=letter, now=now)


def test_a_hold_of_two_stops_it_and_says_why_and_until_when(
    cast: Cast, clara: User, now: datetime
) -> None:
    request = by_owner(cast.alice, cast.north, now=now)
    hold = holding(request, cast.carl, now)
    assert not held(request, now).everything
    with pytest.raises(DeletionRefused, match="Another officer"):
        approve_hold(actor=cast.carl, hold=hold, now=now)
    approve_hold(actor=clara, hold=hold, now=now)
    assert fresh(request).status == Status.ON_HOLD
    assert fresh(request).due_at == now + 30 * DAY
    [clock] = clocks.running()
    assert clock.due_at == now + 30 * DAY  # shown, and not stopped
    mail = mails_to(cast.alice.email)[-1]
    assert "Art. 17(3)(e) GDPR" in mail["text"]
    assert "2026-12-14 12:00 UTC" in mail["text"]
    assert not begin(request, now=now + 3 * DAY)
    for event in ("deletion.hold_asked", "deletion.hold_approved"):
        assert Entry.objects.filter(event=event).exists()


def test_a_released_hold_lets_it_go_on(cast: Cast, clara: User, now: datetime) -> None:
    request = by_owner(cast.alice, cast.north, now=now)
    hold = approve_hold(actor=clara, hold=holding(request, cast.carl, now), now=now)
    release_hold(actor=cast.carl, hold=hold, now=now + 5 * DAY)
    assert fresh(request).status == Status.SCHEDULED
    assert begin(request, now=now + 5 * DAY)
    assert Entry.objects.filter(event="deletion.hold_over").exists()


def test_a_hold_that_is_over_ends_by_itself(
    cast: Cast, clara: User, now: datetime
) -> None:
    request = by_owner(cast.alice, cast.north, now=now)
    approve_hold(actor=clara, hold=holding(request, cast.carl, now), now=now)
    assert end_holds(now + 19 * DAY) == 0
    assert end_holds(now + 20 * DAY) == 1
    assert fresh(request).status == Status.SCHEDULED


def test_a_hold_on_a_part_leaves_the_rest_to_go(
    cast: Cast, clara: User, now: datetime
) -> None:
    request = by_owner(cast.alice, cast.north, now=now)
    hold = holding(request, cast.carl, now, "marketplaces.Order")
    approve_hold(actor=clara, hold=hold, now=now)
    assert fresh(request).status == Status.SCHEDULED
    assert held(request, now).keeps("marketplaces.Order")
    assert not held(request, now).keeps("marketplaces.Listing")
    assert begin(request, now=now + 3 * DAY)


def test_a_hold_is_on_the_data_whichever_request_it_was_placed_on(
    cast: Cast, clara: User, now: datetime
) -> None:
    account = rows.connect(cast.north)
    part = by_owner(cast.alice, cast.north, connection=account, now=now)
    approve_hold(actor=clara, hold=holding(part, cast.carl, now), now=now)
    whole = by_owner(cast.alice, cast.north, now=now, grace=0 * DAY)
    assert not begin(whole, now=now)
    assert fresh(whole).status == Status.ON_HOLD


def test_a_hold_is_told_on_every_request_it_holds_and_spares_another_account(
    cast: Cast, clara: User, now: datetime
) -> None:
    now = timezone.now()
    account = rows.connect(cast.north)
    other = rows.connect(cast.north, marketplace="walmart", account="W1")
    part = by_owner(cast.alice, cast.north, connection=account, now=now)
    whole = by_owner(cast.alice, cast.north, now=now, grace=4 * DAY)
    beside = by_owner(cast.alice, cast.north, connection=other, now=now)
    approve_hold(actor=clara, hold=holding(part, cast.carl, now), now=now)
    assert not held(beside, now).everything
    owner, officer = signed_in(cast.alice), signed_in(clara)
    for request, told in ((part, True), (whole, True), (beside, False)):
        page = owner.get(f"/s/north/privacy/requests/{request.reference}")
        assert ("On hold by law" in page.content.decode()) is told
        desk = officer.get(f"/admin/compliance/deletionrequest/{request.pk}/change/")
        assert ("Art. 17(3)(e) GDPR" in desk.content.decode()) is told


def test_a_hold_has_an_end_within_90_days_and_names_real_places(
    cast: Cast, now: datetime
) -> None:
    request = by_owner(cast.alice, cast.north, now=now)
    for wrong in (
        {"ends_at": now + 91 * DAY},
        {"ends_at": now},
        {"holdings": ["orders"]},
        {"reason": " "},
        {"legal_basis": "x" * 201},
    ):
        given = {
            "holdings": [],
            "reason": "Court",
            "legal_basis": "Law",
            "ends_at": now + DAY,
        }
        with pytest.raises(DeletionRefused):
            ask_hold(actor=cast.carl, request=request, now=now, **(given | wrong))  # type: ignore[arg-type]  # mixed on purpose
    assert not LegalHold.objects.exists()


def test_holds_are_not_for_others(cast: Cast, now: datetime) -> None:
    request = by_owner(cast.alice, cast.north, now=now)
    with pytest.raises(PermissionDenied):
        holding(request, cast.olga, now)
    hold = holding(request, cast.carl, now)
    for service in (approve_hold, release_hold):
        with pytest.raises(PermissionDenied):
            service(actor=cast.alice, hold=hold, now=now + timedelta(hours=1))
