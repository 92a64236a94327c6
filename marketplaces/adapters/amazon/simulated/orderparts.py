"""One kind of order in the words of Amazon's model, with slots like `@@id@@`.

Every path on which a buyer's data may arrive is filled with a canary, so that a trace
of it can be found wherever it goes.
"""

from typing import Any

from marketplaces.simulator.books import Line, Plan, State
from marketplaces.simulator.words import canary, canary_digits, canary_postcode

_STATUS = {
    State.PENDING: "PENDING",
    State.UNSHIPPED: "UNSHIPPED",
    State.PARTIAL: "PARTIALLY_SHIPPED",
    State.SHIPPED: "SHIPPED",
    State.DELIVERED: "SHIPPED",
    State.CANCELLED: "CANCELLED",
}


def order_as_json(
    plan: Plan, datasets: frozenset[str], *, shipping: int
) -> dict[str, Any]:
    """An order; members of data sets that aren't in `datasets` are absent."""
    order: dict[str, Any] = {
        "orderId": "@@id@@",
        "orderAliases": [
            {
                "aliasId": _told("orderAliases[].aliasId", plan),
                "aliasType": "SELLER_ORDER_ID",
            }
        ],
        "createdTime": "@@created@@",
        "lastUpdatedTime": "@@updated@@",
        "programs": ["AMAZON_BUSINESS"] if plan.business else ["PRIME"],
        "salesChannel": {
            "channelName": "AMAZON",
            "marketplaceId": plan.market.id,
            "marketplaceName": plan.market.name,
        },
        "orderItems": [_item(plan, line, datasets) for line in plan.lines],
    }
    if plan.priced:
        order |= _about_the_buyer(plan, datasets)
        if "PROCEEDS" in datasets:
            order["proceeds"] = _proceeds(plan, shipping)
    if "FULFILLMENT" in datasets:
        order["fulfillment"] = _fulfillment(plan)
    if "PACKAGES" in datasets and any(line.shipped for line in plan.lines):
        order["packages"] = [_package(plan)]
    if "FULFILLMENT_ORDERS" in datasets:
        order["fulfillmentOrders"] = [{"fulfillmentOrderId": "FO@@serial@@"}]
    return order


def _told(path: str, plan: Plan) -> str:
    return canary(path, plan.variant)


def _money(plan: Plan, amount: str) -> dict[str, str]:
    return {"amount": amount, "currencyCode": plan.market.currency}


