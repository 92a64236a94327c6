"""What we send equals what python-amazon-sp-api sends, for every mapped operation.

The library is an independent witness: it is given the same values by its own names and
its request is caught before the network. Where the two differ on purpose the reason
stands here, and nowhere else may they differ.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from sp_api.api import CatalogItems, Inventories, ListingsItems, Orders, Sellers
from sp_api.api.products.products_v0 import ProductsV0
from sp_api.auth import AccessTokenClient, access_token_client
from sp_api.base import Client, Marketplaces
from sp_api.base._transport_httpx import HttpxTransport
from sp_api.base.credential_provider import FromCodeCredentialProvider

from marketplaces.adapters.amazon import ADAPTER
from marketplaces.contract import Ask, Checkpoint, Credentials, Request, Secret
from tests.adapters.amazon.calls import APP, NOW, US, ask, operation

REFRESH = "Atzr|refresh/+="
CREDENTIALS = {
    "lwa_app_id": APP.client_id,
    "lwa_client_secret": APP.client_secret.reveal(),
    "refresh_token": REFRESH,
}

# Why a header of the library isn't sent by us, or another is.
HEADERS_WE_LEAVE = {
    "x-amz-date": "nothing is signed since 2023-10-02, so the date proves nothing",
    "content-type": "a GET has no content",
    "host": "our transport's part",
    "accept-encoding": "our transport's part",
    "connection": "our transport's part",
    "content-length": "our transport's part",
}
HEADERS_OF_OUR_OWN = {
    "accept": "JSON rather than anything",
    "user-agent": "Amazon asks for the application's own name",
}


class Caught:
    """Catches what the library would send."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        token = {"access_token": "Atza|token", "expires_in": 3600}
        body = {**token, "refresh_token": REFRESH, "token_type": "bearer"}
        return httpx.Response(200, json={**body, "payload": {}})

    def transport(self) -> HttpxTransport:
        client = httpx.Client(transport=httpx.MockTransport(self))
        return HttpxTransport(client=client)


def client(kind: type[Client], caught: Caught, **options: Any) -> Any:
    """A client of the library; credentials are passed and nowhere else looked for."""
    made = kind(
        Marketplaces.US,
        credentials=CREDENTIALS,
        credential_providers=(FromCodeCredentialProvider,),
        **options,
    )
    made._transport = caught.transport()
    made._auth._transport = caught.transport()
    return made


def theirs(caught: Caught) -> httpx.Request:
    return caught.requests[-1]


SINCE = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
DELTA = Checkpoint(full=False, since=SINCE, started=NOW, cursor="to+ken/==%")
FIRST = Checkpoint(started=NOW, cursor="to+ken/==%")
SKUS = ("A/1", "50% off", "C+#", "café 🎁", "&=?")
ASINS = ("B000000001", "B000000002")

Case = tuple[str, Checkpoint, Ask, Callable[[Caught], Any]]
CASES: dict[str, Case] = {
    "stores": (
        "getMarketplaceParticipations",
        Checkpoint(started=NOW),
        ask(),
        lambda c: client(Sellers, c).get_marketplace_participation(),
    ),
    "listings, all": (
        "searchListingsItems",
        FIRST,
        ask(),
        lambda c: client(ListingsItems, c).search_listings_items(
            "A2SELLER0NORTH",
            marketplaceIds=[US],
            includedData="summaries,offers,fulfillmentAvailability,issues",
            sortBy="createdDate",
            sortOrder="ASC",
            createdBefore="2026-11-24T12:00:00Z",
            pageSize=20,
            pageToken="to+ken/==%",
        ),
    ),
    "listings, changes": (
        "searchListingsItems",
        DELTA,
        ask(),
        lambda c: client(ListingsItems, c).search_listings_items(
            "A2SELLER0NORTH",
            marketplaceIds=[US],
            includedData="summaries,offers,fulfillmentAvailability,issues",
            sortBy="lastUpdatedDate",
            sortOrder="ASC",
            lastUpdatedAfter="2026-11-20T08:25:00Z",
            lastUpdatedBefore="2026-11-24T12:00:00Z",
            pageSize=20,
            pageToken="to+ken/==%",
        ),
    ),
    "stock, all": (
        "getInventorySummaries",
        FIRST,
        ask(),
        lambda c: client(Inventories, c).get_inventory_summary_marketplace(
            details="true",
            granularityType="Marketplace",
            granularityId=US,
            marketplaceIds=[US],
            nextToken="to+ken/==%",
        ),
    ),
    "stock, changes": (
        "getInventorySummaries",
        DELTA,
        ask(),
        lambda c: client(Inventories, c).get_inventory_summary_marketplace(
            details="true",
            granularityType="Marketplace",
            granularityId=US,
            marketplaceIds=[US],
            startDateTime="2026-11-20T08:25:00Z",
            nextToken="to+ken/==%",
        ),
    ),
    "prices": (
        "getPricing",
        Checkpoint(started=NOW),
        ask(keys=SKUS),
        lambda c: client(ProductsV0, c).get_product_pricing_for_skus(
            list(SKUS), MarketplaceId=US
        ),
    ),
    "catalogue": (
        "searchCatalogItems",
        Checkpoint(started=NOW),
        ask(keys=ASINS),
        lambda c: client(CatalogItems, c, version="2022-04-01").search_catalog_items(
            marketplaceIds=[US],
            identifiersType="ASIN",
            identifiers=",".join(ASINS),
            includedData="summaries",
            pageSize=20,
        ),
    ),
    "orders, first load": (
        "searchOrders",
        FIRST,
        ask(markets=(US, "A2EUQ1WTGCTBG2")),
        lambda c: client(Orders, c, version="2026-01-01").search_orders(
            createdAfter=f"{NOW - timedelta(days=548):%Y-%m-%dT%H:%M:%SZ}",
            marketplaceIds=[US, "A2EUQ1WTGCTBG2"],
            includedData=["PROCEEDS", "FULFILLMENT"],
            maxResultsPerPage=100,
            paginationToken="to+ken/==%",
        ),
    ),
    "orders, changes": (
        "searchOrders",
        DELTA,
        ask(),
        lambda c: client(Orders, c, version="2026-01-01").search_orders(
            lastUpdatedAfter="2026-11-20T08:25:00Z",
            marketplaceIds=[US],
            includedData=["PROCEEDS", "FULFILLMENT"],
            maxResultsPerPage=100,
            paginationToken="to+ken/==%",
        ),
    ),
}


