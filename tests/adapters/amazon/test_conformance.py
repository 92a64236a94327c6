"""The data map against Amazon's own models and examples: SCOPE-1, USE-3, USE-4."""

import json
import re
from typing import Any

import msgspec
import pytest

from marketplaces.adapters.amazon import ADAPTER
from marketplaces.contract import Page
from marketplaces.datamap import Over, kept_fields, permit, unwanted_paths
from marketplaces.records import OrderRecord
from tests.adapters.amazon import models
from tests.adapters.amazon.calls import STARTED, US, ask, operation, read

NAMES = sorted(models.FILES)


def test_every_mapped_operation_is_held_against_its_model() -> None:
    assert {f"amazon.{name}" for name in NAMES} == {o.key for o in ADAPTER.operations}


@pytest.mark.parametrize("name", NAMES)
def test_path_method_and_limits_are_the_models(name: str) -> None:
    path, method, described = models.call(name)
    mapped = operation(name)
    table = re.search(r"\|\s*([\d.]+)\s*\|\s*(\d+)\s*\|", described["description"])

    assert (mapped.path, mapped.method) == (path, method)
    assert table is not None
    assert (mapped.rate, mapped.burst) == (float(table[1]), int(table[2]))


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_and_fixed_value_is_in_the_model(name: str) -> None:
    _, _, described = models.call(name)
    known = {p["name"]: p for p in described.get("parameters", ())}
    mapped = operation(name)

    assert known.keys() >= {*dict(mapped.parameters), *mapped.variable}
    for parameter, value in mapped.parameters:
        allowed = known[parameter].get("enum") or known[parameter].get("items", {}).get(
            "enum"
        )
        assert allowed is None or set(value.split(",")) <= set(allowed)
        assert (
            int(value) <= known[parameter]["maximum"]
            if value.isdigit() and ("maximum" in known[parameter])
            else True
        )
    required = {
        p["name"] for p in known.values() if p.get("required") and p["in"] == "query"
    }
    assert required <= {*dict(mapped.parameters), *mapped.variable}


@pytest.mark.parametrize("name", NAMES)
def test_every_kept_unwanted_and_left_path_is_in_the_model(name: str) -> None:
    structure: Any = operation(name).structure
    told = models.paths(name)

    assert {field.path for field in kept_fields(structure)} <= told
    assert set(unwanted_paths(structure)) <= told
    assert set(structure.left) <= told


@pytest.mark.parametrize("name", NAMES)
def test_every_path_of_the_model_is_kept_unwanted_or_left(name: str) -> None:
    structure: Any = operation(name).structure
    decided = {
        *(field.path for field in kept_fields(structure)),
        *unwanted_paths(structure),
        *structure.left,
    }

    def is_decided(path: str) -> bool:
        return any(
            path == d or path.startswith((f"{d}.", f"{d}[")) or d.startswith(path)
            for d in decided
        )

    assert [path for path in models.paths(name) if not is_decided(path)] == []


def test_every_personal_path_of_the_orders_model_is_unwanted() -> None:
    unwanted = unwanted_paths(operation("searchOrders").structure)
    kept = {field.path for field in kept_fields(operation("searchOrders").structure)}

    for path in models.PERSONAL:
        assert path in models.paths("searchOrders")
        assert any(path == u or path.startswith((f"{u}.", f"{u}[")) for u in unwanted)
        assert not any(k == path or k.startswith(f"{path}.") for k in kept)


def test_orders_never_ask_for_buyers_addresses_taxes_or_payments() -> None:
    asked = dict(operation("searchOrders").parameters)["includedData"].split(",")

    assert asked == ["PROCEEDS", "FULFILLMENT"]


def official(name: str) -> list[Page]:
    """Every official example, read the way sync reads it."""
    pages = []
    for body in models.examples(name):
        keys = tuple(
            row.get("SellerSKU") or row.get("asin") or ""
            for row in body.get("payload", body.get("items", ()))
        )
        asked = (
            ask(keys=keys)
            if operation(name).over in (Over.SKUS, Over.PRODUCTS)
            else ask()
        )
        pages.append(read(name, body, asked=asked, sample=True))
    return pages


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"getInventorySummaries"}))
def test_every_official_example_is_read_whole(name: str) -> None:
    pages = official(name)

    assert pages
    # getPricing's sandbox answers some examples for offers without a SKU of ours.
    assert any(page.records for page in pages)
    for page in pages:
        assert page.skipped == ()
        assert page.unknown == ()


