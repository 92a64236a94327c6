"""Passes end, windows move on, repeated pages do no harm, nothing ends too early."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from marketplaces.contract import Checkpoint, Page, Unreadable
from marketplaces.records import ListingRecord
from tests.adapters.amazon.calls import (
    CA,
    NOW,
    STARTED,
    US,
    ask,
    listing,
    order,
    read,
    sent,
    stock,
)

DATE = "Tue, 24 Nov 2026 11:58:00 GMT"
EMPTY = {
    "searchOrders": {"orders": []},
    "searchListingsItems": {"numberOfResults": 0, "items": []},
    "getInventorySummaries": {"payload": {"inventorySummaries": []}},
}


@pytest.mark.parametrize("name", EMPTY)
def test_a_page_without_a_token_ends_the_pass(name: str) -> None:
    page = read(name, EMPTY[name])

    assert page.finished
    assert page.lane_done


@pytest.mark.parametrize("name", ["searchListingsItems", "getInventorySummaries"])
def test_the_end_of_one_store_is_the_start_of_the_next(name: str) -> None:
    asked = ask(markets=(US, CA))
    first = read(name, EMPTY[name], asked=asked, date=DATE)
    second = read(name, EMPTY[name], checkpoint=first.checkpoint, asked=asked)

    assert (first.lane_done, first.finished) == (True, False)
    assert (first.checkpoint.lane, first.checkpoint.cursor) == (1, "")
    assert (second.lane_done, second.finished) == (True, True)
    assert second.checkpoint.until == first.checkpoint.until


def test_the_mark_of_orders_is_the_end_that_amazon_echoes() -> None:
    changes = Checkpoint(full=False, since=NOW - timedelta(days=1), started=NOW)
    body = {"orders": [], "lastUpdatedBefore": "2026-11-24T11:53:20Z"}

    page = read("searchOrders", body, checkpoint=changes, date=DATE)

    assert page.checkpoint.until == datetime(2026, 11, 24, 11, 53, 20, tzinfo=UTC)


def test_the_mark_is_that_of_the_first_page_though_later_ones_echo_another() -> None:
    first = read(
        "searchOrders",
        {
            "orders": [order()],
            "createdBefore": "2026-11-24T11:50:00Z",
            "pagination": {"nextToken": "T"},
        },
    )
    second = read(
        "searchOrders",
        {"orders": [], "createdBefore": "2026-11-24T11:59:00Z"},
        checkpoint=first.checkpoint,
    )

    assert second.finished
    assert second.checkpoint.until == datetime(2026, 11, 24, 11, 50, tzinfo=UTC)


@pytest.mark.parametrize("name", ["searchListingsItems", "getInventorySummaries"])
def test_elsewhere_the_mark_is_amazons_clock_less_what_may_still_move(
    name: str,
) -> None:
    page = read(name, EMPTY[name], date=DATE)

    assert page.checkpoint.until == datetime(2026, 11, 24, 11, 55, tzinfo=UTC)


def test_no_mark_lies_after_the_start_of_its_pass() -> None:
    """Our clock may run behind; what was asked for ends at the pass's own start."""
    ahead = "Tue, 24 Nov 2026 12:30:00 GMT"

    page = read("searchListingsItems", EMPTY["searchListingsItems"], date=ahead)

    assert page.checkpoint.until == NOW - timedelta(minutes=3)


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("searchOrders", {"orders": [order()], "pagination": {"nextToken": "T"}}),
        (
            "getInventorySummaries",
            {
                "payload": {"inventorySummaries": [stock("A", fulfillableQuantity=1)]},
                "pagination": {"nextToken": "T"},
            },
        ),
    ],
)
def test_a_page_that_is_repeated_says_the_same_and_leads_on(
    name: str, body: dict[str, Any]
) -> None:
    first = read(name, body)
    again = read(name, body, checkpoint=first.checkpoint)

    assert again.records == first.records
    assert again.checkpoint.cursor == "T"
    assert not again.finished
    assert sent(name, again.checkpoint) == sent(name, first.checkpoint)
    onward = {**body, "pagination": {"nextToken": "U"}}
    assert read(name, onward, checkpoint=again.checkpoint).checkpoint.cursor == "U"


