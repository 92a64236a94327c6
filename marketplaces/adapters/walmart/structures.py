"""What is read out of Walmart's answers: the kept fields, under Walmart's own names.

Only what stands here is parsed; the rest of an answer is never built (USE-3). Members
marked `Unwanted` are personal data, or lead to a person, and arrive with every order,
asked for or not: their bytes are only counted (USE-4).

Each answer is generic in its row, so that a page with one row of the wrong type can be
read again row by row (`Raw`). Optional means optional in practice: production answers
lack fields that Walmart's specification calls required.
"""

from decimal import Decimal
from typing import Generic, TypeVar

import msgspec

from marketplaces.datamap import ABSENT, Unwanted

Row = TypeVar("Row")


class _Part(msgspec.Struct, rename="camel", gc=False):
    """Attributes in our spelling, `unpublishedReasons` in Walmart's."""


class Money(_Part):
    currency: str
    amount: Decimal


class ErrorInside(_Part):
    """An error that stands inside of a good answer; only its code is looked at."""

    code: str | int | None = None


# GET /v3/token/detail


class TokenDetail(msgspec.Struct, gc=False):
    """Snake case here: Walmart's token answers differ from the others."""

    scopes: dict[str, str]


# GET /v3/items


class UnpublishedReasons(_Part):
    reason: list[str] = []


class Item(_Part):
    sku: str
    wpid: str | None = None
    product_name: str | None = None
    shelf: str | None = None  # a JSON array in a string: '["Home","Kitchen"]'
    product_type: str | None = None
    price: Money | None = None  # 0 where no price is set
    published_status: str | None = None
    unpublished_reasons: UnpublishedReasons | None = None
    lifecycle_status: str | None = None


class ItemsEnvelope(_Part, Generic[Row]):
    item_response: list[Row] = msgspec.field(name="ItemResponse")
    total_items: int | None = None
    next_cursor: str | None = None


ItemsAnswer = ItemsEnvelope[Item]


# GET /v3/inventories


class Quantity(_Part):
    amount: int


class Node(_Part):
    ship_node: str | None = None
    avail_to_sell_qty: Quantity | None = None
    reserved_qty: Quantity | None = None
    errors: list[ErrorInside] | None = None  # this node couldn't be told


class Inventory(_Part):
    sku: str
    nodes: list[Node]


class InventoriesMeta(_Part):
    total_count: int | None = None
    next_cursor: str | None = None


class InventoriesElements(_Part, Generic[Row]):
    inventories: list[Row]


class InventoriesEnvelope(_Part, Generic[Row]):
    elements: InventoriesElements[Row]
    meta: InventoriesMeta | None = None


InventoriesAnswer = InventoriesEnvelope[Inventory]


# GET /v3/wfs/inventory


class WfsItem(_Part):
    sku: str


class WfsUnavailable(_Part):
    inventory_review_units: int | None = None
    inventory_movement_units: int | None = None


class WfsData(_Part):
    available_units: int | None = None
    reserved_units: int | None = None
    inbound_units: int | None = None
    unavailable_units: WfsUnavailable | None = None


class WfsInventory(_Part):
    item_information: WfsItem
    inventory_data: WfsData


class WfsHeaders(_Part):
    total_count: int | None = None


class WfsPayload(_Part, Generic[Row]):
    inventory: list[Row]


class WfsEnvelope(_Part, Generic[Row]):
    payload: WfsPayload[Row]
    headers: WfsHeaders | None = None


WfsAnswer = WfsEnvelope[WfsInventory]


# GET /v3/orders


class LineItem(_Part):
    sku: str
    product_name: str | None = None


class Charge(_Part):
    charge_type: str
    charge_amount: Money | None = None


class Charges(_Part):
    charge: list[Charge] = []


class LineQuantity(_Part):
    amount: str | int  # a string in Walmart's specification: "1"


class TrackingInfo(_Part):
    tracking_number: Unwanted = ABSENT
    tracking_url: Unwanted = msgspec.field(default=ABSENT, name="trackingURL")


class LineStatus(_Part):
    status: str
    status_quantity: LineQuantity
    tracking_info: TrackingInfo | None = None
    cancellation_reason: Unwanted = ABSENT
    return_center_address: Unwanted = ABSENT


class LineStatuses(_Part):
    order_line_status: list[LineStatus]


class Fulfillment(_Part):
    pick_up_by: Unwanted = ABSENT


class Refund(_Part):
    refund_comments: Unwanted = ABSENT


class OrderLine(_Part):
    line_number: str
    item: LineItem
    order_line_quantity: LineQuantity
    order_line_statuses: LineStatuses
    status_date: int | None = None  # milliseconds since 1970, as all times of orders
    charges: Charges | None = None
    fulfillment: Fulfillment | None = None
    refund: Refund | None = None
    misc_attributes: Unwanted = ABSENT
    config_id: Unwanted = ABSENT
    serial_numbers: Unwanted = ABSENT


class OrderLines(_Part):
    order_line: list[OrderLine]


class PostalAddress(_Part):
    name: Unwanted = ABSENT
    address1: Unwanted = ABSENT
    address2: Unwanted = ABSENT
    city: Unwanted = ABSENT
    state: Unwanted = ABSENT
    postal_code: Unwanted = ABSENT
    country: Unwanted = ABSENT
    address_type: Unwanted = ABSENT


