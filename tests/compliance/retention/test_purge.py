"""What was kept long enough goes, and a look at every table finds nothing left."""

from datetime import datetime, timedelta
from threading import Thread
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import IntegrityError, connection
from django.utils import timezone

from compliance.models import Purge, ShorterTime
from compliance.retention import services
from compliance.retention.services import (
    Occupied,
    PurgeFailed,
    nothing_overdue,
    overdue,
    purge,
    purge_daily,
    purge_hourly,
)
from marketplaces import models as m
from plugseller import shelves
from plugseller.accounts.models import Seller, User
from plugseller.accounts.roles import Role
from plugseller.accounts.services import join
from plugseller.audit import triggers
from plugseller.audit.models import Entry
from plugseller.crypto.models import DataKey
from plugseller.crypto.services import create_data_key
from plugseller.custody.erasers import Kept
from plugseller.custody.rules import RULES
from plugseller.jobs import leases
from plugseller.jobs.models import Beat, OutgoingMail, Run
from plugseller.jobs.running import OutOfTime
from plugseller.shelves import HOLDINGS
from tests.compliance.governance.governed import all_over
from tests.compliance.inhabited import NOW, Lived, digests, lived_in
from tests.conftest import Cast, person

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
NO_MORE: dict[str, Any] = {"dry_run": False, "kept_at_most": None}
# Another server's, or filled by their own tests.
EMPTY = (
    {"queue in Redis", "mail files", "exports", "audit.Entry"}
    | {
        "compliance.DayOfReads",
    }
    | {f"marketplaces.{name}" for name in ("AppSecret", "DataExport", "SecretRotation")}
)
# Of nobody here; and what goes only once something else went.
LATER_OR_NEVER = {
    "accounts.unverified",
    "marketplaces.PriceChange",
    "marketplaces.StockChange",
}
KEPT = RULES["orders"].keep or DAY


@pytest.fixture
def lived(cast: Cast) -> Lived:
    return lived_in("west", staff=cast.olga)


def orders(lived: Lived) -> Any:
    return m.Order.objects.of_seller(lived.seller)


def aged(lived: Lived, model: Any, **values: Any) -> Any:
    """One more row of the first connection, like the one that is there."""
    row = model.objects.of_seller(lived.seller).filter(connection=lived.connections[0])[
        0
    ]
    row.pk = None
    for name, value in values.items():
        setattr(row, name, value)
    row.save(force_insert=True)
    return row


@pytest.mark.django_db(transaction=True)
def test_in_five_years_nothing_is_left_that_ages(cast: Cast, lived: Lived) -> None:
    """Every table that ages had something in it; each foreign key was minded."""
    Run.objects.create(name="a", started_at=NOW, beat_at=NOW, fence=1)
    Purge.objects.create(holding="x", rule="orders", began_at=NOW, ended_at=NOW)
    m.Listing.unfenced.update(gone_at=NOW)
    m.Stock.unfenced.update(gone_at=NOW)
    User.objects.filter(pk=lived.viewer.pk).update(is_active=False, left_at=NOW)
    later = NOW + 5 * 366 * DAY
    OutgoingMail.objects.update(done_at=NOW)
    all_over(cast.carl, cast.olga, now=NOW)
    triggers.lift("default")  # they go by the database's own clock, not by `later`
    before = {one.holding for one in nothing_overdue(later)}
    # Of requests and incidents, of which nobody here has one.
    with_proofs = {
        name for name, h in HOLDINGS.items() if h.rule in ("requests", "incidents")
    }
    aging = {name for name, h in HOLDINGS.items() if RULES[h.rule].keep}
    assert aging - before <= EMPTY | with_proofs | LATER_OR_NEVER
    assert {one.trouble for one in purge(later)} == {""}
    assert nothing_overdue(later) == []
    assert not User.objects.filter(pk=lived.viewer.pk).exists()
    assert User.objects.filter(pk=lived.owner.pk).exists()
    for model in (m.Price, m.PriceChange, m.Stock, m.StockChange):
        assert not model.objects.of_seller(lived.seller).exists()
    assert m.Connection.objects.of_seller(lived.seller).count() == 2


