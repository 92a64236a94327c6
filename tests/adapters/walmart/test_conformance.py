"""The map against Walmart's own examples: nothing kept that Walmart doesn't send."""

from urllib.parse import parse_qsl

import pytest

from marketplaces.contract import Checkpoint
from marketplaces.datamap import (
    Operation,
    OperationNotPermitted,
    kept_fields,
    permit,
    unwanted_paths,
)
from tests.adapters.walmart.examples import (
    EXAMPLES,
    ITEMS,
    NOW,
    OPERATIONS,
    ORDERS,
    example,
    leaves,
    read,
    request,
)

EVERY = list(OPERATIONS.values())
NAMES = list(OPERATIONS)

ONLY_DOCUMENTED = {
    # the paging member of every list; the one-page example has none
    "nextCursor",
    # errors inside of a good answer: Walmart's guide to inventory, field reports
    "elements.inventories[].nodes[].errors[].code",
    "list.errors[].code",
}
ORDER = "list.elements.order[]"
LINE = f"{ORDER}.orderLines.orderLine[]"
UNWANTED_ONLY_DOCUMENTED = {
    # named by the order specification, in no example of the list
    f"{ORDER}.buyerId",
    f"{ORDER}.isGuest",
    f"{ORDER}.paymentTypes",
    f"{ORDER}.pickupPersons[].name",
    f"{ORDER}.pickupPersons[].phone",
    f"{LINE}.miscAttributes",
    f"{LINE}.configId",
    f"{LINE}.serialNumbers",
}
PERSONAL = {
    *(
        f"{ORDER}.shippingInfo.postalAddress.{name}"
        for name in (
            "name",
            "address1",
            "address2",
            "city",
            "state",
            "postalCode",
            "country",
            "addressType",
        )
    ),
    f"{ORDER}.shippingInfo.phone",
    f"{ORDER}.customerEmailId",
    f"{ORDER}.customerOrderId",
    f"{ORDER}.originalCustomerOrderID",
    f"{LINE}.fulfillment.pickUpBy",
    f"{LINE}.orderLineStatuses.orderLineStatus[].trackingInfo.trackingNumber",
    f"{LINE}.orderLineStatuses.orderLineStatus[].trackingInfo.trackingURL",
    f"{LINE}.orderLineStatuses.orderLineStatus[].cancellationReason",
    f"{LINE}.orderLineStatuses.orderLineStatus[].returnCenterAddress",
    f"{LINE}.refund.refundComments",
} | UNWANTED_ONLY_DOCUMENTED


def _official(operation: Operation) -> set[str]:
    """Every path of the official examples, with those of the parts above them."""
    found = {path for path, _ in leaves(example(EXAMPLES[operation.key]))}
    if operation is ORDERS:
        for name in ("order_single.200.json", "order_single_miscAttributes.200.json"):
            for path, _ in leaves(example(name)):
                found.add(f"list.elements.order[].{path.removeprefix('order.')}")
    for path in list(found):
        parts = path.split(".")
        found |= {".".join(parts[:end]) for end in range(1, len(parts))}
    return found


@pytest.mark.parametrize("operation", EVERY, ids=NAMES)
def test_every_kept_field_is_in_an_official_example(operation: Operation) -> None:
    kept = {field.path for field in kept_fields(operation.structure)}
    assert kept - _official(operation) - ONLY_DOCUMENTED == set()


def test_every_unwanted_path_is_one_that_walmart_sends() -> None:
    unwanted = set(unwanted_paths(ORDERS.structure))
    assert unwanted - _official(ORDERS) == UNWANTED_ONLY_DOCUMENTED


def test_every_personal_path_is_looked_for_and_none_is_kept() -> None:
    assert set(unwanted_paths(ORDERS.structure)) == PERSONAL
    kept = {field.path for field in kept_fields(ORDERS.structure)}
    for personal in PERSONAL:
        assert not any(path.startswith(personal) for path in kept), personal


@pytest.mark.parametrize("operation", EVERY, ids=NAMES)
def test_an_official_example_holds_nothing_that_nobody_decided_about(
    operation: Operation,
) -> None:
    page = read(operation, example(EXAMPLES[operation.key]), sample=True)
    # Walmart's own example wraps one order of the list in a second "order".
    wrapped = {"list.elements.order[].order"} if operation is ORDERS else set()
    assert set(page.unknown) == wrapped


def test_a_field_that_walmart_adds_is_found_by_sampling() -> None:
    answer = example(EXAMPLES[ITEMS.key])
    answer["ItemResponse"][3]["soldBy"] = "Jo Doe"
    assert read(ITEMS, answer, sample=True).unknown == ("ItemResponse[].soldBy",)
    assert read(ITEMS, answer).unknown == ()


@pytest.mark.parametrize("operation", EVERY, ids=NAMES)
def test_every_request_is_one_the_map_permits(operation: Operation) -> None:
    made = request(operation)
    permit(operation, method=made.method, path=made.path, query=made.query)
    assert made.method == "GET"
    assert made.path == operation.path
    assert made.endpoint == "api"


@pytest.mark.parametrize("operation", EVERY, ids=NAMES)
def test_the_page_asked_for_is_as_large_as_the_map_says(operation: Operation) -> None:
    asked = dict(parse_qsl(request(operation).query))
    assert int(asked.get("limit", "1")) == operation.page_size


@pytest.mark.parametrize(
    "query",
    [
        "limit=200&replacementInfo=true",
        "limit=200&customerOrderId=1",
        "sku=A",
        "hasMoreElements=true&productInfo=true",
    ],
)
def test_a_parameter_outside_of_the_map_is_refused(query: str) -> None:
    with pytest.raises(OperationNotPermitted):
        permit(ORDERS, method="GET", path="/v3/orders", query=query)
    with pytest.raises(OperationNotPermitted):
        permit(ORDERS, method="GET", path="/v3/orders", query=query, cursor="?limit=1")


def test_a_page_token_with_a_new_parameter_may_go_back_as_it_came() -> None:
    cursor = "?limit=200&hasMoreElements=true&shardKey=7&sellerId=8"
    made = request(ORDERS, Checkpoint(started=NOW, cursor=cursor))
    permit(
        ORDERS,
        method=made.method,
        path=made.path,
        query=made.query,
        cursor=made.cursor,
    )
    with pytest.raises(OperationNotPermitted):
        permit(ORDERS, method="GET", path="/v3/orders", query=made.query)
    with pytest.raises(OperationNotPermitted):
        permit(
            ITEMS,
            method="GET",
            path="/v3/items",
            query=made.query,
            cursor=made.cursor,
        )
