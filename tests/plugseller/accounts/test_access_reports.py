"""ACC-1: owners are told each month who looked, also when nobody did."""

from datetime import UTC, datetime, timedelta

import pytest

from plugseller.accounts.models import AccessReport, Seller, User
from plugseller.accounts.roles import Role
from plugseller.accounts.services import join, report_access
from plugseller.accounts.services.access_reports import month_before, report_month
from plugseller.audit.append import append, plain
from plugseller.audit.models import Entry
from plugseller.shelves import PERIODICALS
from tests.conftest import Cast, person
from tests.plugseller.accounts.granting import ask, give, mailed, mails

DECEMBER = datetime(2026, 12, 1, 0, 30, tzinfo=UTC)
IN_NOVEMBER = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture
def old(cast: Cast) -> Cast:
    """The cast, whose sellers have been there since summer."""
    Seller.objects.update(created_at=datetime(2026, 7, 1, tzinfo=UTC))
    return cast


def read(
    who: User, grant_id: object, seller: Seller, *, rows: int, at: datetime
) -> None:
    """What a page opened at that time would have left in the log."""
    content = plain(
        timestamp=at,
        event="read.orders.export",
        action=Entry.Action.ACCESS,
        actor_id=who.pk,
        actor_kind="person",
        role=who.staff_role,
        grant_id=grant_id,  # type: ignore[arg-type]
        seller_id=seller.pk,
        rows=rows,
    )
    append([content], using="default")


def test_an_empty_month_is_told_too(old: Cast) -> None:
    ada = person("ada")
    join(actor=None, seller=old.north, user=ada, role=Role.OWNER)
    assert report_access(DECEMBER) == 2
    owners = {old.alice.email, ada.email, old.charlie.email}
    assert mailed("in November 2026: nobody") == owners  # and not Bob
    assert "nobody of our staff had access" in mails()[0]["text"]
    entries = Entry.objects.filter(event="access_report.posted")
    assert {entry.seller_id for entry in entries} == {old.north.pk, old.south.pk}


def test_each_month_is_told_once(old: Cast) -> None:
    report_access(DECEMBER)
    before = len(mails())
    assert report_access(DECEMBER + timedelta(hours=1)) == 0
    assert report_access(DECEMBER + timedelta(days=30)) == 0
    assert len(mails()) == before
    assert report_access(DECEMBER + timedelta(days=31)) == 2
    assert AccessReport.objects.filter(seller=old.north).count() == 2


def test_two_workers_tell_a_month_once(old: Cast) -> None:
    """The second one looked for work before the first one had done it."""
    november = month_before(DECEMBER, "UTC")
    assert report_month(old.north, november, now=DECEMBER)
    assert not report_month(old.north, november, now=DECEMBER)
    assert len(mails()) == 1


def test_a_month_with_grants_is_told_by_role_with_reason_and_counts(old: Cast) -> None:
    grant = give(old.olga, old.north, by=old.carl, now=IN_NOVEMBER)
    read(old.olga, grant.pk, old.north, rows=40, at=IN_NOVEMBER)
    read(old.olga, grant.pk, old.north, rows=2, at=IN_NOVEMBER)
    read(old.olga, grant.pk, old.north, rows=500, at=DECEMBER)  # the next month's
    asked_only = ask(old.carl, old.north, now=IN_NOVEMBER, reason="Never approved.")
    report_access(DECEMBER)
    [text] = [m["text"] for m in mails() if m["to"] == old.alice.email]
    for part in (
        "Support, 24 Nov 2026, 12:00 until 24 Nov 2026, 14:00: over",
        "Why: The order list is empty.",
        "Ticket: T-5512",
        "exported orders to a file: 2 times, 42 rows",
        "Compliance officer, 24 Nov 2026, 12:00: nobody decided in time",
        "/s/north/staff-access",
    ):
        assert part in text
    assert mailed("in November 2026: once") == {old.alice.email}
    assert old.olga.email not in text
    assert "Olga" not in text
    kept = AccessReport.objects.get(seller=old.north)
    assert (kept.text, kept.grants, kept.told) == (text, 2, 1)
    assert asked_only.starts_at is None
    [other] = [m["text"] for m in mails() if m["to"] == old.charlie.email]
    assert "nobody of our staff" in other  # South hears nothing of North


def test_a_month_ends_where_the_seller_is(old: Cast) -> None:
    Seller.objects.filter(pk=old.north.pk).update(time_zone="Pacific/Auckland")
    Seller.objects.filter(pk=old.south.pk).update(time_zone="America/Los_Angeles")
    report_access(DECEMBER)
    months = dict(AccessReport.objects.values_list("seller__slug", "month"))
    assert {slug: month.month for slug, month in months.items()} == {
        "north": 11,
        "south": 10,
    }
    auckland = month_before(DECEMBER, "Pacific/Auckland")
    assert auckland.begins.astimezone(UTC) == datetime(2026, 10, 31, 11, tzinfo=UTC)


def test_a_seller_that_came_later_isnt_told_of_a_month_before(old: Cast) -> None:
    Seller.objects.filter(pk=old.south.pk).update(created_at=DECEMBER)
    assert report_access(DECEMBER) == 1


def test_both_jobs_are_on_the_timetable() -> None:
    assert {"grants.chase_reviews", "grants.report_access"} <= set(PERIODICALS)
