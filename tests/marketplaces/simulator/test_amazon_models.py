"""What the simulated Amazon says is what Amazon's own models allow."""

import json
from typing import Any

import jsonschema
import pytest

from tests.marketplaces.simulator.caller import Caller
from tests.specs import need_specs


def _closed(schema: Any) -> Any:
    """The schema, allowing no member that the model doesn't name."""
    if isinstance(schema, list):
        return [_closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(part) for name, part in schema.items()}
    if isinstance(schema.get("properties"), dict) and "allOf" not in schema:
        closed.setdefault("additionalProperties", False)
    return closed


def _check(model: str, definition: str, answer: object) -> None:
    definitions = json.loads((need_specs() / "amazon" / model).read_text())[
        "definitions"
    ]
    schema = {
        "$ref": f"#/definitions/{definition}",
        "definitions": _closed(definitions),
    }
    jsonschema.Draft4Validator(
        schema, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER
    ).validate(answer)


def test_orders_are_as_the_model_says_with_every_data_set(caller: Caller) -> None:
    for size in (100, 7):
        page = caller.orders(maxResultsPerPage=size).json()
        _check("orders_2026-01-01.json", "SearchOrdersResponse", page)
    everything = {"orders": caller.all_orders()}
    _check("orders_2026-01-01.json", "SearchOrdersResponse", everything)
    assert len(everything["orders"]) == 450


@pytest.mark.parametrize(
    ("account", "market"),
    [("north-amazon-na", "ATVPDKIKX0DER"), ("south-amazon-eu", "A1PA6795UKMFR9")],
)
def test_goods_are_as_the_models_say(caller: Caller, account: str, market: str) -> None:
    caller = Caller(caller.simulator, account).signed_in()
    item = caller.account.items[0]
    for model, definition, answer in (
        (
            "sellers.json",
            "GetMarketplaceParticipationsResponse",
            caller.get("/sellers/v1/marketplaceParticipations"),
        ),
        (
            "listingsItems_2021-08-01.json",
            "ItemSearchResults",
            caller.listings(marketplaceIds=market),
        ),
        (
            "fbaInventory.json",
            "GetInventorySummariesResponse",
            caller.stock(granularityId=market, marketplaceIds=market),
        ),
        (
            "productPricingV0.json",
            "GetPricingResponse",
            caller.prices(MarketplaceId=market, Skus=f"{item.sku},no such sku"),
        ),
        (
            "catalogItems_2022-04-01.json",
            "ItemSearchResults",
            caller.catalog(marketplaceIds=market, identifiers=item.product_id),
        ),
    ):
        assert answer.status_code == 200, answer.text
        _check(model, definition, answer.json())


def test_refusals_are_error_lists(caller: Caller) -> None:
    for answer in (
        caller.orders(includedData="SHOE_SIZE"),
        caller.get("/orders/v0/orders"),
        caller.get("/no/such/path"),
    ):
        assert answer.status_code in (400, 403)
        _check("orders_2026-01-01.json", "ErrorList", answer.json())