def _about_the_buyer(plan: Plan, datasets: frozenset[str]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if "BUYER" in datasets:
        told["buyer"] = {
            "buyerName": _told("buyer.buyerName", plan),
            "buyerEmail": f"{_told('buyer.buyerEmail', plan)}@{plan.market.domain}",
        }
    if "BUYER" in datasets and plan.business:
        for name in ("buyerCompanyName", "buyerPurchaseOrderNumber"):
            told["buyer"][name] = _told(f"buyer.{name}", plan)
    if "RECIPIENT" in datasets:
        told["recipient"] = {
            "deliveryAddress": _address("recipient.deliveryAddress", plan)
        }
        if plan.variant % 4 == 1:
            told["recipient"]["deliveryPreference"] = _preference(plan)
    if "TAX" in datasets and plan.business:
        told["tax"] = _tax(plan)
    if "PAYMENT" in datasets:
        told["payment"] = {
            "paymentExecutions": [
                {
                    "paymentMethod": "CREDIT_CARD",
                    "paymentAmount": _money(plan, "@@grand@@"),
                    "acquirerId": _told("payment.paymentExecutions[].acquirerId", plan),
                    "cardBrand": _told("payment.paymentExecutions[].cardBrand", plan),
                    "authorizationCode": _told(
                        "payment.paymentExecutions[].authorizationCode", plan
                    ),
                }
            ]
        }
    return told


_ADDRESS = (
    "name",
    "companyName",
    "addressLine1",
    "addressLine2",
    "addressLine3",
    "city",
    "districtOrCounty",
    "stateOrRegion",
    "municipality",
    "addressType",
)


def _address(path: str, plan: Plan) -> dict[str, Any]:
    told: dict[str, Any] = {name: _told(f"{path}.{name}", plan) for name in _ADDRESS}
    told["postalCode"] = canary_postcode(plan.variant)
    told["phone"] = f"+1 {canary_digits(plan.variant)}"
    told["countryCode"] = plan.market.country
    if plan.variant % 4 == 2:
        told["extendedFields"] = {
            name: _told(f"{path}.extendedFields.{name}", plan)
            for name in ("streetName", "streetNumber", "complement", "neighborhood")
        }
    return told


def _preference(plan: Plan) -> dict[str, Any]:
    path = "recipient.deliveryPreference"
    hours = {
        "startTime": {"hour": 9, "minute": 0},
        "endTime": {"hour": 17, "minute": 30},
    }
    return {
        "dropOffLocation": _told(f"{path}.dropOffLocation", plan),
        "addressInstruction": _told(f"{path}.addressInstruction", plan),
        "deliveryTime": {
            "businessHours": [{"dayOfWeek": "MON", "timeWindows": [hours]}],
            "exceptionDates": [
                {
                    "exceptionDate": "@@arrival@@",
                    "exceptionDateType": "OPEN",
                    "timeWindows": [hours],
                }
            ],
        },
        "deliveryCapabilities": ["HAS_ACCESS_POINT"],
    }


def _tax(plan: Plan) -> dict[str, Any]:
    path = "tax.taxRegistrations[]"
    return {
        "taxRegistrations": [
            {
                "entityType": "BUYER",
                "legalName": _told(f"{path}.legalName", plan),
                "taxRegistrationType": "VAT",
                "taxRegistrationNumber": canary_digits(plan.variant),
                "taxRegistrationAddress": _address(
                    f"{path}.taxRegistrationAddress", plan
                ),
                "taxRegistrationAttributes": [
                    {
                        "key": "TAX_OFFICE",
                        "value": _told(f"{path}.taxRegistrationAttributes[]", plan),
                    }
                ],
            }
        ],
        "taxInvoicing": {
            "buyerInvoicePreference": "BUSINESS" if plan.business else "INDIVIDUAL",
            "invoiceStatus": "PENDING",
        },
    }


def _proceeds(plan: Plan, shipping: int) -> dict[str, Any]:
    parts = [{"type": "ITEM", "subtotal": _money(plan, "@@items@@")}]
    if shipping:
        parts.append(
            {"type": "SHIPPING", "subtotal": _money(plan, f"{shipping / 100:.2f}")}
        )
    return {"grandTotal": _money(plan, "@@grand@@"), "breakdowns": parts}


def _fulfillment(plan: Plan) -> dict[str, Any]:
    status = _STATUS[plan.state]
    if plan.state is State.PENDING and plan.variant % 7 == 0:
        status = "PENDING_AVAILABILITY"
    if plan.state is State.CANCELLED and plan.variant % 16 == 0:
        status = "UNFULFILLABLE"
    return {
        "fulfillmentStatus": status,
        "fulfilledBy": "AMAZON" if plan.channel == "marketplace" else "MERCHANT",
        "fulfillmentServiceLevel": "STANDARD",
        "shipByWindow": {
            "earliestDateTime": "@@day@@T00:00:00Z",
            "latestDateTime": "@@shipday@@T23:59:59Z",
        },
        "deliverByWindow": {
            "earliestDateTime": "@@shipday@@T08:00:00Z",
            "latestDateTime": "@@arrival@@T20:00:00Z",
        },
    }


def _package(plan: Plan) -> dict[str, Any]:
    path = "packages[].shipFromAddress"
    return {
        "packageReferenceId": "1",
        "createdTime": "@@updated@@",
        "packageStatus": {
            "status": "DELIVERED" if plan.state is State.DELIVERED else "IN_TRANSIT"
        },
        "carrier": "USPS",
        "shipTime": "@@updated@@",
        "shippingService": "Ground",
        "trackingNumber": _told("packages[].trackingNumber", plan),
        "shipFromAddress": {
            "name": _told(f"{path}.name", plan),
            "addressLine1": _told(f"{path}.addressLine1", plan),
            "city": _told(f"{path}.city", plan),
            "postalCode": canary_postcode(plan.variant),
            "countryCode": plan.market.country,
        },
        "packageItems": [
            {"orderItemId": _item_id(line), "quantity": line.shipped}
            for line in plan.lines
            if line.shipped
        ],
    }


def _item_id(line: Line) -> str:
    return f"@@serial@@{line.number:04d}"


def _item(plan: Plan, line: Line, datasets: frozenset[str]) -> dict[str, Any]:
    path = "orderItems[].product"
    product: dict[str, Any] = {
        "asin": line.item.product_id,
        "title": line.item.title,
        "sellerSku": line.item.sku,
        "condition": {
            "conditionType": line.item.condition.upper(),
            "conditionSubtype": line.item.condition.upper(),
        },
        "serialNumbers": [_told(f"{path}.serialNumbers", plan)],
        "customization": {
            "customizedUrl": "https://zme-caps.amazon.com/t/"
            + _told(f"{path}.customization.customizedUrl", plan)
        },
    }
    item: dict[str, Any] = {
        "orderItemId": _item_id(line),
        "quantityOrdered": line.quantity,
        "measurement": {"unit": "COUNT", "value": line.quantity},
        "product": product,
    }
    if plan.priced and "PROCEEDS" in datasets:
        unit, total = f"@@unit{line.number}@@", f"@@total{line.number}@@"
        product["price"] = {"unitPrice": _money(plan, unit)}
        item["proceeds"] = {
            "proceedsTotal": _money(plan, total),
            "breakdowns": [{"type": "ITEM", "subtotal": _money(plan, total)}],
        }
    if "PROMOTION" in datasets and plan.variant % 5 == 0:
        item["promotion"] = {"breakdowns": [{"promotionId": "FREE-SHIPPING"}]}
    if "EXPENSE" in datasets and plan.variant % 9 == 0:
        item["expense"] = {"pointsCost": {"pointsGranted": {"pointsNumber": 10}}}
    if "CANCELLATION" in datasets and (line.cancelled or plan.variant % 32 == 1):
        item["cancellation"] = _cancellation(plan, line)
    if "FULFILLMENT" in datasets:
        item["fulfillment"] = _item_fulfillment(plan, line)
    return item


def _cancellation(plan: Plan, line: Line) -> dict[str, Any]:
    path = "orderItems[].cancellation"
    reason = _told(f"{path}.cancellationRequest.cancelReason", plan)
    told = {"cancellationRequest": {"requester": "BUYER", "cancelReason": reason}}
    if line.cancelled:
        told["cancellationExecution"] = {
            "cancelledBy": "BUYER",
            "cancelReason": _told(f"{path}.cancellationExecution.cancelReason", plan),
        }
    return told


def _item_fulfillment(plan: Plan, line: Line) -> dict[str, Any]:
    path = "orderItems[].fulfillment.packing.giftOption.giftMessage"
    return {
        "quantityFulfilled": line.shipped,
        "quantityUnfulfilled": line.quantity - line.shipped - line.cancelled,
        "packing": {
            "giftOption": {
                "giftMessage": _told(path, plan),
                "giftWrapLevel": "Classic" if plan.gift else "None",
            }
        },
    }