def test_every_mapped_operation_has_a_witness() -> None:
    assert {f"amazon.{case[0]}" for case in CASES.values()} == {
        o.key for o in ADAPTER.operations
    }


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_our_request_is_the_one_the_library_sends(case: Case) -> None:
    name, checkpoint, asked, their_call = case
    caught = Caught()

    ours = ADAPTER.request(operation(name), checkpoint, asked)
    their_call(caught)

    assert ours is not None
    assert ours.method == theirs(caught).method
    assert ours.path == theirs(caught).url.raw_path.decode().partition("?")[0]
    assert parameters(ours.query) == parameters(theirs(caught).url.query.decode())
    assert f"https://{asked.region.api_host}" == Marketplaces.US.endpoint
    same_headers(ours, theirs(caught))


def parameters(query: str) -> list[tuple[str, str]]:
    return sorted(parse_qsl(query, keep_blank_values=True))


def same_headers(ours: Request, theirs: httpx.Request) -> None:
    mine, their = dict(ours.headers), dict(theirs.headers)
    for name in their.keys() - mine.keys():
        assert name in HEADERS_WE_LEAVE
    for name in mine.keys() - their.keys():
        assert name in HEADERS_OF_OUR_OWN
    for name in (mine.keys() & their.keys()) - HEADERS_OF_OUR_OWN.keys():
        assert mine[name] == their[name]


def test_our_renewal_is_the_one_the_library_sends() -> None:
    caught = Caught()
    ours = ADAPTER.renewal(
        app=APP,
        credentials=Credentials(account_id="A2", refresh_token=Secret(REFRESH)),
    )

    access_token_client.cache.clear()  # one for all its clients, by refresh token
    assert client(Sellers, caught).auth.access_token == "Atza|token"

    same_token_request(ours, theirs(caught))
    assert parameters(ours.body.decode()) == parameters(theirs(caught).content.decode())


def test_our_exchange_is_the_one_the_library_sends_but_for_the_redirect_uri() -> None:
    caught = Caught()
    ours = ADAPTER.exchange(app=APP, callback={"spapi_oauth_code": "co/de+="})
    token_client = AccessTokenClient(credentials=client(Sellers, caught).credentials)
    token_client._transport = caught.transport()

    token_client.authorize_auth_code("co/de+=")

    same_token_request(ours, theirs(caught))
    # Amazon's list of parameters has redirect_uri; the library leaves it out.
    assert parameters(ours.body.decode()) == sorted(
        [
            *parameters(theirs(caught).content.decode()),
            ("redirect_uri", APP.redirect_uri),
        ]
    )


def same_token_request(ours: Request, theirs: httpx.Request) -> None:
    assert (ours.method, ours.path, ours.query) == ("POST", theirs.url.path, "")
    assert theirs.method == "POST"
    assert ADAPTER.consent.token_host == theirs.url.host
    assert ours.operation is None
    assert ours.endpoint == "token"
    same_headers(ours, theirs)


def test_hosts_and_stores_are_those_of_the_library() -> None:
    ours = {
        (f"https://{region.api_host}", market)
        for region in ADAPTER.regions
        for market in region.markets
    }
    assert ours == {(m.endpoint, m.marketplace_id) for m in Marketplaces}