def test_what_is_young_stays_to_the_last_byte(cast: Cast, lived: Lived) -> None:
    Run.objects.create(name="a", started_at=NOW, beat_at=NOW, fence=1)
    before = digests()
    purge(NOW)
    after = digests()
    for table in ("jobs.Lease", "audit.Entry"):
        before.pop(table), after.pop(table)
    assert after == before


def test_an_order_goes_with_its_lines_when_its_time_is_over(lived: Lived) -> None:
    old = aged(lived, m.Order, external_id="old", placed_at=NOW - KEPT - SECOND)
    line = m.OrderItem.objects.of_seller(lived.seller)[0]
    line.pk, line.order = None, old
    line.save(force_insert=True)
    young = aged(lived, m.Order, external_id="young", placed_at=NOW - KEPT)
    ShorterTime.objects.all().delete()
    gone = {one.holding: one.rows for one in purge(NOW)}
    assert gone == {"marketplaces.Order": 1, "marketplaces.OrderItem": 1}
    assert not orders(lived).filter(pk=old.pk).exists()
    assert orders(lived).filter(pk=young.pk).exists()


def test_a_seller_that_chose_a_shorter_time_keeps_it_shorter_and_no_other(
    cast: Cast, lived: Lived
) -> None:
    other = lived_in("east", staff=cast.olga)
    ShorterTime.objects.filter(seller=other.seller).delete()
    later = NOW + 30 * DAY + SECOND
    counts = {one.holding: one.rows for one in overdue(later)}
    assert counts["marketplaces.Order"] == orders(lived).count() == 6
    assert counts["marketplaces.OrderItem"] == 12
    purge(later)
    assert orders(lived).count() == 0
    assert orders(other).count() == 6
    assert nothing_overdue(later) == []


def test_rows_that_are_overdue_by_both_times_are_counted_once(lived: Lived) -> None:
    later = NOW + KEPT + DAY
    counts = {one.holding: one.rows for one in overdue(later)}
    assert counts["marketplaces.Order"] == 6


def test_the_newest_line_of_history_stays_with_what_it_is_about(lived: Lived) -> None:
    """It says since when the price holds; removed, the next sync would write it."""
    newest = aged(lived, m.PriceChange)
    account = lived.connections[0]
    lines = m.PriceChange.objects.of_seller(lived.seller).filter(connection=account)
    assert lines.count() == 2
    later = NOW + 400 * DAY
    purge(later)
    assert [line.pk for line in lines.all()] == [newest.pk]
    assert nothing_overdue(later) == []
    m.Price.objects.of_seller(lived.seller).filter(connection=account).delete()
    purge(later)
    assert not lines.exists()


def test_a_listing_takes_its_price_and_its_product_along(lived: Lived) -> None:
    account = lived.connections[0]
    own: dict[str, Any] = {"seller": lived.seller, "connection": account}
    m.Listing.unfenced.filter(**own).update(gone_at=NOW, product_id="B1")
    there = aged(lived, m.Listing, sku="S2", gone_at=None, product_id="B2")
    shared = aged(lived, m.Listing, sku="S3", gone_at=NOW, product_id="B2")
    for sku in ("S2", "S3"):
        aged(lived, m.Price, sku=sku)
    aged(lived, m.Product, external_id="B2")
    later = NOW + 400 * DAY
    purge(later)

    def left(model: Any, column: str) -> set[str]:
        return set(model.unfenced.filter(**own).values_list(column, flat=True))

    assert left(m.Listing, "sku") == {there.sku}
    assert shared.sku not in left(m.Price, "sku") == {"S2"}
    assert left(m.Product, "external_id") == {"B2"}
    assert left(m.PriceChange, "sku") == set()
    assert nothing_overdue(later) == []
    other = m.Listing.unfenced.filter(connection=lived.connections[1])
    assert other.count() == 1


