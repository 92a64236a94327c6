"""A lost authorisation starts the clock; a new one stops it (edge cases 12 to 14)."""

from datetime import datetime, timedelta

import pytest

from compliance import clocks
from compliance.deletion.authorisation import follow_authorisations
from compliance.deletion.models import DeletionRequest
from compliance.deletion.services import DeletionRefused, begin, reject, withdraw
from marketplaces.models import Connection
from marketplaces.services import disconnect
from tests.compliance.deletion.asked import (
    DAY,
    GRACE,
    by_owner,
    mails_to,
    subjects_to,
)
from tests.conftest import Cast
from tests.marketplaces.console import rows

pytestmark = pytest.mark.django_db
Status = DeletionRequest.Status


@pytest.fixture
def account(cast: Cast) -> Connection:
    return rows.connect(cast.north)


def revoked(account: Connection, at: datetime) -> None:
    """What the engine leaves after `invalid_grant`."""
    Connection.unfenced.filter(pk=account.pk).update(
        status=Connection.Status.REVOKED, credentials=None, ended_at=at
    )
    account.refresh_from_db()


def connected_again(account: Connection, at: datetime) -> None:
    Connection.unfenced.filter(pk=account.pk).update(
        status=Connection.Status.ACTIVE, connected_at=at, ended_at=None
    )


def the_request() -> DeletionRequest:
    return DeletionRequest.objects.get()


def test_the_clock_counts_from_the_end_and_gives_a_week(
    cast: Cast, account: Connection, now: datetime
) -> None:
    revoked(account, now)
    follow_authorisations(now + timedelta(hours=2))
    request = the_request()
    assert (request.received_at, request.due_at) == (now, now + 30 * DAY)
    assert request.starts_at == now + 7 * DAY
    assert request.status == Status.SCHEDULED
    [subject] = subjects_to(cast.alice.email)
    assert "Connect again" in subject
    assert "2026-12-01 12:00 UTC" in mails_to(cast.alice.email)[0]["text"]


def test_found_again_and_again_it_is_one_request_and_one_mail(
    cast: Cast, account: Connection, now: datetime
) -> None:
    revoked(account, now)
    for hours in range(5):
        follow_authorisations(now + timedelta(hours=hours))
    assert DeletionRequest.objects.count() == 1
    assert len(mails_to(cast.alice.email)) == 1


def test_a_disconnect_starts_it_as_well(
    cast: Cast, account: Connection, now: datetime
) -> None:
    disconnect(actor=cast.alice, connection=account, now=now)
    follow_authorisations(now)
    assert the_request().connection_id == account.pk


def test_nothing_is_asked_of_a_connection_that_works(
    account: Connection, now: datetime
) -> None:
    assert follow_authorisations(now) == 0
    assert not DeletionRequest.objects.exists()


def test_to_connect_again_calls_it_off(
    cast: Cast, account: Connection, now: datetime
) -> None:
    revoked(account, now)
    follow_authorisations(now)
    connected_again(account, now + 3 * DAY)
    follow_authorisations(now + 3 * DAY)
    assert the_request().status == Status.WITHDRAWN
    assert not clocks.running()
    assert "was withdrawn" in subjects_to(cast.alice.email)[-1]
    assert "connected again" in mails_to(cast.alice.email)[-1]["text"]


def test_to_connect_again_in_the_last_moment_is_in_time(
    account: Connection, now: datetime
) -> None:
    """Nothing looked between the new authorisation and the worker that begins."""
    revoked(account, now)
    follow_authorisations(now)
    connected_again(account, now + 7 * DAY)
    assert not begin(the_request(), now=now + 7 * DAY)
    assert the_request().status == Status.WITHDRAWN


def test_an_owner_is_told_to_connect_again_instead(
    cast: Cast, account: Connection, now: datetime
) -> None:
    revoked(account, now)
    follow_authorisations(now)
    with pytest.raises(DeletionRefused, match="connect the account again"):
        withdraw(actor=cast.alice, request=the_request(), now=now)


def test_found_late_there_is_still_notice_and_never_after_day_29(
    account: Connection, now: datetime
) -> None:
    revoked(account, now - 20 * DAY)
    follow_authorisations(now)
    assert the_request().starts_at == now + 2 * DAY
    assert the_request().due_at == now + 10 * DAY


def test_found_in_the_last_days_it_begins_by_day_29(
    account: Connection, now: datetime
) -> None:
    revoked(account, now - 28 * DAY)
    follow_authorisations(now)
    assert the_request().starts_at == now + DAY


def test_detection_and_the_owners_wish_are_one_clock(
    cast: Cast, account: Connection, now: datetime
) -> None:
    revoked(account, now)
    follow_authorisations(now)
    by_itself = the_request()
    own = by_owner(cast.alice, cast.north, connection=account, now=now + DAY)
    assert own.starts_at == now + DAY + GRACE
    assert own.due_at == now + 30 * DAY
    by_itself.refresh_from_db()
    assert by_itself.joined_to_id == own.pk
    assert [c.subject_id for c in clocks.running()] == [own.pk]
    own.refresh_from_db()
    assert own.also_from == ["authorisation"]
    withdraw(actor=cast.alice, request=own, now=now + DAY)
    by_itself.refresh_from_db()
    assert by_itself.joined_to_id is None
    assert by_itself.starts_at == now + 7 * DAY


def test_what_a_deletion_ends_itself_starts_no_second_one(
    cast: Cast, account: Connection, now: datetime
) -> None:
    request = by_owner(cast.alice, cast.north, now=now, grace=0 * DAY)
    begin(request, now=now)
    account.refresh_from_db()
    assert account.status == Connection.Status.DISCONNECTED
    follow_authorisations(now + DAY)
    assert DeletionRequest.objects.count() == 1


def test_what_an_officer_rejected_is_not_asked_again(
    cast: Cast, account: Connection, now: datetime
) -> None:
    revoked(account, now)
    follow_authorisations(now)
    reject(actor=cast.carl, request=the_request(), reason="Amazon's error", now=now)
    follow_authorisations(now + DAY)
    assert DeletionRequest.objects.count() == 1


def test_reading_goes_on_until_it_begins(
    cast: Cast, account: Connection, now: datetime
) -> None:
    revoked(account, now)
    follow_authorisations(now)
    account.refresh_from_db()
    assert account.frozen_at is None
    begin(the_request(), now=now + 7 * DAY)
    account.refresh_from_db()
    assert account.frozen_at == now + 7 * DAY
