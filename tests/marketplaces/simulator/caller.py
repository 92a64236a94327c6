"""Calls a simulator as any program would: over TLS, with tokens of its own."""

from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import requests

from marketplaces.simulator.desk import APPS
from marketplaces.simulator.server import Simulator

RETURN = "http://localhost:8000/connections/callback"


class Caller:
    """A program that holds a token of one Amazon account."""

    def __init__(self, simulator: Simulator, account: str = "north-amazon-na") -> None:
        self.simulator = simulator
        self.account = simulator.account(account)
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = str(simulator.ca_file)
        self.headers = {"x-amz-access-token": ""}

    def signed_in(self) -> Self:
        """With a token got by consent and code."""
        answer = self.token(grant_type="authorization_code", code=self.code())
        self.headers["x-amz-access-token"] = answer.json()["access_token"]
        return self

    def consent_address(self, **changes: str) -> str:
        """Where a seller's browser would be sent."""
        parameters = {
            "application_id": APPS["amazon"].application_id,
            "state": "a-state",
            "redirect_uri": RETURN,
        } | changes
        address = f"{self.simulator.address}/apps/authorize/consent"
        return requests.Request("GET", address, params=parameters).prepare().url or ""

    def callback(self) -> dict[str, str]:
        """What the browser carries back after Approve."""
        address = self.simulator.approved(self.consent_address(), self.account.key)
        answer = self.session.get(address, allow_redirects=False)
        return carried(answer)

    def code(self) -> str:
        """A fresh code."""
        return self.callback()["spapi_oauth_code"]

    def token(self, **form: str) -> requests.Response:
        """A call of the token endpoint with our app's keys."""
        return self.session.post(
            f"{self.simulator.address}/auth/o2/token",
            data={
                "client_id": APPS["amazon"].client_id,
                "client_secret": APPS["amazon"].client_secret,
                "redirect_uri": RETURN,
            }
            | form,
        )

    def get(self, path: str, **parameters: object) -> requests.Response:
        """A call with the token."""
        return self.session.get(
            self.simulator.address + path,
            params={name: str(value) for name, value in parameters.items()},
            headers=self.headers,
        )

    def orders(self, **parameters: object) -> requests.Response:
        """searchOrders over all there is, unless told otherwise."""
        usual: dict[str, object] = {
            "lastUpdatedAfter": "2020-01-01T00:00:00Z",
            "includedData": "PROCEEDS,FULFILLMENT",
        }
        chosen = {
            name: value
            for name, value in (usual | parameters).items()
            if value is not None
        }
        return self.get("/orders/2026-01-01/orders", **chosen)

    def all_orders(self, **parameters: object) -> list[dict[str, Any]]:
        """Every page of searchOrders."""
        found: list[dict[str, Any]] = []
        token = None
        while True:
            answer = self.orders(paginationToken=token, **parameters)
            assert answer.status_code == 200, answer.text
            page = answer.json()
            found += page["orders"]
            if "pagination" not in page:
                return found
            token = page["pagination"]["nextToken"]

    def listings(self, **parameters: object) -> requests.Response:
        """searchListingsItems of the account's first store."""
        path = f"/listings/2021-08-01/items/{self.account.account_id}"
        usual: dict[str, object] = {
            "marketplaceIds": self.account.markets[0].id,
            "includedData": "summaries,offers,fulfillmentAvailability,issues",
            "pageSize": 20,
        }
        return self.get(path, **(usual | parameters))

    def stock(self, **parameters: object) -> requests.Response:
        """getInventorySummaries of the account's first store."""
        usual: dict[str, object] = {
            "details": "true",
            "granularityType": "Marketplace",
            "granularityId": self.account.markets[0].id,
            "marketplaceIds": self.account.markets[0].id,
        }
        return self.get("/fba/inventory/v1/summaries", **(usual | parameters))

    def prices(self, **parameters: object) -> requests.Response:
        """getPricing of the account's first store, by SKU."""
        usual: dict[str, object] = {
            "MarketplaceId": self.account.markets[0].id,
            "ItemType": "Sku",
        }
        return self.get("/products/pricing/v0/price", **(usual | parameters))

    def catalog(self, **parameters: object) -> requests.Response:
        """searchCatalogItems of the account's first store, by ASIN."""
        usual: dict[str, object] = {
            "marketplaceIds": self.account.markets[0].id,
            "identifiersType": "ASIN",
            "includedData": "summaries,classifications,images",
        }
        return self.get("/catalog/2022-04-01/items", **(usual | parameters))


def carried(answer: requests.Response) -> dict[str, str]:
    """The parameters of the address an answer redirects to."""
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    return {name: values[0] for name, values in query.items()}
