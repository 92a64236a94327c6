"""The made-up sellers are the same for the same seed, and lifelike."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from marketplaces.simulator.books import OrderBook, State
from marketplaces.simulator.memory import remembered_world
from marketplaces.simulator.server import Simulator
from marketplaces.simulator.world import PROFILES, World
from tests.marketplaces.simulator.caller import Caller

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=7)


def _told(simulator: Simulator) -> list[object]:
    caller = Caller(simulator).signed_in()
    return [*caller.all_orders(), caller.listings().json()["items"]]


def test_the_same_seed_and_anchor_tell_the_same() -> None:
    told = []
    for seed in (1, 1, 2):
        with Simulator(
            orders=60, seed=seed, anchor=NOW, clock=lambda: LATER, limits=False
        ) as simulator:
            told.append(_told(simulator))
    assert told[0] == told[1]
    assert told[0] != told[2]


def test_a_world_made_after_its_steps_equals_one_that_lived_them() -> None:
    lived = World(orders=80, anchor=NOW)
    book = lived.accounts[0].book
    items = lived.accounts[0].items
    lived.step(LATER)
    made = World(orders=80, anchor=NOW, steps=[LATER])
    assert lived.accounts[0].items == made.accounts[0].items != items
    assert _facts(book) == _facts(made.accounts[0].book)


def _facts(book: OrderBook) -> list[tuple[object, ...]]:
    return [
        (book.serial(i), book.created[i], book.updated[i], book.plan(i))
        for i in range(len(book))
    ]


@pytest.mark.parametrize("key", [profile.key for profile in PROFILES])
def test_orders_look_like_a_shops(key: str) -> None:
    account = World(anchor=NOW).account(key)
    assert account is not None
    book = account.book
    ages = [(NOW.timestamp() - created) / 86_400 for created in book.created]
    assert min(ages) < 1
    assert 290 < max(ages) <= 300
    assert sum(age < 30 for age in ages) > 30
    assert len({int(age) for age in ages if age < 14}) == 14  # no day without orders
    assert all(u >= c for c, u in zip(book.created, book.updated, strict=True))
    assert max(book.updated) < NOW.timestamp()
    plans = [book.plan(index) for index in range(len(book))]
    states = Counter(plan.state for plan in plans)
    assert set(states) == set(State)
    assert states[State.DELIVERED] > len(book) // 2
    assert len({plan.channel for plan in plans}) > 1
    assert len({p.market.currency for p in plans}) == len(account.open_markets)
    assert any(len(plan.lines) > 1 for plan in plans)
    assert any(line.quantity > 1 for plan in plans for line in plan.lines)
    assert len({book.serial(index) for index in range(len(book))}) == len(book)
    by_weekday = Counter((created // 86_400 + 3) % 7 for created in book.created)
    assert by_weekday[5] > by_weekday[1]


def test_two_hundred_thousand_orders_are_small_and_all_there() -> None:
    world = World(orders={"north-amazon-na": 200_000}, anchor=NOW)
    book = world.accounts[0].book
    found = book.select(by="updated", after=0, before=10**11)
    assert len(found) == len(set(found)) == 200_000
    assert len({book.serial(index) for index in found}) == 200_000
    assert book.created.itemsize == 8
    assert len(world.accounts[1].book) == 600


def test_a_folder_remembers_its_world(tmp_path: object) -> None:
    from pathlib import Path

    folder = Path(str(tmp_path)) / "simulator"
    first = remembered_world(folder, seed=1, orders=50)
    first.keeper(folder)([LATER])
    again = remembered_world(folder, seed=1, orders=50)
    assert again.anchor == first.anchor
    assert again.steps[0] == LATER
    other = remembered_world(folder, seed=2, orders=50)
    assert other.steps == ()