def test_people_who_left_go_after_their_time_with_their_key(cast: Cast) -> None:
    kept = RULES["left_people"].keep
    assert kept is not None
    create_data_key(cast.bob.pk)
    User.objects.filter(pk=cast.bob.pk).update(is_active=False, left_at=NOW - kept)
    purge(NOW)
    assert User.objects.filter(pk=cast.bob.pk).exists()
    purge(NOW + SECOND)
    assert not User.objects.filter(pk=cast.bob.pk).exists()
    [key] = DataKey.objects.filter(owner=cast.bob.pk)
    assert (bytes(key.wrapped), key.destroyed_at is None) == (b"", False)
    assert User.objects.filter(pk=cast.alice.pk).exists()


def test_accounts_that_nobody_verified_go_after_a_week(cast: Cast) -> None:
    """Not those of our staff, of members, nor of who verified and belongs nowhere."""
    strangers = {name: person(name) for name in ("un", "member", "verified", "late")}
    EmailAddress.objects.exclude(user=strangers["verified"]).update(verified=False)
    User.objects.update(joined_at=NOW - 8 * DAY)
    User.objects.filter(pk=strangers["late"].pk).update(joined_at=NOW - 6 * DAY)
    join(actor=None, seller=cast.north, user=strangers["member"], role=Role.VIEWER)
    everybody = set(User.objects.values_list("pk", flat=True))
    purge(NOW)
    left = set(User.objects.values_list("pk", flat=True))
    assert everybody - left == {strangers["un"].pk}


def test_the_audit_log_loses_whole_months_only(cast: Cast) -> None:
    """Nothing that isn't two years old; tests/plugseller/audit/ has the rest."""
    count = Entry.objects.count()
    purge(NOW + 300 * DAY)
    assert Entry.objects.count() >= count


def test_a_dry_run_tells_and_removes_nothing(lived: Lived, capsys: Any) -> None:
    later = NOW + 31 * DAY
    told = {one.holding: one.rows for one in purge(later, dry_run=True)}
    assert told["marketplaces.Order"] == 6
    assert orders(lived).count() == 6
    assert not Purge.objects.exists()
    call_command("purge_expired", "--dry-run")
    assert "would go" in capsys.readouterr().out


def test_each_place_gets_one_entry_with_its_sum(lived: Lived) -> None:
    purge(NOW + 31 * DAY)
    told = Entry.objects.filter(event="retention.purged")
    places = [entry.additional_data["holding"] for entry in told]
    assert len(places) == len(set(places))
    rows = {entry.additional_data["holding"]: entry.rows for entry in told}
    assert rows["marketplaces.Order"] == 6
    assert rows["marketplaces.OrderItem"] == 12  # they go along
    assert {entry.additional_data["broken_off"] for entry in told} == {False}
    assert not Purge.objects.filter(ended_at=None).exists()


def test_a_run_that_is_out_of_time_says_so_and_the_next_one_goes_on(
    lived: Lived,
) -> None:
    later = NOW + 31 * DAY
    done = purge(later, within=timedelta(0))
    assert {one.trouble for one in done} == {"out of time"}
    assert orders(lived).count() == 6
    purge(later)
    assert nothing_overdue(later) == []


def test_a_job_that_is_out_of_time_goes_on_soon(lived: Lived, monkeypatch: Any) -> None:
    later = NOW + 31 * DAY
    monkeypatch.setattr(purge, "__kwdefaults__", {"within": timedelta(0)} | NO_MORE)
    with pytest.raises(OutOfTime):
        purge_daily(later)


def test_what_is_kept_for_hours_goes_hourly(lived: Lived) -> None:
    later = NOW + 31 * DAY
    assert m.ConnectAttempt.objects.exists()
    assert purge_hourly(later) > 0
    assert not m.ConnectAttempt.objects.exists()
    assert orders(lived).count() == 6


