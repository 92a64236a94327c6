"""What is asked for, and that a pass asks for it with parameters that stay equal."""

from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplaces.adapters.amazon import ADAPTER
from marketplaces.contract import Checkpoint
from tests.adapters.amazon.calls import (
    ASK,
    CA,
    NOW,
    STARTED,
    US,
    ask,
    operation,
    order,
    read,
    sent,
)

CHANGES = Checkpoint(full=False, since=NOW - timedelta(hours=3), started=NOW)
TOKENS = {
    "searchOrders": "paginationToken",
    "searchListingsItems": "pageToken",
    "getInventorySummaries": "nextToken",
}


def test_a_first_load_of_orders_goes_by_creation_and_all_later_by_last_update() -> None:
    first, later = sent("searchOrders"), sent("searchOrders", CHANGES)

    assert first["createdAfter"] == "2025-05-25T12:00:00Z"
    assert "lastUpdatedAfter" not in first
    assert later["lastUpdatedAfter"] == "2026-11-24T08:55:00Z"
    assert "createdAfter" not in later


def test_orders_of_all_stores_come_in_one_call() -> None:
    asked = ask(markets=(US, CA))

    assert ADAPTER.lanes(operation("searchOrders"), asked) == 1
    assert sent("searchOrders", asked=asked)["marketplaceIds"] == f"{US},{CA}"


@pytest.mark.parametrize("name", ["searchListingsItems", "getInventorySummaries"])
def test_what_is_asked_by_store_has_a_lane_for_each(name: str) -> None:
    asked = ask(markets=(US, CA))
    second = msgspec.structs.replace(STARTED, lane=1)
    past = msgspec.structs.replace(STARTED, lane=2)

    assert ADAPTER.lanes(operation(name), asked) == 2
    assert sent(name, second, asked)["marketplaceIds"] == CA
    assert ADAPTER.request(operation(name), past, asked) is None


@pytest.mark.parametrize("name", [*TOKENS, "getPricing", "searchCatalogItems"])
def test_without_a_store_or_a_key_there_is_nothing_to_ask(name: str) -> None:
    assert ADAPTER.request(operation(name), STARTED, ask(markets=())) is None
    if name not in TOKENS:
        assert ADAPTER.request(operation(name), STARTED, ask(keys=())) is None


@pytest.mark.parametrize("name", TOKENS)
@pytest.mark.parametrize("checkpoint", [STARTED, CHANGES], ids=["full", "changes"])
def test_while_paging_only_the_token_differs(name: str, checkpoint: Checkpoint) -> None:
    """Amazon refuses a page token that comes with other parameters than it was given
    for; `startDateTime` missing beside the inventory's token is answered with all."""
    first = sent(name, checkpoint)
    later = replace(ASK, now=NOW + timedelta(minutes=40))
    onward = msgspec.structs.replace(
        checkpoint, cursor="T", seen=100, until=NOW - timedelta(minutes=1)
    )

    second = sent(name, onward, later)

    assert second.pop(TOKENS[name]) == "T"
    assert second == first


@pytest.mark.parametrize("name", TOKENS)
@given(token=st.text(st.sampled_from("+/=%&#?, aZ9é🎁\"'"), min_size=1))
def test_any_page_token_arrives_as_it_was_given(name: str, token: str) -> None:
    checkpoint = msgspec.structs.replace(STARTED, cursor=token)
    request = ADAPTER.request(operation(name), checkpoint, ASK)

    assert request is not None
    assert request.query.isascii()
    assert not set("+ #\"'<>") & set(request.query)
    assert dict(parse_qsl(request.query))[TOKENS[name]] == token


def test_a_token_goes_from_one_answer_into_the_next_call_unchanged() -> None:
    page = read(
        "searchOrders",
        {"orders": [order()], "pagination": {"nextToken": "a+b/c==%2B"}},
    )

    assert sent("searchOrders", page.checkpoint)["paginationToken"] == "a+b/c==%2B"


@given(sku=st.text(st.characters(exclude_characters=",", codec="utf-8"), min_size=1))
def test_any_sku_arrives_as_it_is(sku: str) -> None:
    asked = ask(keys=(sku, "SECOND"))

    assert sent("getPricing", asked=asked)["Skus"] == f"{sku},SECOND"


def test_a_sku_with_a_comma_is_not_taken_for_two_others() -> None:
    assert sent("getPricing", asked=ask(keys=("A,B", "C")))["Skus"] == "C"


def test_a_batch_of_nothing_but_commas_still_leads_on() -> None:
    keys = ("A,B", "C,D")
    assert sent("getPricing", asked=ask(keys=keys))["Skus"] == "A,B"
    body = {"payload": [{"status": "ClientError", "SellerSKU": "A"}]}

    page = read("getPricing", body, asked=ask(keys=keys))

    assert page.records == ()
    assert page.checkpoint.after == "C,D"
    assert {s.key for s in page.skipped} == {"", "A,B", "C,D"}


def test_the_sellers_id_cannot_leave_its_place_in_the_path() -> None:
    asked = replace(ASK, account_id="../../orders/v0/orders?x=")
    request = ADAPTER.request(operation("searchListingsItems"), STARTED, asked)

    assert request is not None
    assert request.path == (
        "/listings/2021-08-01/items/..%2F..%2Forders%2Fv0%2Forders%3Fx%3D"
    )


def test_the_access_token_shows_in_no_text_of_a_request() -> None:
    request = ADAPTER.request(operation("searchOrders"), STARTED, ASK)

    assert request is not None
    assert dict(request.headers)["x-amz-access-token"] == "Atza|token"
    assert "Atza" not in repr(request)
    assert "Atza" not in repr(ASK)


@pytest.mark.parametrize(("days", "reaches"), [(30, 30), (548, 548), (900, 548)])
def test_orders_older_than_the_seller_keeps_them_are_not_asked_for(
    days: int, reaches: int
) -> None:
    asked = replace(ASK, reach=timedelta(days=days))
    told = sent("searchOrders", asked=asked)["createdAfter"]
    assert datetime.fromisoformat(told) == NOW - timedelta(days=reaches)
