"""Batch by batch: each a transaction, broken off anywhere, others in between."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from plugseller.custody import walking
from plugseller.custody.erasers import Rows, Walk
from plugseller.custody.walking import erase_holding, in_batches
from plugseller.jobs.models import Beat
from plugseller.shelves import HOLDINGS, DataClass, Holding, Scope

SELLER = uuid4()
SCOPE = Scope(seller_id=SELLER)


class Named(Rows):
    """Beats whose name begins with that of the seller."""

    def of(self, scope: Scope) -> Any:
        return self._all().filter(name__startswith=str(scope.seller_id))


@pytest.fixture
def beats() -> Holding:
    for number in range(25):
        Beat.objects.create(name=f"{SELLER} {number:02}")
        Beat.objects.create(name=f"another {number}")
    return Holding(
        "beats", "Beats", DataClass.OPERATIONAL, "machine", Named(Beat), rank=1
    )


def left() -> int:
    return Beat.objects.filter(name__startswith=str(SELLER)).count()


@pytest.mark.django_db(transaction=True)
def test_each_batch_is_a_transaction_of_its_own(beats: Holding) -> None:
    seen: list[tuple[int, bool]] = []

    def before() -> None:
        seen.append((left(), connection.in_atomic_block))

    sizes: list[int] = []
    gone = erase_holding(
        beats, SCOPE, batch=10, before_each=before, after_each=sizes.append
    )
    assert gone == 25
    assert sizes == [10, 10, 5]
    assert seen == [(25, True), (15, True), (5, True)]
    assert Beat.objects.filter(name__startswith="another").count() == 25
    assert not connection.in_atomic_block


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("where", ["before_each", "after_each"])
def test_what_is_raised_undoes_the_batch_and_the_next_walk_finishes(
    beats: Holding, where: str
) -> None:
    calls = 0

    def fails(*_: object) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise RuntimeError

    hook: dict[str, Callable[..., None]] = {where: fails}
    with pytest.raises(RuntimeError):
        erase_holding(beats, SCOPE, batch=10, **hook)
    assert left() == 15
    assert erase_holding(beats, SCOPE, batch=10) == 15


@pytest.mark.django_db(transaction=True)
def test_what_comes_in_between_goes_as_well(
    beats: Holding, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also before the place where the walk is, as ids that aren't counted up do."""
    monkeypatch.setattr(Walk, "AHEAD", 7)
    added = 0

    def after(_: int) -> None:
        nonlocal added
        if added < 3:
            added += 1
            Beat.objects.create(name=f"{SELLER} 0 {added}")

    assert erase_holding(beats, SCOPE, batch=4, after_each=after) == 28
    assert left() == 0


@pytest.mark.django_db
def test_what_stays_for_a_reason_is_left_alone(beats: Holding) -> None:
    stays = Holding(
        "b", "B", DataClass.EVIDENCE, "machine", beats.store, rank=1, stays="proof"
    )
    assert erase_holding(stays, SCOPE) == 0
    assert left() == 25


@pytest.mark.django_db(transaction=True)
def test_a_place_without_rows_is_asked_until_nothing_is_left() -> None:
    heap = list(range(23))

    def remove(*, at_most: int) -> int:
        assert connection.in_atomic_block
        removed = heap[:at_most]
        del heap[:at_most]
        return len(removed)

    assert in_batches(remove, batch=10) == 23
    assert heap == []


def test_a_batch_becomes_smaller_where_it_takes_too_long() -> None:
    most = walking.BATCH
    assert walking._next_size(most, 0.05, most) == most
    assert walking._next_size(100, 0.05, most) == walking._LEAST
    assert 10_000 < walking._next_size(10_000, 0.05, most) <= 12_500
    assert walking._next_size(most, 0.3, most) < most
    assert walking._next_size(most, 60, most) == walking._LEAST
    assert walking._next_size(20, 60, 20) == 20


def test_rows_that_take_others_along_go_few_at_a_time() -> None:
    """A person's row removes what hangs on it: a batch of thousands would take long."""
    for name in ("accounts.User", "accounts.Seller"):
        store = HOLDINGS[name].store
        assert isinstance(store, Rows)
        assert store.most <= 50


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's own log")
@pytest.mark.django_db(transaction=True)
def test_the_log_doesnt_grow_with_the_rows_that_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody else writes, so nobody else would write it back: 60 batches, the log of
    a few."""
    for number in range(300):
        Beat.objects.create(name=f"{SELLER} {number:03}")
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    log = Path(f"{connection.settings_dict['NAME']}-wal")
    assert log.stat().st_size == 0
    monkeypatch.setattr(walking, "_LEAST", 5)
    sizes: list[int] = []

    def after(removed: int) -> None:
        sizes.append(log.stat().st_size)

    remove = Named(Beat)
    assert (
        in_batches(
            lambda at_most: remove.erase(SCOPE, at_most=at_most),
            batch=5,
            after_each=after,
        )
        == 300
    )
    assert len(sizes) == 60
    assert max(sizes) <= 10 * sizes[1]
