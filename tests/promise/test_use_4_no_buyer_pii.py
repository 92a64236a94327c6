"""USE-4: “We do not retrieve the personal data of Amazon's buyers, and we ask for no
restricted role.”

The marketplaces' own published answers, personal data and all, are served over TLS,
fetched by `manage.py sync`, stored, and shown on their pages. What belongs to the
seller arrives; nothing of the buyer does.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from marketplaces import credentials, shelf
from marketplaces.contract import Credentials, Secret
from marketplaces.datamap import DataMap
from marketplaces.models import (
    Connection,
    FeatureSwitch,
    Listing,
    Order,
    Price,
    Product,
    Stock,
    SyncRun,
)
from plugseller.crypto.fields import Sealed
from plugseller.custody.rules import RULES
from tests.adapters.amazon import models as amazon
from tests.adapters.walmart import examples as walmart
from tests.adapters.walmart.test_conformance import PERSONAL as WALMART_PERSONAL
from tests.conftest import Cast
from tests.marketplaces.console.conftest import World
from tests.promise.controls import fails, found, passes
from tests.promise.official import Official

# How many Amazon shows of each operation; of its stock none, so that one isn't here.
SHOWN = {
    "getMarketplaceParticipations": 2,
    "searchListingsItems": 2,
    "getPricing": 3,
    "searchOrders": 4,
    "searchCatalogItems": 2,
}
CASES = [
    *((f"amazon.{name}", n) for name, shown in SHOWN.items() for n in range(shown)),
    *((key, 0) for key in walmart.EXAMPLES),
]
# Walmart's examples of lists announce more rows than they show, and the one of its own
# warehouses is a form without a SKU: both are reported, not swallowed.
TOLD = {
    "Walmart's list ended before all that it had announced.",
    "The row names no usable SKU.",
}
SHORT = 5  # shorter personal values ("CA", "1") prove nothing by being found


def official_example(key: str, number: int) -> Any:
    if key.startswith("walmart."):
        return walmart.example(walmart.EXAMPLES[key])
    return amazon.examples(key.partition(".")[2])[number]


def personal_values(key: str, body: Any) -> set[str]:
    if key == "amazon.searchOrders":
        found = {v for path in amazon.PERSONAL for v in amazon.values(body, path)}
    elif key == "walmart.getAllOrders":
        found = {
            str(value)
            for path, value in walmart.leaves(body)
            if any(path.startswith(personal) for personal in WALMART_PERSONAL)
        }
    else:
        found = set()
    return {value for value in found if len(value) >= SHORT}


@pytest.fixture
def official(settings: Any, tmp_path: Path) -> Iterator[Official]:
    operations = tuple(shelf.datamap())
    with Official(operations, tmp_path).serving() as running:
        settings.MARKETPLACE_CA_FILE = str(running.ca_file)
        settings.MARKETPLACE_ADDRESSES = {
            name: dict.fromkeys(("api", "token", "consent"), running.address)
            for name in settings.MARKETPLACES
        }
        settings.MARKETPLACE_APPS = {
            name: {
                "application_id": "our-app",
                "client_id": "our-app",
                "client_secret": "our-secret",
                "draft": False,
            }
            for name in settings.MARKETPLACES
        }
        yield running


def connected(cast: Cast, marketplace: str, **features: bool) -> Connection:
    adapter = shelf.adapter(marketplace)
    kept = Credentials(
        account_id="AOFFICIAL", refresh_token=Secret("Atzr|a-refresh-token")
    )
    account = Connection.objects.create(
        seller=cast.north,
        marketplace=marketplace,
        region=adapter.regions[0].key,
        account_id="AOFFICIAL",
        credentials=credentials.pack(kept),
        connected_at=datetime.now(UTC),
    )
    for feature in shelf.datamap().features(marketplace):
        FeatureSwitch.objects.create(connection=account, feature=feature.value, on=True)
    return account


def everything_stored() -> str:
    """Every value of every table, sealed ones opened."""
    told = []
    for model in apps.get_models():
        for row in model._base_manager.all():
            values = (getattr(row, f.attname) for f in model._meta.concrete_fields)
            told += [str(v.reveal() if isinstance(v, Sealed) else v) for v in values]
    return "\n".join(told)


def says(text: str, value: str) -> bool:
    """Whether the value stands there by itself: a post code may be part of a number."""
    alone = rf"(?<![0-9A-Za-z]){re.escape(value)}(?![0-9A-Za-z])"
    return re.search(alone, text) is not None


def pages_of(client: Client, slug: str) -> str:
    told = []
    for page in ("", "orders", "listings", "inventory", "prices", "connections"):
        answer = client.get(f"/s/{slug}/{page}")
        assert answer.status_code == 200, page
        told.append(answer.content.decode())
    for order in Order._base_manager.all():
        answer = client.get(f"/s/{slug}/orders/{order.connection_id}/{order}")
        assert answer.status_code == 200
        told.append(answer.content.decode())
    return "\n".join(told)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("key", "number"), CASES, ids=[f"{key}-{number}" for key, number in CASES]
)
def test_an_official_answer_goes_all_the_way_without_its_buyer(
    key: str,
    number: int,
    official: Official,
    cast: Cast,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The examples are years old: none may be left out for its age.
    long = replace(RULES["orders"], keep=timedelta(days=36_500))
    monkeypatch.setitem(RULES, "orders", long)
    body = official_example(key, number)
    marketplace = key.partition(".")[0]
    account = connected(cast, marketplace)
    prepare(official, account, key, body)

    call_command("sync", connection=str(account.pk), json=True, stdout=_Quiet())

    assert key in official.asked
    run = SyncRun._base_manager.filter(
        connection=account, feature=shelf.datamap().operation(key).feature
    ).latest("pk")
    assert run.outcome == SyncRun.Outcome.DONE, (run.trouble, run.error_code)
    assert set(run.skipped) <= TOLD
    wanted, kept = arrived(key, body)
    assert wanted <= kept
    client.force_login(cast.alice)
    shown = pages_of(client, cast.north.slug)
    assert [value for value in wanted if not says(shown, escape(value))] == []
    stored = everything_stored()
    for value in personal_values(key, body):
        assert not says(shown, value)
        assert not says(stored, value)


def prepare(official: Official, account: Connection, key: str, body: Any) -> None:
    """Serve the example, and whatever has to be there before it is asked for."""
    official.examples["amazon.getMarketplaceParticipations"] = {
        "payload": [
            {
                "marketplace": {
                    "id": "ATVPDKIKX0DER",
                    "countryCode": "US",
                    "name": "Amazon.com",
                    "defaultCurrencyCode": "USD",
                    "defaultLanguageCode": "en_US",
                    "domainName": "www.amazon.com",
                },
                "participation": {
                    "isParticipating": True,
                    "hasSuspendedListings": False,
                },
                "storeName": "North",
            }
        ]
    }
    official.examples["amazon.getInventorySummaries"] = {
        "payload": {
            "granularity": {
                "granularityType": "Marketplace",
                "granularityId": "ATVPDKIKX0DER",
            },
            "inventorySummaries": [],
        }
    }
    official.examples["walmart.getTokenDetail"] = walmart.example(
        walmart.EXAMPLES[walmart.DETAIL.key]
    )
    official.examples[key] = body
    if key == "amazon.getPricing":
        skus = [e["SellerSKU"] for e in body["payload"] if "SellerSKU" in e]
        asins = [e.get("ASIN") for e in body["payload"]]
        official.examples["amazon.searchListingsItems"] = _listings(
            skus or ["A-SKU"], asins
        )
    if key == "amazon.searchCatalogItems":
        asins = [item["asin"] for item in body["items"]]
        official.examples["amazon.searchListingsItems"] = _listings(asins, asins)


def _listings(skus: list[str], asins: list[str | None]) -> Any:
    return {
        "numberOfResults": len(skus),
        "items": [
            {
                "sku": sku,
                "summaries": [
                    {
                        "marketplaceId": "ATVPDKIKX0DER",
                        "asin": asin or "B000000001",
                        "productType": "PRODUCT",
                        "status": ["BUYABLE"],
                        "itemName": "Mug",
                        "createdDate": "2025-01-01T00:00:00Z",
                        "lastUpdatedDate": "2025-01-01T00:00:00Z",
                    }
                ],
            }
            for sku, asin in zip(skus, asins, strict=False)
        ],
    }


def arrived(key: str, body: Any) -> tuple[set[str], set[str]]:
    """What of the seller's own should be there after the sync, and what is."""
    wanted: set[str]
    match key.partition(".")[2]:
        case "searchOrders":
            wanted = {o["orderId"] for o in body["orders"]}
            kept = set(Order._base_manager.values_list("external_id", flat=True))
        case "getAllOrders":
            wanted = {
                value
                for path, value in walmart.leaves(body)
                if path.endswith("purchaseOrderId")
            }
            kept = set(Order._base_manager.values_list("external_id", flat=True))
        case "searchListingsItems":
            wanted = {i["sku"] for i in body["items"]}
            kept = set(Listing._base_manager.values_list("sku", flat=True))
        case "getAllItems":
            wanted = {i["sku"] for i in body["ItemResponse"]}
            kept = set(Listing._base_manager.values_list("sku", flat=True))
        case "getInventories":
            wanted = {i["sku"] for i in body["elements"]["inventories"]}
            kept = set(Stock._base_manager.values_list("sku", flat=True))
        case "getWfsInventory":
            rows = body["payload"]["inventory"]
            wanted = {row["itemInformation"]["sku"] for row in rows}
            kept = set(Stock._base_manager.values_list("sku", flat=True))
        case "getPricing":
            wanted = {
                e["SellerSKU"]
                for e in body["payload"]
                if e.get("status") == "Success" and "SellerSKU" in e
            }
            kept = set(Price._base_manager.values_list("sku", flat=True))
        case "searchCatalogItems":
            wanted = {i["asin"] for i in body["items"]}
            kept = set(Product._base_manager.values_list("external_id", flat=True))
        case _:
            wanted, kept = set(), set()
    return wanted - {""}, kept


