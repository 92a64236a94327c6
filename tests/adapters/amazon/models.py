"""Amazon's own models and their examples, for the conformance tests."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from tests.specs import need_specs

FILES = {
    "getMarketplaceParticipations": "sellers.json",
    "searchListingsItems": "listingsItems_2021-08-01.json",
    "getInventorySummaries": "fbaInventory.json",
    "getPricing": "productPricingV0.json",
    "searchOrders": "orders_2026-01-01.json",
    "searchCatalogItems": "catalogItems_2022-04-01.json",
}

OWN_FILES = {"rotateApplicationClientSecret": "application_2023-11-30.json"}
"""Calls about our own app, which fetch nothing."""

# Amazon's list of buyers' data in orders ("Access Orders PII"), and what isn't on that
# list but is personal or identifies somebody all the same.
PERSONAL = (
    "orders[].buyer.buyerEmail",
    "orders[].buyer.buyerName",
    "orders[].buyer.buyerCompanyName",
    "orders[].buyer.buyerPurchaseOrderNumber",
    "orders[].recipient.deliveryAddress.name",
    "orders[].recipient.deliveryAddress.companyName",
    "orders[].recipient.deliveryAddress.addressLine1",
    "orders[].recipient.deliveryAddress.addressLine2",
    "orders[].recipient.deliveryAddress.addressLine3",
    "orders[].recipient.deliveryAddress.city",
    "orders[].recipient.deliveryAddress.districtOrCounty",
    "orders[].recipient.deliveryAddress.stateOrRegion",
    "orders[].recipient.deliveryAddress.municipality",
    "orders[].recipient.deliveryAddress.postalCode",
    "orders[].recipient.deliveryAddress.phone",
    "orders[].recipient.deliveryAddress.extendedFields",
    "orders[].recipient.deliveryAddress.addressType",
    "orders[].recipient.deliveryPreference",
    "orders[].tax.taxRegistrations[].legalName",
    "orders[].tax.taxRegistrations[].taxRegistrationNumber",
    "orders[].tax.taxRegistrations[].taxRegistrationAddress",
    "orders[].tax.taxRegistrations[].taxRegistrationAttributes",
    "orders[].payment.paymentExecutions[].cardBrand",
    "orders[].payment.paymentExecutions[].authorizationCode",
    "orders[].payment.paymentExecutions[].acquirerId",
    "orders[].packages[].trackingNumber",
    "orders[].packages[].shipFromAddress",
    "orders[].orderAliases",
    "orders[].orderItems[].cancellation.cancellationRequest.cancelReason",
    "orders[].orderItems[].cancellation.cancellationExecution.cancelReason",
    "orders[].orderItems[].product.serialNumbers",
    "orders[].orderItems[].product.customization.customizedUrl",
    "orders[].orderItems[].fulfillment.packing.giftOption.giftMessage",
)


@cache
def model(name: str) -> dict[str, Any]:
    path = need_specs() / "amazon" / (FILES | OWN_FILES)[name]
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def call(name: str) -> tuple[str, str, dict[str, Any]]:
    """Path, method and description of an operation."""
    for path, methods in model(name)["paths"].items():
        for method, described in methods.items():
            if isinstance(described, dict) and described.get("operationId") == name:
                return path, method.upper(), described
    raise LookupError(name)


def paths(name: str) -> set[str]:
    """Every path of the operation's answer, leaves and their parents."""
    _, _, described = call(name)
    schema = described["responses"]["200"]["schema"]
    return set(_paths(model(name), schema, "", ()))


def _paths(
    whole: dict[str, Any], schema: dict[str, Any], path: str, above: tuple[str, ...]
) -> Iterator[str]:
    reference = schema.get("$ref")
    if reference:
        if reference in above:
            return
        target = whole["definitions"][reference.rpartition("/")[2]]
        yield from _paths(whole, target, path, (*above, reference))
        return
    for part in schema.get("allOf", ()):
        yield from _paths(whole, part, path, above)
    if "items" in schema:
        yield f"{path}[]"
        yield from _paths(whole, schema["items"], f"{path}[]", above)
    for name, inner in schema.get("properties", {}).items():
        here = f"{path}.{name}" if path else name
        yield here
        yield from _paths(whole, inner, here, above)


def examples(name: str) -> list[Any]:
    """The bodies of all official answers with status 200."""
    _, _, described = call(name)
    good = described["responses"]["200"]
    shown = good.get("examples")
    found = [shown.get("application/json", shown)] if shown else []
    sandbox = good.get("x-amzn-api-sandbox", {}).get("static", ())
    return found + [each["response"] for each in sandbox]


def values(body: Any, path: str) -> Iterator[str]:
    """The texts that stand below a path of a body."""
    step, _, rest = path.partition(".")
    name = step.removesuffix("[]")
    if not step:
        yield from _texts(body)
    elif isinstance(body, dict) and name in body:
        inner = body[name]
        for each in inner if step.endswith("[]") else (inner,):
            yield from values(each, rest)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, str) and value:
        yield value
