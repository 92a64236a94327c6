"""Whole passes through the simulator's TLS: what is fetched and what stops it."""

import logging
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from marketplaces.datamap import Feature
from marketplaces.models import (
    Connection,
    FeatureSwitch,
    Listing,
    Market,
    Order,
    Sighting,
    Stock,
    SyncRun,
    SyncState,
)
from marketplaces.simulator.server import Simulator
from marketplaces.sync.engine import (
    FeatureOff,
    NotLive,
    Occupied,
    Progress,
    sync_connection,
)
from marketplaces.sync.limits import Pace
from marketplaces.sync.resting import rests
from marketplaces.sync.rounds import due_connections
from marketplaces.sync.writer import TOO_OLD
from plugseller import shelves
from plugseller.audit.models import Entry
from plugseller.jobs import leases
from plugseller.jobs.models import Lease
from plugseller.shelves import HOLDINGS
from tests.conftest import Cast
from tests.marketplaces.conftest import (
    ALL,
    Simulators,
    TestClock,
    connect_account,
)

AMAZON, WALMART = "north-amazon-na", "north-walmart"
BOTH = pytest.mark.parametrize("key", [AMAZON, WALMART])


def sync(account: Connection, clock: TestClock, **options: Any) -> dict[str, SyncRun]:
    return {
        run.feature: run for run in sync_connection(account.pk, clock=clock, **options)
    }


def rows(model: Any, account: Connection) -> Any:
    return model.objects.across_sellers(reason="test").filter(connection=account)


def asked_for(simulator: Simulator) -> list[str]:
    return [call.operation for call in simulator.calls]


@BOTH
def test_a_first_pass_fetches_everything_that_is_on(
    cast: Cast, simulator: Simulator, clock: TestClock, key: str
) -> None:
    account = connect_account(cast.north, simulator, key)
    runs = sync(account, clock)
    assert all(run.outcome == SyncRun.Outcome.DONE for run in runs.values())
    assert runs["account"].rows_new == len(simulator.account(key).markets)
    assert rows(Order, account).count() == runs["orders"].rows_new > 0
    assert rows(Listing, account).count() > 0
    assert rows(Stock, account).count() > 0
    assert not Sighting.objects.exists()
    assert not simulator.tripped
    assert account.seller == cast.north
    assert not rows(Order, account).exclude(seller=cast.north).exists()


@BOTH
def test_an_unchanged_second_pass_writes_no_row(
    cast: Cast, simulator: Simulator, clock: TestClock, key: str
) -> None:
    account = connect_account(cast.north, simulator, key)
    sync(account, clock)
    clock.pass_by(hours=1)
    for run in sync(account, clock, full=True).values():
        assert (run.rows_new, run.rows_changed, run.rows_gone) == (0, 0, 0)
        assert run.rows_unchanged > 0


def test_later_passes_ask_for_changes_only(
    cast: Cast, simulator: Simulator, clock: TestClock
) -> None:
    account = connect_account(cast.north, simulator, AMAZON)
    first = sync(account, clock)
    clock.pass_by(hours=1)
    assert sync(account, clock)["orders"].rows_unchanged == 0
    simulator.advance()
    clock.pass_by(hours=1)
    third = sync(account, clock)
    assert 0 < third["orders"].rows_new + third["orders"].rows_changed < 30
    assert third["orders"].calls == 1
    asked = [c.query for c in simulator.calls if c.operation == "amazon.searchOrders"]
    assert "createdAfter" in asked[0]
    assert "lastUpdatedAfter" in asked[-1]
    assert first["orders"].rows_new > third["orders"].rows_new


def test_after_many_steps_our_rows_are_the_marketplaces_rows(
    cast: Cast, simulator: Simulator, clock: TestClock
) -> None:
    """Passes that follow each change end where one pass over the last state ends."""
    followed = connect_account(cast.north, simulator, WALMART)
    sync(followed, clock)
    for _ in range(4):
        clock.pass_by(hours=1)
        simulator.advance()
        clock.pass_by(minutes=30)
        sync(followed, clock)
    followed_orders = facts(followed)
    rows(Order, followed).delete()
    SyncState.objects.all().delete()
    sync(followed, clock)
    assert facts(followed) == followed_orders


