"""USE-4: what the real map can't say isn't sent, not even a greeting to the peer.

Amazon's restricted operations, data sets, tokens and reports, and Walmart's calls that
write or show more of a buyer, each tried with the real transport and the real map.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from marketplaces import shelf
from marketplaces.contract import Request
from marketplaces.datamap import OperationNotPermitted
from marketplaces.transport import Transport
from tests.marketplaces.loopback import Loopback, loopback, says

ORDERS = "includedData=PROCEEDS,FULFILLMENT&maxResultsPerPage=100"
DATA_SETS = [
    "BUYER", "RECIPIENT", "EXPENSE", "PROMOTION", "CANCELLATION", "PACKAGES", "TAX",
    "PAYMENT", "FULFILLMENT_ORDERS",
]  # fmt: skip
QUERIES = {
    **{
        f"data set {name}": (
            "amazon.searchOrders",
            ORDERS.replace("FULFILLMENT", f"FULFILLMENT,{name}"),
        )
        for name in DATA_SETS
    },
    "a second includedData": ("amazon.searchOrders", f"{ORDERS}&includedData=BUYER"),
    "includedData in other letters": (
        "amazon.searchOrders",
        f"{ORDERS}&IncludedData=BUYER",
    ),
    "buyer's mail": ("amazon.searchOrders", f"{ORDERS}&BuyerEmail=a%40b.example"),
    "attributes": (
        "amazon.searchListingsItems",
        "includedData=attributes&pageSize=20&sortOrder=ASC",
    ),
    "report type": (
        "amazon.searchOrders",
        f"{ORDERS}&reportTypes=GET_FLAT_FILE_ORDER_REPORT_DATA_SHIPPING",
    ),
    "replacements": ("walmart.getAllOrders", "limit=200&replacementInfo=true"),
    "a buyer's orders": ("walmart.getAllOrders", "limit=200&customerOrderId=1"),
}
CALLS = [
    ("POST", "/tokens/2021-03-01/restrictedDataToken"),
    ("POST", "/reports/2021-06-30/reports"),
    ("GET", "/reports/2021-06-30/documents/1"),
    ("GET", "/orders/v0/orders"),
    ("GET", "/orders/v0/orders/1/address"),
    ("GET", "/orders/v0/orders/1/buyerInfo"),
    ("GET", "/orders/2026-01-01/orders/1"),
    ("GET", "/orders/2026-01-01/orders/../../../tokens/2021-03-01/x"),
    ("GET", "/orders/2026-01-01/orders%2f1"),
    ("GET", "/listings/2021-08-01/items/..%2F..%2F..%2Forders%2Fv0%2Forders"),
    ("GET", "/sellers/v1/account"),
    ("GET", "/mfn/v0/shipments/1"),
    ("GET", "/messaging/v1/orders/1"),
    ("GET", "/v3/returns"),
    ("GET", "/v3/orders/1"),
    ("POST", "/v3/orders/1/acknowledge"),
    ("POST", "/v3/orders"),
    ("PUT", "/v3/price"),
    ("POST", "/v3/reports/reportRequests"),
    ("GET", "/v3/settings/partnerprofile"),
]


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[Loopback]:
    with loopback(tmp_path, says(b"{}")) as server:
        yield server


def send(peer: Loopback, request: Request) -> None:
    with Transport(
        datamap=shelf.datamap(),
        hosts={"api": peer.address, "token": peer.address},
        token_path="/auth/o2/token",
        ca_file=str(peer.ca_file),
    ) as out:
        out.send(request)


@pytest.mark.parametrize("case", QUERIES)
def test_a_query_that_asks_for_more_opens_no_socket(peer: Loopback, case: str) -> None:
    key, query = QUERIES[case]
    operation = shelf.datamap().operation(key)
    path = operation.path.replace("{sellerId}", "A1")
    with pytest.raises(OperationNotPermitted):
        send(peer, Request(operation, "api", "GET", path, query))
    assert peer.connections == 0


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_a_call_of_another_kind_opens_no_socket(
    peer: Loopback, method: str, path: str
) -> None:
    """Under the name of any mapped operation, of one made up, or of none."""
    for operation in shelf.datamap():
        query = "&".join(f"{name}={value}" for name, value in operation.parameters)
        made_up = replace(operation, method=method, path=path)
        for request in (
            Request(operation, "api", method, path, query),
            Request(made_up, "api", method, path, query),
            Request(operation, "token", method, path, query),
        ):
            with pytest.raises(OperationNotPermitted):
                send(peer, request)
    for endpoint in ("api", "token"):
        with pytest.raises(OperationNotPermitted):
            send(peer, Request(None, endpoint, method, path))
    assert peer.connections == 0


@pytest.mark.parametrize(
    "key",
    ["amazon.createReport", "amazon.createRestrictedDataToken", "amazon.getOrder"],
)
def test_an_operation_outside_of_the_map_has_no_name(key: str) -> None:
    with pytest.raises(OperationNotPermitted, match="isn't in the data map"):
        shelf.datamap().operation(key)


def test_what_the_map_says_is_sent(peer: Loopback) -> None:
    orders = shelf.datamap().operation("amazon.searchOrders")
    send(peer, Request(orders, "api", "GET", orders.path, ORDERS))
    assert peer.connections == 1
