"""Those responsible hear before a credential is due, once at each step (ACC-3)."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from compliance import clocks
from compliance.clocks import Deadline
from compliance.credentials.reminding import keep_clocks
from marketplaces.models import AppSecret, Connection
from marketplaces.simulator.server import Simulator
from plugseller.accounts import services
from plugseller.accounts.models import ApiToken
from plugseller.accounts.roles import Permission
from tests.conftest import Cast
from tests.marketplaces.conftest import connect_account
from tests.plugseller.accounts.granting import mails

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def now() -> datetime:
    return timezone.now()


def live_through(first: datetime, last: datetime) -> list[datetime]:
    """Let time pass, each fourth hour of the timetable being enough to tell the days;
    the instants at which mails were written."""
    wrote, at = [], first
    while at <= last:
        before = len(mails())
        keep_clocks(at)
        clocks.run_due(at)
        if len(mails()) > before:
            wrote.append(at)
        at += timedelta(hours=4)
    return wrote


def told(subject: str) -> list[str]:
    return [mail["to"] for mail in mails() if subject in mail["subject"]]


def clock_of(subject: UUID) -> Deadline:
    return Deadline.objects.get(duty="credential", subject_id=subject, ended_at=None)


def key(cast: Cast, now: datetime, *, days: int) -> ApiToken:
    made, _ = services.make_token(
        actor=cast.alice,
        seller=cast.north,
        kind=ApiToken.Kind.PERSONAL,
        label="script",
        permissions=[Permission.VIEW_ORDERS],
        days=days,
        now=now,
    )
    return made


def test_owners_hear_four_times_of_their_authorisation_and_then_that_it_is_late(
    cast: Cast, simulator: Simulator, now: datetime
) -> None:
    account = connect_account(cast.north, simulator, "north-amazon-na")
    due = now + 40 * DAY
    Connection.unfenced.filter(pk=account.pk).update(reconnect_by=due)
    wrote = live_through(now, due - timedelta(hours=1))
    assert [(due - at).days for at in wrote] == [30, 14, 7, 1]
    assert told("Authorisation at Amazon of north is due") == ["alice@example.test"] * 4
    assert live_through(due, due + timedelta(hours=3)) == [due]
    late = told("Authorisation at Amazon of north was due")
    assert late == ["alice@example.test", "carl@example.test"]
    assert [one.subject_id for one in clocks.overdue(due)] == [account.pk]
    text = mails()[0]["text"]
    assert f"/s/north/connections/{account.pk}" in text


def test_a_renewed_one_is_quiet_until_its_next_time(
    cast: Cast, simulator: Simulator, now: datetime
) -> None:
    account = connect_account(cast.north, simulator, "north-amazon-na")
    rows = Connection.unfenced.filter(pk=account.pk)
    rows.update(reconnect_by=now + 20 * DAY)
    keep_clocks(now)
    first = clock_of(account.pk)
    rows.update(reconnect_by=now + 365 * DAY)
    clocks.run_due(now)  # before the inventory was looked at again
    assert mails() == []
    assert live_through(now, now + 3 * DAY) == []
    first.refresh_from_db()
    assert first.met_at == now
    keep_clocks(now + 340 * DAY)
    assert clock_of(account.pk).due_at == now + 365 * DAY


def test_officers_hear_of_our_own_secret(
    cast: Cast, simulator: Simulator, now: datetime
) -> None:
    AppSecret.objects.create(
        marketplace="amazon",
        client_id=simulator.environment["AMAZON_CLIENT_ID"],
        fingerprint="x:y",
        origin="hand",
        valid_from=now - 173 * DAY,
        valid_until=now + 7 * DAY,
    )
    assert len(live_through(now, now + 6 * DAY)) == 2
    assert told("Client secret of our app at Amazon is due") == [
        "carl@example.test",
        "carl@example.test",
    ]
    assert "manage.py rotate_app_secret amazon" in mails()[0]["text"]


def test_an_api_keys_owner_hears_at_the_steps_that_lie_within_its_life(
    cast: Cast, now: datetime
) -> None:
    token = key(cast, now, days=14)
    assert token.expiry is not None
    made = len(mails())
    wrote = live_through(now, token.expiry + 2 * DAY)
    assert [(token.expiry - at).days for at in wrote] == [7, 1]
    assert [mail["to"] for mail in mails()[made:]] == ["alice@example.test"] * 2
    assert not clocks.running().filter(duty="credential").exists()
    assert not Deadline.objects.exclude(escalated_at=None).exists()  # it just ended


@pytest.mark.parametrize("how", ["revoked", "renewed", "left"])
def test_a_key_that_ended_otherwise_is_not_reminded_of(
    cast: Cast, now: datetime, how: str
) -> None:
    token = key(cast, now, days=60)
    keep_clocks(now + 31 * DAY)
    assert clock_of(token.pk)
    if how == "revoked":
        services.revoke_token(actor=cast.alice, token=token, now=now)
    elif how == "renewed":
        services.rotate_token(actor=cast.alice, token=token, now=now + 31 * DAY)
    else:
        type(cast.alice).objects.filter(pk=cast.alice.pk).update(is_active=False)
    before = len(mails())
    live_through(now + 31 * DAY, now + 31 * DAY + timedelta(hours=5))
    assert mails()[before:] == []
    ended = Deadline.objects.get(subject_id=token.pk)
    assert ended.ended_at is not None


def test_two_workers_remind_once(cast: Cast, simulator: Simulator, now: Any) -> None:
    account = connect_account(cast.north, simulator, "north-amazon-na")
    Connection.unfenced.filter(pk=account.pk).update(
        connected_at=now - 355 * DAY, reconnect_by=now + 10 * DAY
    )
    for _ in range(2):
        keep_clocks(now)
        clocks.run_due(now)
    assert told("Authorisation at Amazon") == ["alice@example.test"]