def facts(account: Connection) -> list[tuple[Any, ...]]:
    return list(
        rows(Order, account)
        .order_by("external_id")
        .values_list("external_id", "status", "total", "as_of", "items__quantity")
    )


def test_calls_are_the_least_there_can_be(
    cast: Cast, simulators: Simulators, clock: TestClock
) -> None:
    simulator = simulators(orders=250)
    account = connect_account(cast.north, simulator, AMAZON, features=(Feature.ORDERS,))
    run = sync(account, clock)["orders"]
    assert (run.calls, run.pages) == (3, 3)
    assert asked_for(simulator).count("amazon.searchOrders") == 3


def test_a_feature_that_is_off_makes_no_call(
    cast: Cast, simulator: Simulator, clock: TestClock
) -> None:
    """USE-3: only the data needed for the feature in use is retrieved."""
    account = connect_account(
        cast.north, simulator, AMAZON, features=(Feature.INVENTORY,)
    )
    assert set(sync(account, clock)) == {"account", "inventory"}
    assert set(asked_for(simulator)) - {"amazon.login"} == {
        "amazon.getMarketplaceParticipations",
        "amazon.getInventorySummaries",
    }
    with pytest.raises(FeatureOff):
        sync(account, clock, features=[Feature.ORDERS])


def test_only_the_named_feature_is_synced(
    cast: Cast, simulator: Simulator, clock: TestClock
) -> None:
    account = connect_account(cast.north, simulator, AMAZON)
    assert set(sync(account, clock, features=[Feature.ORDERS])) == {"account", "orders"}


def test_every_row_says_where_it_is_from(
    cast: Cast, simulator: Simulator, clock: TestClock
) -> None:
    account = connect_account(cast.north, simulator, AMAZON)
    run = sync(account, clock)["orders"]
    order = rows(Order, account).first()
    assert order.operation == "amazon.searchOrders"
    assert order.run_id == run.pk
    assert run.started_at <= order.fetched_at <= clock.now()
    assert order.as_of < order.fetched_at


def test_pending_orders_have_no_price(
    cast: Cast, simulators: Simulators, clock: TestClock
) -> None:
    account = connect_account(cast.north, simulators(orders=200), AMAZON)
    sync(account, clock)
    pending = rows(Order, account).filter(status__startswith="PENDING")
    assert pending.exists()
    assert not pending.exclude(total=None).exists()
    assert not pending.filter(items__unit_price__isnull=False).exists()


def test_buyers_data_that_arrives_is_counted_by_path_and_dropped(
    cast: Cast, simulator: Simulator, clock: TestClock
) -> None:
    account = connect_account(cast.north, simulator, AMAZON)
    run = sync(account, clock)["orders"]
    assert run.dropped["orders[].buyer"] == 30
    assert run.fields_dropped == sum(run.dropped.values())
    assert "CANARY" not in str(run.dropped)


def test_a_listing_that_left_is_marked_and_not_dropped(
    cast: Cast, simulator: Simulator, clock: TestClock
) -> None:
    account = connect_account(cast.north, simulator, WALMART)
    sync(account, clock)
    before = rows(Listing, account).count()
    while not [item for item in simulator.account(WALMART).items if item.gone]:
        clock.pass_by(hours=1)
        simulator.advance()
    run = sync(account, clock)["listings"]
    gone = {item.sku for item in simulator.account(WALMART).items if item.gone}
    marked = rows(Listing, account).exclude(gone_at=None)
    assert {listing.sku for listing in marked} == gone
    assert run.rows_gone == len(gone)
    assert rows(Listing, account).count() >= before


def test_an_answer_without_rows_marks_nothing_as_gone(
    cast: Cast, simulator: Simulator, clock: TestClock
) -> None:
    account = connect_account(cast.north, simulator, WALMART)
    sync(account, clock)
    items = simulator.account(WALMART)
    items._items = ()
    clock.pass_by(days=2)
    run = sync(account, clock)["listings"]
    assert run.rows_gone == 0
    assert not rows(Listing, account).exclude(gone_at=None).exists()


