"""The description says what the API does, and the API does what it says."""

import re
from typing import Any

import pytest
from django.core.management import call_command
from jsonschema import Draft202012Validator

from marketplaces.api.examples import EXAMPLES
from marketplaces.api.schema import whole_schema
from tests.conftest import signed_in
from tests.marketplaces.api.conftest import V1, Key
from tests.marketplaces.api.test_who_reads import NAMES
from tests.marketplaces.console import rows
from tests.marketplaces.console.conftest import World

OPERATIONS = {
    told["get"]["operationId"]: (path, told["get"])
    for path, told in whole_schema()["paths"].items()
}
IDS = {  # the names of addresses, and what the description calls them
    "connections": "connections_list",
    "sync_runs": "sync_runs_list",
    "orders": "orders_list",
    "listings": "listings_list",
    "prices": "prices_list",
    "inventory": "inventory_list",
}


def _closed(schema: Any) -> Any:
    """The schema, refusing what it doesn't name: nothing untold is in an answer."""
    if isinstance(schema, list):
        return [_closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: _closed(part) for name, part in schema.items()}
    if "properties" in made and made.get("type") == "object":
        made.setdefault("additionalProperties", False)
    return made


def fits(value: Any, operation: str, code: str = "200") -> None:
    answer = OPERATIONS[operation][1]["responses"][code]
    kind = "application/json" if code == "200" else "application/problem+json"
    told = answer["content"][kind]["schema"]
    whole = _closed({**told, "components": whole_schema()["components"]})
    Draft202012Validator(
        whole, format_checker=Draft202012Validator.FORMAT_CHECKER
    ).validate(value)


def test_the_description_is_valid_and_complete(capsys: Any) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn")
    assert "openapi: 3.1" in capsys.readouterr().out
    assert set(OPERATIONS) == {
        *(IDS.get(name, name) for name in NAMES),
        "sellers_list",
        "schema",
    }
    for _, told in OPERATIONS.values():
        assert set(told["responses"]) == {
            *("200", "400", "401", "403", "404", "405", "429", "503")
        }
        assert told["security"] == [{"apiKey": []}, {"cookieAuth": []}]
        assert all(p["description"] for p in told.get("parameters", ()))
        assert all(r["description"] for r in told["responses"].values())


@pytest.mark.parametrize("name", NAMES)
def test_real_answers_fit_the_description(
    world: World, key: Key, paths: dict[str, str], name: str
) -> None:
    rows.order(world.north, "1", status="PENDING", total=None, currency=None)
    rows.listing(world.north, "BARE", title=None, listed_at=None, product_id=None)
    rows.stock(world.north, "BARE", None)
    fits(key.get(paths[name]).json(), IDS.get(name, name))
    fits(key.get(paths[name], {"nonsense": "1"}).json(), IDS.get(name, name), "400")


def test_refusals_fit_the_description(
    world: World, key: Key, paths: dict[str, str]
) -> None:
    from django.test import Client

    fits(Client().get(paths["orders"]).json(), "orders_list", "401")
    fits(key.get(f"{V1}/sellers/south/orders").json(), "orders_list", "404")
    sent = Client().post(paths["orders"], headers=key.header)
    fits(sent.json(), "orders_list", "405")
    fits(key.get(f"{V1}/sellers").json(), "sellers_list")


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_fit_and_are_made_up(name: str) -> None:
    fits(EXAMPLES[name], name)
    assert "example.org" in str(EXAMPLES[name])


def test_what_is_described_is_what_is_asked(key: Key) -> None:
    for operation in ("orders_list", "listings_list", "prices_list", "inventory_list"):
        path, told = OPERATIONS[operation]
        asked = [p for p in told["parameters"] if p["in"] == "query"]
        assert {"q", "size", "cursor", "sort"} <= {p["name"] for p in asked}
        for parameter in asked:
            for value in parameter["schema"].get("enum", ()):
                answer = key.get(
                    path.replace("{slug}", "north"), {parameter["name"]: value}
                )
                assert answer.status_code == 200, (operation, parameter["name"], value)


def test_the_description_is_served_as_it_is(key: Key) -> None:
    assert key.get(f"{V1}/schema/").json()["openapi"].startswith("3.1")
    assert key.get(f"{V1}/schema/", {"format": "yaml"}).status_code == 400


def test_the_page_for_people_has_every_address_and_no_script_of_its_own(
    world: World,
) -> None:
    text = signed_in(world.cast.bob).get(f"{V1}/docs/").content.decode()
    for path, _ in OPERATIONS.values():
        assert f"GET {path}" in text
    assert re.findall(r"<script[^>]*>", text) == ['<script src="/static/js/plug.js">']
    assert "style=" not in text
    assert "total.amount" in text
    assert "results[].items[].sku" in text
