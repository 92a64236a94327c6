"""Buyers' data arrives wherever the real Amazon may send it, and can be found again."""

from collections.abc import Iterator
from typing import Any

import pytest

from marketplaces.simulator.server import Simulator
from marketplaces.simulator.words import CANARY_MARKS
from tests.marketplaces.simulator.caller import Caller

_ADDRESS = (
    "name",
    "addressLine1",
    "addressLine2",
    "addressLine3",
    "postalCode",
    "phone",
    "companyName",
    "city",
    "districtOrCounty",
    "stateOrRegion",
    "municipality",
    "addressType",
    "extendedFields.streetName",
    "extendedFields.streetNumber",
    "extendedFields.complement",
    "extendedFields.neighborhood",
)
PATHS = (
    "orderAliases[].aliasId",
    "buyer.buyerEmail",
    "buyer.buyerName",
    "buyer.buyerCompanyName",
    "buyer.buyerPurchaseOrderNumber",
    *(f"recipient.deliveryAddress.{name}" for name in _ADDRESS),
    "recipient.deliveryPreference.addressInstruction",
    "recipient.deliveryPreference.dropOffLocation",
    "tax.taxRegistrations[].legalName",
    "tax.taxRegistrations[].taxRegistrationNumber",
    *(f"tax.taxRegistrations[].taxRegistrationAddress.{name}" for name in _ADDRESS),
    "tax.taxRegistrations[].taxRegistrationAttributes[].value",
    "payment.paymentExecutions[].cardBrand",
    "payment.paymentExecutions[].authorizationCode",
    "payment.paymentExecutions[].acquirerId",
    "packages[].trackingNumber",
    "packages[].shipFromAddress.name",
    "packages[].shipFromAddress.addressLine1",
    "packages[].shipFromAddress.postalCode",
    "orderItems[].fulfillment.packing.giftOption.giftMessage",
    "orderItems[].product.customization.customizedUrl",
    "orderItems[].product.serialNumbers[]",
    "orderItems[].cancellation.cancellationRequest.cancelReason",
    "orderItems[].cancellation.cancellationExecution.cancelReason",
)
_ALWAYS = (
    "orderItems[].product.customization.customizedUrl",
    "orderItems[].fulfillment.packing.giftOption.giftMessage",
)


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, f"{path}[]")
    else:
        yield path, value


def _marked(value: object) -> bool:
    return any(mark in str(value).encode() for mark in CANARY_MARKS)


@pytest.fixture(scope="module")
def by_path(standing: Simulator) -> dict[str, list[Any]]:
    """Every value of every order, under its path."""
    found: dict[str, list[Any]] = {}
    for order in Caller(standing).signed_in().all_orders():
        for path, value in _leaves(order):
            found.setdefault(path, []).append(value)
    return found


@pytest.mark.parametrize("path", PATHS)
def test_every_personal_value_is_marked(
    by_path: dict[str, list[Any]], path: str
) -> None:
    assert by_path.get(path), f"{path} never arrives"
    assert all(_marked(value) for value in by_path[path])


def test_nothing_else_is_marked(by_path: dict[str, list[Any]]) -> None:
    marked = {path for path, values in by_path.items() if any(map(_marked, values))}
    own = {path for path in marked if path.startswith("packages[].shipFromAddress")}
    assert marked - own <= set(PATHS)


def test_hours_of_delivery_arrive_too(by_path: dict[str, list[Any]]) -> None:
    prefix = "recipient.deliveryPreference.deliveryTime"
    assert any(path.startswith(f"{prefix}.businessHours") for path in by_path)
    assert any(path.startswith(f"{prefix}.exceptionDates") for path in by_path)


@pytest.mark.parametrize("path", _ALWAYS)
def test_some_personal_values_come_even_from_a_modest_amazon(path: str) -> None:
    with Simulator(orders=20, limits=False, overshare=False) as simulator:
        orders = Caller(simulator).signed_in().all_orders()
    arrived = [dict(_leaves(order)) for order in orders]
    assert all(_marked(order[path]) for order in arrived)
    assert not any("buyer" in order or "recipient" in order for order in orders)


def test_asking_for_buyers_is_noted(standing: Simulator) -> None:
    with Simulator(orders=5) as simulator:
        caller = Caller(simulator).signed_in()
        caller.orders()
        assert simulator.tripped == []
        caller.orders(includedData="FULFILLMENT,RECIPIENT")
        caller.get("/orders/v0/orders")
        caller.session.post(
            f"{simulator.address}/tokens/2021-03-01/restrictedDataToken",
            headers=caller.headers,
        )
        assert [call.path for call in simulator.tripped] == [
            "/orders/2026-01-01/orders",
            "/orders/v0/orders",
            "/tokens/2021-03-01/restrictedDataToken",
        ]