def test_a_row_that_could_not_be_read_is_not_gone(
    cast: Cast, simulators: Simulators, clock: TestClock
) -> None:
    simulator = simulators()
    account = connect_account(cast.north, simulator, WALMART)
    sync(account, clock)
    simulator.order_faults("wrongtypes:1.0:getAllItems")
    clock.pass_by(days=2)
    run = sync(account, clock)["listings"]
    assert run.rows_skipped > 0
    assert run.rows_gone == 0


@pytest.mark.parametrize("fault", ["wrongtypes", "oddvalues"])
@BOTH
def test_a_bad_row_is_skipped_and_counted_with_its_reason(
    cast: Cast, simulators: Simulators, clock: TestClock, key: str, fault: str
) -> None:
    simulator = simulators(faults=f"{fault}:1.0:rders")
    account = connect_account(cast.north, simulator, key)
    run = sync(account, clock)["orders"]
    assert run.outcome == SyncRun.Outcome.DONE
    assert run.rows_skipped == sum(run.skipped.values()) > 0
    assert run.rows_new > 0


TROUBLE = {
    "429@1:rders": 1,
    "500@1:rders": 1,
    "503@1:rders,503@2:rders": 2,
    "empty@1:rders": 1,
    "truncated@1:rders": 1,
    "reset@1:rders": 1,
    "garbage@1:rders": 1,
    "expired@1:rders": 1,
    "503@1:token": 0,
}


@pytest.mark.parametrize("faults", TROUBLE)
@BOTH
def test_passing_trouble_is_asked_away(
    cast: Cast, simulators: Simulators, clock: TestClock, key: str, faults: str
) -> None:
    quiet = simulators()
    account = connect_account(cast.north, quiet, key, features=(Feature.ORDERS,))
    wanted = sync(account, clock)["orders"]
    rows(Order, account).delete()
    SyncState.objects.all().delete()
    quiet.order_faults(faults)
    run = sync(account, clock)["orders"]
    assert run.outcome == SyncRun.Outcome.DONE
    assert run.rows_new == wanted.rows_new
    assert run.calls == wanted.calls + TROUBLE[faults]


def test_a_repeated_page_neither_loops_nor_loses_orders(
    cast: Cast, simulators: Simulators, clock: TestClock
) -> None:
    simulator = simulators(orders=450, faults="repeat@2:searchOrders")
    account = connect_account(cast.north, simulator, AMAZON, features=(Feature.ORDERS,))
    assert sync(account, clock)["orders"].outcome == SyncRun.Outcome.DONE
    assert rows(Order, account).count() == 450


def test_a_page_that_repeats_for_ever_ends_as_a_failure(
    cast: Cast, simulators: Simulators, clock: TestClock
) -> None:
    simulator = simulators(orders=900)
    account = connect_account(cast.north, simulator, AMAZON, features=(Feature.ORDERS,))

    def repeat_from_now_on(progress: Progress) -> None:
        if progress.feature == "orders" and progress.pages == 1:
            simulator.order_faults("repeat:1.0:searchOrders")

    run = sync(account, clock, progress=repeat_from_now_on)["orders"]
    assert run.outcome == SyncRun.Outcome.FAILED
    assert run.trouble == "unexpected answer"
    assert run.calls < 20


def test_retries_stop_at_their_budget(
    cast: Cast, simulators: Simulators, clock: TestClock
) -> None:
    simulator = simulators(faults="503:1.0:rders")
    account = connect_account(cast.north, simulator, AMAZON, features=(Feature.ORDERS,))
    run = sync(account, clock)["orders"]
    assert (run.outcome, run.trouble) == (SyncRun.Outcome.FAILED, "marketplace down")
    assert run.calls == Pace().tries
    assert clock.slept <= Pace().waits_in_all


def test_a_storm_of_429_ends_as_waiting_and_not_as_failure(
    cast: Cast, simulators: Simulators, clock: TestClock
) -> None:
    simulator = simulators(faults="429:1.0:rders")
    account = connect_account(cast.north, simulator, AMAZON, features=(Feature.ORDERS,))
    run = sync(account, clock)["orders"]
    assert (run.outcome, run.trouble) == (SyncRun.Outcome.WAITING, "throttled")
    assert run.goes_on_at is not None
    simulator.order_faults("")
    clock.pass_by(hours=1)
    assert sync(account, clock)["orders"].rows_new == 30


