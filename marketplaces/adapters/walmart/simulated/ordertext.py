"""One order in Walmart's words, with a made-up buyer in every personal place."""

from marketplaces.adapters.walmart.simulated.answers import milliseconds
from marketplaces.simulator.books import Line, Plan, State
from marketplaces.simulator.words import canary, canary_digits, canary_postcode
from marketplaces.simulator.world import Account

_DAY = 86_400
_EACH = "EACH"


def order(
    account: Account, index: int, kind: str, *, overshare: bool
) -> dict[str, object]:
    """The order of that index. Buyers' names and addresses come with each one; with
    `overshare` also what few real orders carry (a pick-up person, an engraving)."""
    book = account.book
    plan = book.plan(index)
    created, updated = book.created[index], book.updated[index]
    told: dict[str, object] = {
        "purchaseOrderId": f"1{book.serial(index):012d}",
        "customerOrderId": canary("customerOrderId", index),
        "customerEmailId": f"{canary('customerEmailId', index)}@relay.walmart.com",
        "orderType": "REGULAR",
        "orderDate": milliseconds(created),
        "shippingInfo": _shipping(plan, created, index),
        "orderLines": {
            "orderLine": [
                _line(plan, line, book.surcharge(index), updated, index, overshare)
                for line in plan.lines
            ]
        },
        "shipNode": {"type": kind},
    }
    if overshare:
        told |= {
            "orderType": "REPLACEMENT",
            "originalCustomerOrderID": canary("originalCustomerOrderID", index),
            "buyerId": canary("buyerId", index),
            "isGuest": True,
            "paymentTypes": [canary("paymentTypes", index)],
            "pickupPersons": [_person(index)],
        }
    return told


def _shipping(plan: Plan, created: int, index: int) -> dict[str, object]:
    told: dict[str, object] = {"phone": canary_digits(index)}
    if plan.state in (State.PENDING, State.UNSHIPPED, State.PARTIAL):
        told["estimatedDeliveryDate"] = milliseconds(created + 6 * _DAY)
        told["estimatedShipDate"] = milliseconds(created + 2 * _DAY)
    names = ("name", "address1", "address2", "city", "state", "country", "addressType")
    address: dict[str, object] = {
        name: canary(f"shippingInfo.postalAddress.{name}", index) for name in names
    }
    address["postalCode"] = canary_postcode(index)
    return told | {"methodCode": "Value", "postalAddress": address}


def _person(index: int) -> dict[str, object]:
    return {
        "name": {
            "firstName": canary("pickupPersons.name.firstName", index),
            "lastName": canary("pickupPersons.name.lastName", index),
        },
        "phone": {"completeNumber": canary_digits(index)},
    }


def _line(
    plan: Plan, line: Line, surcharge: int, updated: int, index: int, overshare: bool
) -> dict[str, object]:
    cents = plan.unit_cents(line, surcharge) * line.quantity
    fulfillment: dict[str, object] = {
        "fulfillmentOption": "S2H",
        "shipMethod": "VALUE",
        "pickUpDateTime": milliseconds(updated + _DAY),
    }
    told: dict[str, object] = {
        "lineNumber": str(line.number),
        "item": {"productName": line.item.title, "sku": line.item.sku},
        "charges": {"charge": [_charge(cents)]},
        "orderLineQuantity": _quantity(line.quantity),
        "statusDate": milliseconds(updated),
        "orderLineStatuses": {
            "orderLineStatus": _statuses(plan, line, updated, index, overshare)
        },
        "fulfillment": fulfillment,
    }
    if overshare:
        fulfillment["pickUpBy"] = canary("fulfillment.pickUpBy", index)
        told |= {
            "configId": canary("configId", index),
            "serialNumbers": [canary("serialNumbers", index)],
            "refund": {
                "refundId": str(index),
                "refundComments": canary("refund.refundComments", index),
            },
            "miscAttributes": {
                "type": "PET_DETAILS",
                "detail": [
                    {
                        "name": "PET_FIRST_NAME",
                        "value": canary("miscAttributes", index),
                    }
                ],
            },
        }
    return told


def _charge(cents: int) -> dict[str, object]:
    tax = {"taxName": "Tax1", "taxAmount": _dollars(cents * 7 // 100)}
    return {
        "chargeType": "PRODUCT",
        "chargeName": "ItemPrice",
        "chargeAmount": _dollars(cents),
        "tax": tax,
        "taxAndOtherFees": tax,
    }


def _dollars(cents: int) -> dict[str, object]:
    return {"currency": "USD", "amount": cents / 100}


def _quantity(pieces: int) -> dict[str, object]:
    return {"unitOfMeasurement": _EACH, "amount": str(pieces)}


def _statuses(
    plan: Plan, line: Line, updated: int, index: int, overshare: bool
) -> list[dict[str, object]]:
    """One entry per status, each with its pieces."""
    waiting = line.quantity - line.shipped - line.cancelled
    before = "Created" if plan.state is State.PENDING else "Acknowledged"
    sent = "Delivered" if plan.state is State.DELIVERED else "Shipped"
    found: list[dict[str, object]] = []
    for status, pieces in (
        (sent, line.shipped),
        ("Cancelled", line.cancelled),
        (before, waiting),
    ):
        if not pieces:
            continue
        told: dict[str, object] = {
            "status": status,
            "statusQuantity": _quantity(pieces),
        }
        if status == sent:
            told["trackingInfo"] = _tracking(updated, index)
        if overshare:
            told["cancellationReason"] = canary("cancellationReason", index)
            told["returnCenterAddress"] = _return_address(index)
        found.append(told)
    return found


def _tracking(updated: int, index: int) -> dict[str, object]:
    parcel = canary("trackingInfo.trackingNumber", index)
    return {
        "shipDateTime": milliseconds(updated),
        "carrierName": {"carrier": "UPS"},
        "methodCode": "Value",
        "trackingNumber": parcel,
        "trackingURL": (
            f"https://www.walmart.com/tracking?tracking_id={parcel}"
            f"&dzip={canary_postcode(index)}"
        ),
    }


def _return_address(index: int) -> dict[str, object]:
    names = ("name", "address1", "city", "state", "country", "emailId")
    told: dict[str, object] = {
        name: canary(f"returnCenterAddress.{name}", index) for name in names
    }
    return told | {
        "postalCode": canary_postcode(index),
        "dayPhone": canary_digits(index),
    }