class Shop:
    """Answers searchListingsItems as Amazon does: by window, 1,000 items at most."""

    def __init__(self, created: list[datetime], *, by: str = "created") -> None:
        self.items = sorted(created)
        self.by = by

    def answer(self, asked: dict[str, str]) -> dict[str, Any]:
        found = [
            (number, moment)
            for number, moment in enumerate(self.items)
            if asked.get(f"{self.by}After", "") <= f"{moment:%Y-%m-%dT%H:%M:%S.000Z}"
            and f"{moment:%Y-%m-%dT%H:%M:%SZ}" <= asked[f"{self.by}Before"]
        ]
        at = int(asked.get("pageToken", "0"))
        shown = found[:1000][at : at + 20]
        body: dict[str, Any] = {
            "numberOfResults": len(found),
            "items": [listing(f"S{n}", f"{m:%Y-%m-%dT%H:%M:%SZ}") for n, m in shown],
        }
        if at + 20 < min(len(found), 1000):
            body["pagination"] = {"nextToken": str(at + 20)}
        return body

    def walk(self, checkpoint: Checkpoint) -> tuple[set[str], int]:
        """The SKUs of a whole pass, and its calls."""
        skus: set[str] = set()
        for calls in range(1, 1000):
            page: Page = read(
                "searchListingsItems",
                self.answer(sent("searchListingsItems", checkpoint)),
                checkpoint=checkpoint,
            )
            skus |= {r.sku for r in page.records if isinstance(r, ListingRecord)}
            if page.finished:
                return skus, calls
            checkpoint = page.checkpoint
        raise AssertionError("The pass doesn't end.")


START = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("count", [0, 1, 20, 21, 999, 1000, 1001, 2345])
def test_a_catalogue_of_any_size_is_read_whole(count: int) -> None:
    shop = Shop([START + timedelta(minutes=n) for n in range(count)])

    skus, calls = shop.walk(STARTED)

    assert skus == {f"S{n}" for n in range(count)}
    assert calls <= count // 20 + count // 999 + 2


def test_windows_meet_where_many_listings_share_an_instant() -> None:
    shop = Shop([START + timedelta(hours=n // 300) for n in range(1500)])

    skus, _ = shop.walk(STARTED)

    assert len(skus) == 1500


def test_changes_are_read_whole_by_windows_too() -> None:
    shop = Shop(
        [NOW - timedelta(seconds=2000 - n) for n in range(1700)], by="lastUpdated"
    )
    changes = Checkpoint(full=False, since=NOW - timedelta(hours=1), started=NOW)

    skus, _ = shop.walk(changes)

    assert len(skus) == 1700


def test_more_than_a_window_in_one_instant_fails_loudly() -> None:
    shop = Shop([START] * 1001)

    with pytest.raises(Unreadable, match="no later window"):
        shop.walk(STARTED)


def test_exactly_one_window_in_one_instant_is_complete() -> None:
    skus, _ = Shop([START] * 1000).walk(STARTED)

    assert len(skus) == 1000


def test_paging_that_stops_before_the_announced_end_is_not_taken_for_the_end() -> None:
    short = {"numberOfResults": 50, "items": [listing("A", "2025-01-01T00:00:00Z")]}

    page = read("searchListingsItems", short)

    assert not page.finished
    assert sent("searchListingsItems", page.checkpoint)["createdAfter"] == (
        "2025-01-01T00:00:00.000Z"
    )
    with pytest.raises(Unreadable, match="before the end"):
        read("searchListingsItems", short, checkpoint=page.checkpoint)


def test_a_batch_of_keys_leads_to_the_next_and_leaves_the_end_to_the_caller() -> None:
    asked = ask(keys=("A", "B"))

    page = read("getPricing", {"payload": []}, asked=asked)

    assert (page.finished, page.lane_done) == (False, False)
    assert page.checkpoint.after == "B"
    assert page.checkpoint.seen == 2
    assert msgspec.structs.replace(page.checkpoint, after="", seen=0) == STARTED