def test_a_long_back_fill_waits_for_its_limit_and_goes_on(
    cast: Cast, simulators: Simulators, clock: TestClock
) -> None:
    """20 pages at once, then one in 224 seconds: the worker doesn't sleep that long."""
    simulator = simulators(orders=2_400, limits=True)
    account = connect_account(cast.north, simulator, AMAZON, features=(Feature.ORDERS,))
    first = sync(account, clock)["orders"]
    assert first.outcome == SyncRun.Outcome.WAITING
    assert first.pages == 20
    assert clock.slept <= Pace().waits_in_all
    assert first.goes_on_at is not None
    clock.pass_by(hours=1)
    second = sync(account, clock)["orders"]
    assert (second.outcome, second.pages) == (SyncRun.Outcome.DONE, 4)
    assert rows(Order, account).count() == 2_400
    assert "429" not in {str(call.status) for call in simulator.calls}


def test_other_features_go_on_while_one_waits(
    cast: Cast, simulators: Simulators, clock: TestClock
) -> None:
    simulator = simulators(orders=2_400, limits=True)
    account = connect_account(cast.north, simulator, AMAZON)
    runs = sync(account, clock)
    assert runs["orders"].outcome == SyncRun.Outcome.WAITING
    assert runs["catalog"].outcome == SyncRun.Outcome.DONE


def test_only_invalid_grant_means_revoked(
    cast: Cast, simulators: Simulators, clock: TestClock
) -> None:
    simulator = simulators()
    account = connect_account(cast.north, simulator, AMAZON)
    sync(account, clock)
    simulator.revoke(AMAZON)
    clock.pass_by(hours=2)
    runs = sync(account, clock)
    account.refresh_from_db()
    assert list(runs) == ["account"]
    assert runs["account"].trouble == "authorisation lost"
    assert account.status == Connection.Status.REVOKED
    assert account.ended_at == clock.now()
    assert account.credentials is None
    assert "Connect again" in account.trouble
    assert Entry.objects.filter(event="connection.revoked").count() == 1
    with pytest.raises(NotLive):
        sync(account, clock)


def test_an_authorisation_revoked_in_the_middle_ends_the_pass(
    cast: Cast, simulators: Simulators, clock: TestClock
) -> None:
    simulator = simulators(faults="revoke@1:searchListingsItems")
    account = connect_account(cast.north, simulator, AMAZON)
    runs = sync(account, clock)
    account.refresh_from_db()
    assert account.status == Connection.Status.REVOKED
    assert "orders" not in runs


def test_a_wrong_secret_of_our_own_app_revokes_nobody(
    cast: Cast, simulator: Simulator, clock: TestClock, settings: Any, caplog: Any
) -> None:
    account = connect_account(cast.north, simulator, AMAZON)
    settings.MARKETPLACE_APPS["amazon"]["client_secret"] = "expired-secret"
    with caplog.at_level(logging.ERROR):
        runs = sync(account, clock)
    account.refresh_from_db()
    assert runs["account"].error_code == "invalid_client"
    assert (account.status, account.trouble) == (Connection.Status.ACTIVE, "")
    assert account.credentials is not None
    assert "our own app's keys" in caplog.text
    assert "expired-secret" not in caplog.text


def test_a_refused_operation_asks_for_attention_and_lets_others_go_on(
    cast: Cast, simulator: Simulator, clock: TestClock
) -> None:
    account = connect_account(cast.north, simulator, AMAZON)
    simulator.order_faults("expired:1.0:getPricing")
    runs = sync(account, clock)
    account.refresh_from_db()
    assert runs["pricing"].trouble == "authorisation lost"
    assert runs["pricing"].calls == 2  # once more with a fresh token
    assert runs["orders"].outcome == SyncRun.Outcome.DONE
    assert account.status == Connection.Status.ATTENTION
    simulator.order_faults("")
    sync(account, clock)
    account.refresh_from_db()
    assert (account.status, account.trouble) == (Connection.Status.ACTIVE, "")


