"""What was deleted doesn't come back: late jobs, pages under way, connecting again."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from compliance.deletion.execution import process_due
from compliance.deletion.models import DeletionRequest
from marketplaces import jobs
from marketplaces.models import Connection, Order
from marketplaces.simulator.server import Simulator
from marketplaces.sync.engine import Progress, sync_connection
from marketplaces.sync.rounds import sync_round
from plugseller.accounts.models import Seller, User
from plugseller.accounts.roles import Role
from plugseller.accounts.services import create_seller, join, offboard_user
from plugseller.accounts.services.leaving import Why
from plugseller.audit.models import Entry
from plugseller.audit.services import record
from plugseller.crypto.models import DataKey
from plugseller.custody.models import Tombstone
from plugseller.custody.services import bury, is_buried
from tests.compliance.deletion.asked import GRACE, by_owner
from tests.compliance.inhabited import apart
from tests.conftest import Cast, signed_in
from tests.marketplaces.conftest import (  # noqa: F401  fixtures
    NOW,
    TestClock,
    clock,
    connect_account,
    simulator,
    simulators,
)

AMAZON, WALMART = "north-amazon-na", "north-walmart"
Kind = Tombstone.Kind
Status = DeletionRequest.Status


@pytest.fixture(autouse=True)
def _apart(settings: Any, tmp_path: Path) -> None:
    apart(settings, tmp_path)


def orders() -> Any:
    return Order.objects.across_sellers(reason="test")


def dropped() -> int:
    return len(Entry.objects.filter(event="sync.dropped"))


@pytest.fixture
def account(cast: Cast, simulator: Simulator) -> Connection:  # noqa: F811
    return connect_account(cast.north, simulator, AMAZON)


def delete(cast: Cast, account: Connection | None = None) -> None:
    by_owner(cast.alice, cast.north, now=NOW, connection=account)
    [done] = process_due(NOW + GRACE)
    assert done.outcome == Status.COMPLETED


def test_a_page_under_way_when_the_deletion_runs_is_dropped(
    cast: Cast,
    account: Connection,
    simulator: Simulator,  # noqa: F811
    clock: TestClock,  # noqa: F811
) -> None:
    """The pass ends, nothing is written after that instant (edge 12)."""
    deleted = False

    def in_between(progress: Progress) -> None:
        nonlocal deleted
        if progress.feature == "orders" and not deleted:
            deleted = True
            assert orders().filter(connection=account).exists()
            delete(cast, account)

    [result] = sync_round([account], clock=clock, progress=in_between)
    assert deleted
    assert result.runs == []
    assert not orders().filter(connection=account.pk).exists()
    assert not Connection.objects.across_sellers(reason="test").filter(pk=account.pk)


def test_a_page_for_a_buried_connection_is_refused_by_the_writer_itself(
    account: Connection,
    clock: TestClock,  # noqa: F811
) -> None:
    """Even if row, lease and credentials were back: as from a restored copy."""
    bury(Kind.CONNECTION, account.pk, request="DEL-1", now=NOW)
    [result] = sync_round([account], clock=clock)
    assert result.problem == "it was deleted meanwhile"
    assert not orders().filter(connection=account).exists()
    assert dropped() == 1


def test_late_jobs_are_dropped_and_counted(
    cast: Cast,
    account: Connection,
    simulator: Simulator,  # noqa: F811
) -> None:
    """Also twice, and also for a row that is there again (edge 22)."""
    delete(cast, account)
    simulator.forget_calls()
    jobs.sync_one(str(account.pk))
    jobs.sync_now(str(account.pk), NOW.isoformat())
    jobs.prove_one(str(account.pk))
    assert dropped() == 3
    Connection.unfenced.create(
        pk=account.pk,
        seller=cast.north,
        marketplace="amazon",
        region="na",
        account_id="A1",
    )
    jobs.sync_one(str(account.pk))
    assert dropped() == 4
    assert simulator.calls == []


def test_connecting_again_starts_empty(
    cast: Cast,
    account: Connection,
    simulator: Simulator,  # noqa: F811
    clock: TestClock,  # noqa: F811
) -> None:
    """One connection: a new row with a new id; the old certificate stays (edge 14)."""
    sync_connection(account.pk, clock=clock)
    assert orders().filter(seller=cast.north).exists()
    delete(cast, account)
    again = connect_account(cast.north, simulator, AMAZON)
    assert again.pk != account.pk
    assert not is_buried(Kind.CONNECTION, again.pk)
    assert not orders().filter(seller=cast.north).exists()
    sync_connection(again.pk, clock=clock)
    assert orders().filter(connection=again).exists()
    assert DeletionRequest.objects.get().certificates.count() == 1


def test_a_new_account_of_the_same_people_has_a_new_key(
    cast: Cast,
    account: Connection,
    simulator: Simulator,  # noqa: F811
) -> None:
    before = set(DataKey.objects.values_list("pk", flat=True))
    delete(cast)
    assert not Seller.objects.filter(slug="north").exists()
    seller = create_seller(actor=None, name="North", slug="north", time_zone="UTC")
    join(actor=None, seller=seller, user=cast.charlie, role=Role.OWNER)
    assert not is_buried(Kind.SELLER, seller.pk)
    again = connect_account(seller, simulator, AMAZON)
    assert again.credentials is not None
    key = DataKey.objects.get(owner=seller.pk)
    assert key.pk not in before
    assert not orders().filter(seller=seller).exists()


def test_the_other_of_two_connections_goes_on(
    cast: Cast,
    account: Connection,
    simulator: Simulator,  # noqa: F811
    clock: TestClock,  # noqa: F811
) -> None:
    other = connect_account(cast.north, simulator, WALMART)
    delete(cast, account)
    clock.pass_by(days=3)
    [result] = sync_round([other], clock=clock)
    assert not result.failed
    assert orders().filter(connection=other).exists()


def test_whoever_was_deleted_is_a_pseudonym_wherever_entries_are_read(
    cast: Cast,
) -> None:
    """Stable, made of the id alone: in the console, in its download, at the desk
    (edges 24 and 49a)."""
    bob = cast.bob
    record("sync.asked", actor=bob, seller_id=cast.north.pk)
    offboard_user(actor=None, person=bob, now=NOW, reason=Why.ASKED)
    by = signed_in(cast.alice)
    before = set(re.findall(r"Former member [0-9a-f]+", page(by, "/s/north/activity")))
    DeletionRequest.objects.create(
        reference="DEL-2222-2222",
        source="letter",
        kind="people",
        status=Status.SCHEDULED,
        people=[str(bob.pk)],
        what="One user account",
        received_at=NOW,
        due_at=NOW + timedelta(days=30),
        starts_at=NOW,
    )
    [done] = process_due(NOW)
    assert done.outcome == Status.COMPLETED
    assert not User.objects.filter(pk=bob.pk).exists()
    entry = Entry.objects.filter(event="sync.asked").get()
    for text in (
        page(by, "/s/north/activity"),
        page(by, "/s/north/activity.csv"),
        page(signed_in(cast.carl), "/admin/audit/entry/"),
        page(signed_in(cast.carl), f"/admin/audit/entry/{entry.pk}/change/"),
    ):
        assert "bob" not in text.casefold()
    after = re.findall(r"Former member [0-9a-f]+", page(by, "/s/north/activity"))
    assert set(after) == before
    assert len(before) == 1


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.getvalue().decode()