class _Quiet:
    """Takes what the command prints, and looks at it: it must be JSON."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> None:
        self.text += text

    def flush(self) -> None:
        json.loads(self.text or "null")


def test_every_example_of_every_operation_has_its_case() -> None:
    shown = {f"amazon.{name}": len(amazon.examples(name)) for name in amazon.FILES}
    shown |= dict.fromkeys(walmart.EXAMPLES, 1)
    assert shown.keys() == {o.key for o in shelf.datamap()}
    assert Counter(key for key, _ in CASES) == Counter(shown)


@pytest.mark.django_db
def test_no_call_for_buyers_data_can_be_made_or_was(world: World) -> None:
    assert passes("use-4.restricted")
    assert found("use-4.restricted").evidence["values dropped in 30 days"] == 10


@pytest.mark.django_db
def test_a_call_that_was_refused_breaks_it(world: World) -> None:
    refused = {"error_code": "not permitted", "started_at": timezone.now()}
    SyncRun.unfenced.filter(pk=world.run.pk).update(**refused)
    assert fails("use-4.restricted")


@pytest.mark.django_db
def test_a_map_that_could_express_one_breaks_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = list(shelf.datamap())
    path = "/tokens/2021-03-01/restrictedDataToken"
    wider = DataMap([*known, replace(known[0], key="amazon.token", path=path)])
    monkeypatch.setattr(shelf, "datamap", lambda: wider)
    assert fails("use-4.restricted")