def test_the_breaker_spares_a_marketplace_that_is_down(
    cast: Cast, simulator: Simulator, clock: TestClock
) -> None:
    account = connect_account(cast.north, simulator, AMAZON)
    sync(account, clock)
    simulator.order_faults("503:1.0")
    simulator.forget_calls()
    clock.pass_by(hours=1)
    runs = sync(account, clock)
    assert len(runs) == 3  # then no other operation is tried
    assert "orders" not in runs
    assert rests(account, now=clock.now())
    assert account not in due_connections(clock.now())
    first = last_wait(account, clock)
    sync(account, clock)  # a person may try
    assert last_wait(account, clock) == 2 * first
    clock.pass_by(hours=12)
    assert account in due_connections(clock.now())
    simulator.order_faults("")
    assert len(sync(account, clock)) == 6
    assert not rests(account, now=clock.now())


def last_wait(account: Connection, clock: TestClock) -> timedelta:
    run = rows(SyncRun, account).order_by("-id")[0]
    assert run.goes_on_at is not None
    return run.goes_on_at - clock.now()  # type: ignore[no-any-return]


def test_a_connection_whose_passes_kill_their_workers_rests(
    cast: Cast, simulator: Simulator, clock: TestClock
) -> None:
    account = connect_account(cast.north, simulator, AMAZON)
    for _ in range(3):
        SyncRun.objects.create(
            seller=cast.north,
            connection=account,
            feature="orders",
            started_at=clock.now(),
            finished_at=clock.now(),
            outcome=SyncRun.Outcome.BROKEN_OFF,
        )
    assert rests(account, now=clock.now())
    assert not rests(account, now=clock.now() + timedelta(hours=1))


def test_a_connection_is_never_worked_on_twice_at_once(
    cast: Cast, simulator: Simulator, clock: TestClock
) -> None:
    account = connect_account(cast.north, simulator, AMAZON)
    held = leases.take(f"sync:{account.pk}", now=clock.now())
    assert held is not None
    simulator.forget_calls()
    with pytest.raises(Occupied):
        sync(account, clock)
    assert simulator.calls == []
    leases.give_back(held)
    assert sync(account, clock)


def test_a_worker_that_lost_its_lease_writes_nothing_more(
    cast: Cast, simulators: Simulators, clock: TestClock
) -> None:
    simulator = simulators(orders=300)
    account = connect_account(cast.north, simulator, AMAZON, features=(Feature.ORDERS,))
    seen: list[int] = []

    def lose_it(progress: Progress) -> None:
        if progress.feature == "orders" and not seen:
            seen.append(rows(Order, account).count())
            Lease.objects.update(fence=999)

    with pytest.raises(leases.LeaseLost):
        sync(account, clock, progress=lose_it)
    assert rows(Order, account).count() == seen[0] == 100
    run = rows(SyncRun, account).get(feature="orders")
    assert (run.outcome, run.pages) == (SyncRun.Outcome.RUNNING, 1)
    Lease.objects.all().delete()
    sync(account, clock)
    run.refresh_from_db()
    assert run.outcome == SyncRun.Outcome.BROKEN_OFF
    assert rows(Order, account).count() == 300


def test_a_run_leaves_one_audit_entry(
    cast: Cast, simulator: Simulator, clock: TestClock
) -> None:
    account = connect_account(cast.north, simulator, AMAZON)
    runs = sync(account, clock)
    entries = Entry.objects.filter(event="sync.run", seller_id=cast.north.pk)
    assert entries.count() == len(runs)
    entry = entries.get(object_pk=str(runs["orders"].pk))
    assert entry.rows == 30
    assert "CANARY" not in str(entry.additional_data)


def test_progress_is_told_page_by_page(
    cast: Cast, simulators: Simulators, clock: TestClock
) -> None:
    account = connect_account(
        cast.north, simulators(orders=250), AMAZON, features=(Feature.ORDERS,)
    )
    told: list[Progress] = []
    sync(account, clock, progress=told.append)
    orders = [progress for progress in told if progress.feature == "orders"]
    assert [progress.rows for progress in orders] == [100, 200, 250]
    assert [progress.pages for progress in orders] == [1, 2, 3]


