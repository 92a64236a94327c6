"""`manage.py sync`, and the jobs that do the same."""

import json
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from marketplaces import jobs
from marketplaces.models import Connection, Order, SyncRun
from marketplaces.simulator.server import Simulator
from plugseller.audit.models import Entry
from plugseller.jobs import leases
from tests.conftest import Cast
from tests.marketplaces.conftest import Simulators, TestClock, connect_account

NORTH, SOUTH = "north-walmart", "south-walmart"


@pytest.fixture
def accounts(cast: Cast, now_world: Simulator) -> tuple[Connection, Connection]:
    return (
        connect_account(cast.north, now_world, NORTH),
        connect_account(cast.south, now_world, SOUTH),
    )


@pytest.fixture
def now_world(simulators: Simulators, clock: TestClock) -> Simulator:
    """A world at the machine's own time, as commands and jobs have no other."""
    from django.utils import timezone

    clock.instant = timezone.now()
    return simulators(clock=timezone.now)


def sync(*arguments: str) -> dict[str, Any]:
    out = StringIO()
    status = 0
    try:
        call_command("sync", "--json", *arguments, stdout=out)
    except SystemExit as ended:
        status = int(ended.code or 0)
    report: dict[str, Any] = json.loads(out.getvalue())
    return report | {"status": status}


def orders(account: Connection) -> int:
    return int(Order.objects.of_seller(account.seller_id).count())


def test_every_live_connection_is_synced_and_told(
    accounts: tuple[Connection, Connection],
) -> None:
    report = sync()
    assert (report["status"], report["connections"], report["failed"]) == (0, 2, 0)
    assert {row["seller"] for row in report["rows"]} == {"north", "south"}
    assert all(row["outcome"] == "Done" for row in report["rows"])
    assert all(orders(account) > 0 for account in accounts)
    kinds = set(Entry.objects.filter(event="sync.run").values_list("actor_kind"))
    assert kinds == {("command",)}


def test_people_get_a_table_and_a_summary(
    accounts: tuple[Connection, Connection],
) -> None:
    out = StringIO()
    call_command("sync", "--seller", "north", stdout=out)
    head, *_, last = out.getvalue().strip().splitlines()
    assert head.split()[:5] == ["seller", "connection", "feature", "calls", "new"]
    assert last == "Connections synced: 1."


def test_one_seller_or_one_connection_or_one_feature(
    accounts: tuple[Connection, Connection],
) -> None:
    north, south = accounts
    assert {row["seller"] for row in sync("--seller", "north")["rows"]} == {"north"}
    report = sync("--connection", str(south.pk), "--feature", "orders")
    assert [row["feature"] for row in report["rows"]] == ["account", "orders"]
    assert orders(north) > 0
    assert orders(south) > 0


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--seller", "nobody"), "no seller “nobody”"),
        (("--feature", "spying"), "There are: account, listings"),
        (("--connection", "7"), "isn't a connection's id"),
        (("--connection", str(uuid4())), "no live connection of that id"),
        (("--feature", "catalog"), "No connection has catalog switched on"),
    ],
)
def test_what_is_unknown_is_refused_by_name(
    accounts: tuple[Connection, Connection], arguments: tuple[str, ...], reason: str
) -> None:
    with pytest.raises(CommandError, match=reason):
        call_command("sync", *arguments)
    assert not SyncRun.objects.across_sellers(reason="test").exists()


def test_a_failed_connection_fails_the_command_and_no_other_connection(
    accounts: tuple[Connection, Connection], now_world: Simulator
) -> None:
    north, south = accounts
    now_world.revoke(NORTH)
    report = sync()
    assert (report["status"], report["failed"]) == (1, 1)
    assert (orders(north), orders(south) > 0) == (0, True)
    assert sync()["connections"] == 1  # the revoked one is left alone


def test_a_marketplace_that_is_not_switched_on_is_told(
    accounts: tuple[Connection, Connection], settings: Any
) -> None:
    settings.MARKETPLACE_APPS["walmart"]["client_id"] = ""
    report = sync("--seller", "north")
    assert report["status"] == 1
    assert "WALMART_CLIENT_ID is missing" in report["rows"][0]["outcome"]


def test_a_connection_somebody_syncs_is_no_failure(
    accounts: tuple[Connection, Connection],
) -> None:
    from django.utils import timezone

    leases.take(f"sync:{accounts[0].pk}", now=timezone.now())
    report = sync("--seller", "north")
    assert report["status"] == 0
    assert "another worker" in report["rows"][0]["outcome"]


def test_jobs_carry_ids_only(accounts: tuple[Connection, Connection]) -> None:
    jobs.sync_due(timezone.now())
    jobs.start_sync(accounts[0].pk)
    ids = {str(account.pk) for account in accounts}
    told = [SignedPackage.loads(job.payload) for job in OrmQ.objects.all()]
    assert [task["func"] for task in told] == [
        "marketplaces.jobs.sync_one",
        "marketplaces.jobs.sync_one",
        "marketplaces.jobs.sync_now",
    ]
    assert {task["args"][0] for task in told} == ids
    assert not any(task["kwargs"] for task in told)


def test_a_job_syncs_and_can_run_twice(
    accounts: tuple[Connection, Connection],
) -> None:
    account = accounts[0]
    jobs.sync_one(str(account.pk))
    found = orders(account)
    jobs.sync_one(str(account.pk))
    assert orders(account) == found > 0
    kinds = set(Entry.objects.filter(event="sync.run").values_list("actor_kind"))
    assert kinds == {("job",)}


def test_sync_now_pressed_twenty_times_is_done_once(
    accounts: tuple[Connection, Connection],
) -> None:
    account = accounts[0]
    for _ in range(20):
        jobs.start_sync(account.pk)
    queued = [SignedPackage.loads(job.payload)["args"] for job in OrmQ.objects.all()]
    for arguments in queued:
        jobs.sync_now(*arguments)
    runs = SyncRun.objects.of_seller(account.seller_id).filter(feature="orders")
    assert runs.count() == 1


def test_a_job_for_a_connection_that_is_gone_does_nothing(cast: Cast) -> None:
    jobs.sync_one(str(uuid4()))
    jobs.sync_now(str(uuid4()), "2026-11-24T12:00:00+00:00")
    assert not SyncRun.objects.across_sellers(reason="test").exists()