def test_what_a_killed_run_removed_is_told_by_the_next(lived: Lived) -> None:
    killed = Purge.objects.create(
        holding="marketplaces.Order", rule="orders", began_at=NOW, rows=7
    )
    purge(NOW)
    killed.refresh_from_db()
    assert killed.broken_off
    entry = Entry.objects.get(event="retention.purged")
    assert (entry.rows, entry.object_pk) == (7, str(killed.pk))


def test_two_at_once_are_one(lived: Lived) -> None:
    held = leases.take("retention", now=NOW)
    assert held
    with pytest.raises(Occupied):
        purge(NOW)
    assert purge_daily(NOW) == purge_hourly(NOW) == 0
    leases.renew(held, now=timezone.now())
    with pytest.raises(CommandError, match="Another worker"):
        call_command("purge_expired")
    assert purge(NOW, dry_run=True) == []


@pytest.mark.django_db(transaction=True)
def test_a_purge_writes_while_others_write_and_sellers_are_many(db: None) -> None:
    """A query left open over all sellers couldn't write once another one had."""
    many = (Seller(name="x", slug=f"s{n}", time_zone="UTC") for n in range(1_001))
    Seller._base_manager.bulk_create(many)
    sellers = services._kept_by_sellers("orders", KEPT)
    next(sellers)
    another = Thread(target=_write)
    another.start()
    another.join()
    Beat.objects.create(name="ours")
    assert len([*sellers]) == 1_000


def _write() -> None:
    Beat.objects.create(name="another worker's")
    connection.close()


def test_who_lost_the_lease_closes_nothing_of_who_has_it(
    lived: Lived, monkeypatch: Any
) -> None:
    """Held up for longer than a lease lives, it finds another worker's run."""
    theirs = Purge(holding="marketplaces.Order", rule="orders", began_at=NOW, rows=7)

    def lost(*args: Any, **kwargs: Any) -> None:
        theirs.save()
        raise leases.LeaseLost

    monkeypatch.setattr(services, "in_batches", lost)
    with pytest.raises(leases.LeaseLost):
        purge(NOW + 31 * DAY)
    theirs.refresh_from_db()
    assert theirs.ended_at is None
    assert not Entry.objects.filter(event="retention.purged").exists()


class Stuck(Kept):
    """A place that can't be emptied."""

    def __init__(self) -> None:
        super().__init__(lambda: 1)

    def overdue(self, before: datetime, *, of_seller: Any = None) -> int:
        return 1

    def purge(self, before: datetime, *, at_most: int, of_seller: Any = None) -> int:
        raise IntegrityError("a foreign key")


def test_a_place_that_fails_stops_no_other_and_is_told(
    lived: Lived, monkeypatch: Any
) -> None:
    stuck = shelves.Holding(
        "stuck", "Stuck", shelves.DataClass.OPERATIONAL, "mail", Stuck(), rank=0
    )
    monkeypatch.setitem(shelves._holdings, "stuck", stuck)
    later = NOW + 31 * DAY
    with pytest.raises(PurgeFailed):
        purge_daily(later)
    assert orders(lived).count() == 0
    assert [one.holding for one in nothing_overdue(later)] == ["stuck"]


@pytest.mark.skipif(
    connection.vendor != "sqlite", reason="PostgreSQL decides by the size of tables"
)
@pytest.mark.parametrize(
    ("model", "index"),
    [
        (m.Order, "order_newest_first"),
        (m.OrderItem, "order_newest_first"),
        (m.PriceChange, "price_change_age"),
        (m.StockChange, "stock_change_age"),
        (m.Listing, "listing_gone"),
        (m.Stock, "stock_gone"),
        (m.SyncRun, "run_of_seller"),
    ],
)
def test_a_batch_reads_what_is_old_and_not_the_whole_table(
    cast: Cast, model: Any, index: str
) -> None:
    store: Any = HOLDINGS[model._meta.label].store
    old = store._old(NOW, cast.north.pk).order_by().values("pk")[:10_000]
    ours = store._all().filter(pk__in=old)
    plan = ours.explain()
    assert "SCAN" not in plan.replace("SCAN SUBQUERY", ""), plan
    assert index in plan