def test_statements_a_page_are_constant(
    cast: Cast, simulators: Simulators, clock: TestClock
) -> None:
    account = connect_account(
        cast.north, simulators(orders=900), AMAZON, features=(Feature.ORDERS,)
    )
    marks: list[int] = []
    with CaptureQueriesContext(connection) as captured:
        sync(account, clock, progress=lambda _: marks.append(len(captured)))
    pages = [after - before for before, after in pairwise(marks[2:])]
    assert len(set(pages)) == 1
    assert pages[0] <= 8  # the transaction's own marks included


def test_the_time_of_a_job_is_limited_and_the_next_goes_on(
    cast: Cast, simulators: Simulators, clock: TestClock
) -> None:
    account = connect_account(
        cast.north, simulators(orders=500), AMAZON, features=(Feature.ORDERS,)
    )
    pace = Pace(lifetime=timedelta(minutes=10))
    runs = sync(account, clock, pace=pace, progress=lambda _: clock.pass_by(minutes=3))
    assert runs["orders"].outcome == SyncRun.Outcome.WAITING
    assert 0 < runs["orders"].pages < 5
    assert sync(account, clock)["orders"].outcome == SyncRun.Outcome.DONE
    assert rows(Order, account).count() == 500


def test_switching_a_feature_off_leaves_what_was_fetched(
    cast: Cast, simulator: Simulator, clock: TestClock
) -> None:
    account = connect_account(cast.north, simulator, AMAZON)
    sync(account, clock)
    FeatureSwitch.objects.filter(connection=account).update(on=False)
    simulator.forget_calls()
    assert set(sync(account, clock)) == {"account"}
    assert rows(Order, account).count() == 30
    markets = Market.objects.of_seller(cast.north).filter(connection=account)
    told = set(markets.values_list("operation", "run_id"))
    assert markets.count() == 3
    assert len(told) == 1  # the same call of the same run
    assert told.pop()[0] == "amazon.getMarketplaceParticipations"


def test_all_faults_together_still_end_with_every_order(
    cast: Cast, simulators: Simulators, clock: TestClock
) -> None:
    """Trouble of every kind in a fifth of the calls, until all is there."""
    kinds = ("429", "500", "503", "empty", "truncated", "reset", "expired")
    spec = ",".join(f"{kind}:0.03" for kind in kinds)
    simulator = simulators(orders=900, faults=spec)
    account = connect_account(cast.north, simulator, AMAZON, features=ALL)
    for _ in range(10):
        runs = sync(account, clock)
        if runs.get("orders") and runs["orders"].outcome == SyncRun.Outcome.DONE:
            break
        clock.pass_by(hours=1)
    assert rows(Order, account).count() == 900


@BOTH
def test_what_retention_removed_is_not_fetched_again(
    cast: Cast,
    simulator: Simulator,
    clock: TestClock,
    key: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """USE-3: neither by a full pass, nor as a change of an old order."""
    account = connect_account(cast.north, simulator, key)
    sync(account, clock)
    placed = sorted(rows(Order, account).values_list("placed_at", flat=True))
    # A moment longer than the age of one of them, for the clock goes on meanwhile.
    keep = clock.now() - placed[len(placed) // 2] + timedelta(minutes=5)
    monkeypatch.setattr(shelves, "_shorteners", [lambda rule, seller: keep])
    horizon = clock.now() - keep
    young = rows(Order, account).filter(placed_at__gte=horizon).count()
    assert HOLDINGS["marketplaces.Order"].store.purge(horizon, at_most=10**6)
    assert rows(Order, account).count() == young < len(placed)
    run = sync(account, clock, full=True)["orders"]
    assert (run.rows_new, run.rows_unchanged) == (0, young)
    clock.pass_by(minutes=1)
    SyncState.objects.update(since=horizon - timedelta(days=1000))
    run = sync(account, clock)["orders"]
    assert run.rows_new == 0
    assert run.rows_unchanged > 0
    assert not rows(Order, account).filter(placed_at__lt=horizon).exists()
    # Amazon tells changes of whatever age; Walmart is asked by the order's date.
    assert (TOO_OLD in run.skipped) == (key == AMAZON)