def test_official_orders_leave_no_trace_of_their_buyers() -> None:
    bodies = models.examples("searchOrders")
    pages = official("searchOrders")
    dropped: set[str] = set()

    for body, page in zip(bodies, pages, strict=True):
        trace = repr(page) + msgspec.json.encode(page.checkpoint).decode()
        personal = {
            text for path in models.PERSONAL for text in models.values(body, path)
        }
        told = set(re.findall(r"[^'\"]+", trace))
        assert personal
        assert personal & told == set()
        assert [text for text in personal if " " in text and text in trace] == []
        assert len(page.records) == len(body["orders"])
        dropped |= page.dropped.keys()

    assert dropped <= set(unwanted_paths(operation("searchOrders").structure))
    assert {"orders[].buyer", "orders[].recipient", "orders[].packages"} <= dropped


def test_an_official_order_becomes_the_record_a_reader_of_it_would_write() -> None:
    british = next(
        page.records[0]
        for page in official("searchOrders")
        if "202-7654321-1098765" in repr(page.records)
    )

    assert isinstance(british, OrderRecord)
    assert british.market == "A1F83G8C2ARO7P"
    assert (british.status, british.channel) == ("SHIPPED", "seller")
    assert (str(british.total), british.currency) == ("34.99", "GBP")
    assert british.ship_by is not None
    assert british.ship_by.isoformat() == "2024-12-25T23:59:59+00:00"
    (item,) = british.items
    assert item.sku == "ECHO-DOT-4-UK-CHARCOAL-SINGLE"
    assert (item.quantity, item.quantity_shipped, item.quantity_cancelled) == (
        1,
        1,
        None,
    )
    assert str(item.unit_price) == "34.99"


@pytest.mark.parametrize("name", NAMES)
def test_every_request_passes_the_gate_of_the_data_map(name: str) -> None:
    for checkpoint in (
        STARTED,
        msgspec.structs.replace(STARTED, cursor="a+/="),
        msgspec.structs.replace(STARTED, full=False, since=STARTED.started),
    ):
        request = ADAPTER.request(operation(name), checkpoint, ask(keys=("A/1", "B 2")))
        assert request is not None
        permit(
            operation(name),
            method=request.method,
            path=request.path,
            query=request.query,
        )


def test_personal_data_planted_on_every_path_is_dropped_and_counted() -> None:
    """Even what the examples don't show: each path of the list gets a canary."""
    body = {"orders": [_planted()]}

    page = read("searchOrders", body)

    assert "CANARY" in json.dumps(body)
    assert "CANARY" not in repr(page)
    assert set(page.dropped) == set(unwanted_paths(operation("searchOrders").structure))
    assert set(page.dropped.values()) == {1}


def _planted() -> dict[str, Any]:
    from tests.adapters.amazon.calls import order, order_item

    item = order_item()
    item["product"]["serialNumbers"] = ["CANARY"]
    item["product"]["customization"] = {"customizedUrl": "https://CANARY"}
    item["fulfillment"]["packing"] = {"giftOption": {"giftMessage": "CANARY"}}
    item["cancellation"] = {"cancellationRequest": {"cancelReason": "CANARY"}}
    return order(
        orderItems=[item],
        orderAliases=[{"aliasId": "CANARY", "aliasType": "SELLER_ORDER_ID"}],
        buyer={"buyerName": "CANARY", "buyerEmail": "CANARY@example.test"},
        recipient={"deliveryAddress": {"name": "CANARY", "city": "CANARY"}},
        payment={"paymentExecutions": [{"cardBrand": "CANARY"}]},
        tax={"taxRegistrations": [{"legalName": "CANARY"}]},
        packages=[{"packageReferenceId": "1", "trackingNumber": "CANARY"}],
        salesChannel={"channelName": "AMAZON", "marketplaceId": US},
    )
