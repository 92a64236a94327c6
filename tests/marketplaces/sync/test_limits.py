"""Buckets and pauses, by arithmetic."""

from datetime import UTC, datetime, timedelta
from random import Random

import msgspec
import pytest

from marketplaces.datamap import Feature, Operation
from marketplaces.sync.limits import UNLIMITED, Bucket, Pace

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ORDERS = Operation(
    key="test.orders",
    feature=Feature.ORDERS,
    purpose="",
    method="GET",
    path="/",
    version="",
    role="",
    rate=0.0056,
    burst=20,
    page_size=100,
    structure=msgspec.Struct,
)


def bucket(
    level: float | None = None, at: datetime | None = None, *, pace: Pace | None = None
) -> Bucket:
    return Bucket.of(ORDERS, level=level, at=at, now=NOW, pace=pace or Pace())


def test_a_new_bucket_is_full() -> None:
    full = bucket()
    for _ in range(20):
        assert full.wait(NOW) == 0
        full.take(NOW)
    assert full.wait(NOW) > 0


def test_a_call_comes_back_at_four_fifths_of_the_rate() -> None:
    empty = bucket(0.0, NOW)
    assert empty.wait(NOW) == pytest.approx(1 / (0.0056 * 0.8))
    assert empty.wait(NOW + timedelta(seconds=224)) == 0


def test_a_bucket_never_holds_more_than_the_burst() -> None:
    old = bucket(3.0, NOW - timedelta(days=30))
    old.wait(NOW)
    assert old.level == 20


def test_a_clock_set_back_takes_nothing_away() -> None:
    held = bucket(5.0, NOW + timedelta(hours=1))
    held.take(NOW)
    assert held.level == 4


def test_no_thousand_calls_beat_the_bucket_the_marketplace_keeps() -> None:
    ours, now, sent = bucket(), NOW, []
    for _ in range(1_000):
        now += timedelta(seconds=ours.wait(now))
        ours.take(now)
        sent.append(now)
    theirs, at = 20.0, NOW
    for instant in sent:
        theirs = min(20.0, theirs + (instant - at).total_seconds() * ORDERS.rate)
        at = instant
        assert theirs >= 1
        theirs -= 1


def test_a_marketplace_that_says_empty_is_believed() -> None:
    held = bucket(20.0, NOW)
    held.drain(NOW)
    assert held.wait(NOW) > 200


def test_lifted_limits_never_wait() -> None:
    lifted = bucket(0.0, NOW, pace=UNLIMITED)
    for _ in range(1_000):
        lifted.take(NOW)
    assert lifted.wait(NOW) == 0


def test_pauses_grow_to_their_most_and_are_diced() -> None:
    pace, dice = Pace(), Random(1)  # noqa: S311 (no secret)
    for tried, most in ((1, 2), (2, 4), (3, 8), (4, 16), (5, 20), (50, 20)):
        pauses = {pace.pause(tried, dice) for _ in range(200)}
        assert len(pauses) > 100
        assert most * 0.8 < max(pauses) <= most


def test_resting_doubles_up_to_its_most() -> None:
    pace = Pace()
    assert [pace.cooling(n) for n in (0, 1, 2, 30)] == [
        timedelta(minutes=10),
        timedelta(minutes=20),
        timedelta(minutes=40),
        timedelta(hours=6),
    ]