class ShippingInfo(_Part):
    estimated_ship_date: int | None = None  # shipped orders lose it
    postal_address: PostalAddress | None = None
    phone: Unwanted = ABSENT


class PickupPerson(_Part):
    name: Unwanted = ABSENT
    phone: Unwanted = ABSENT


class ShipNode(_Part):
    type: str | None = None


class Order(_Part):
    purchase_order_id: str
    order_date: int
    order_lines: OrderLines
    shipping_info: ShippingInfo | None = None
    ship_node: ShipNode | None = None
    pickup_persons: list[PickupPerson] | None = None
    customer_order_id: Unwanted = ABSENT
    customer_email_id: Unwanted = ABSENT
    original_customer_order_id: Unwanted = msgspec.field(
        default=ABSENT, name="originalCustomerOrderID"
    )
    buyer_id: Unwanted = ABSENT
    is_guest: Unwanted = ABSENT
    payment_types: Unwanted = ABSENT


class OrdersMeta(_Part):
    total_count: int | None = None
    next_cursor: str | None = None  # a whole query string, kept for the next call only


class OrdersElements(_Part, Generic[Row]):
    order: list[Row]


class OrdersList(_Part, Generic[Row]):
    elements: OrdersElements[Row]
    meta: OrdersMeta | None = None
    errors: list[ErrorInside] | None = None


class OrdersEnvelope(_Part, Generic[Row]):
    list: OrdersList[Row]


OrdersAnswer = OrdersEnvelope[Order]


class WrappedOrder(_Part):
    """Walmart's own example of the list wraps one of its orders: `{"order": {..}}`."""

    order: Order


# Fields that Walmart's examples hold and that we leave: neither kept nor personal. A
# sampled answer is searched for what is in none of the three lists.
KNOWN: dict[str, tuple[str, ...]] = {
    "walmart.getTokenDetail": (
        "expire_at",
        "issued_at",
        "is_valid",
        "is_channel_match",
        "scopes",
    ),
    "walmart.getAllItems": (
        "ItemResponse[].mart",
        "ItemResponse[].availability",
        "ItemResponse[].upc",
        "ItemResponse[].gtin",
        "ItemResponse[].isDuplicate",
        "ItemResponse[].isCustomerFavorite",
        "ItemResponse[].variantGroupId",
        "ItemResponse[].variantGroupInfo",
        "ItemResponse[].duplicateItemInfo",
    ),
    "walmart.getInventories": (
        "elements.inventories[].nodes[].inputQty",
        "elements.inventories[].nodes[].availToSellQty.unit",
        "elements.inventories[].nodes[].reservedQty.unit",
        "elements.inventories[].nodes[].inventoryAvailableDate",
        "elements.inventories[].nodes[].errors",
    ),
    "walmart.getWfsInventory": (
        "headers.limit",
        "headers.offset",
        "payload.inventory[].itemInformation.itemName",
        "payload.inventory[].itemInformation.gtin",
        "payload.inventory[].itemInformation.itemID",
        "payload.inventory[].itemInformation.offerID",
        "payload.inventory[].itemInformation.brand",
        "payload.inventory[].itemInformation.itemCondition",
        "payload.inventory[].inventoryData.publishingStatus",
        "payload.inventory[].inventoryData.itemLifecycle",
        "payload.inventory[].inventoryData.stockStatus",
        "payload.inventory[].inventoryData.onhandUnits",
        "payload.inventory[].inventoryData.inventoryAge",
        "payload.inventory[].inventoryData.firstInStockDate",
        "payload.inventory[].inventoryInsights",
    ),
    "walmart.getAllOrders": (
        "list.meta.limit",
        "list.errors",
        "list.elements.order[].orderType",
        "list.elements.order[].shippingInfo.estimatedDeliveryDate",
        "list.elements.order[].shippingInfo.methodCode",
        "list.elements.order[].shipNode.name",
        "list.elements.order[].shipNode.id",
        *(
            f"list.elements.order[].orderLines.orderLine[].{name}"
            for name in (
                "item.condition",
                "charges.charge[].chargeName",
                "charges.charge[].tax",
                "charges.charge[].taxAndOtherFees",
                "orderLineQuantity.unitOfMeasurement",
                "orderLineStatuses.orderLineStatus[].subSellerId",
                "orderLineStatuses.orderLineStatus[].statusQuantity.unitOfMeasurement",
                "orderLineStatuses.orderLineStatus[].trackingInfo.shipDateTime",
                "orderLineStatuses.orderLineStatus[].trackingInfo.carrierName",
                "orderLineStatuses.orderLineStatus[].trackingInfo.methodCode",
                "orderLineStatuses.orderLineStatus[].trackingInfo.carrierMethodCode",
                "refund.refundId",
                "refund.refundCharges",
                "fulfillment.fulfillmentOption",
                "fulfillment.shipMethod",
                "fulfillment.storeId",
                "fulfillment.pickUpDateTime",
                "fulfillment.shippingProgramType",
                "fulfillment.shippingSLA",
                "fulfillment.shippingConfigSource",
            )
        ),
    ),
}
