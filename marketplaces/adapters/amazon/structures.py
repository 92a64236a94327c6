"""What is kept of Amazon's answers, in the names of Amazon's own models: USE-3, USE-4.

A structure names each field that is kept; what it doesn't name is never built. An
`Unwanted` member is a place where buyers' data may arrive although we never ask for
it: its bytes stay unread, its arrival is counted. `left` names what the model has
besides and we leave, so that a sampled answer tells us of new fields only.

The limits are those of the table that a value goes to; a row beyond them is skipped
with its reason. Lists are generic in their row: decoded with `msgspec.Raw` rows, one
row that isn't what the model says doesn't take its page with it.
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Generic, TypeVar

from msgspec import Meta, Struct

from marketplaces.datamap import ABSENT, Unwanted

Name = Annotated[str, Meta(max_length=64)]  # an id: order, item, ASIN
Place = Annotated[str, Meta(max_length=20)]  # a marketplace's id
Sku = Annotated[str, Meta(max_length=255)]
Title = Annotated[str, Meta(max_length=1000)]
Label = Annotated[str, Meta(max_length=255)]  # brand, category
Word = Annotated[str, Meta(max_length=40)]  # a status, a condition
Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Moment = Annotated[datetime, Meta(tz=True)]  # a time without its zone is no time

Row = TypeVar("Row")


class Kept(Struct, frozen=True, gc=False):
    """A piece of an answer."""


class Told(Kept, frozen=True, gc=False):
    """A whole answer."""

    left: ClassVar[tuple[str, ...]] = ()


class Problem(Kept, frozen=True, gc=False):
    """An entry of `errors`: an answer that carries one isn't complete."""

    code: str = ""


class NextPage(Kept, frozen=True, gc=False):
    nextToken: str | None = None


# orders_2026-01-01.json, searchOrders


class Money(Kept, frozen=True, gc=False):
    amount: Annotated[str, Meta(max_length=40)]  # a decimal number
    currencyCode: str


class SalesChannel(Kept, frozen=True, gc=False):
    marketplaceId: Place | None = None


class OrderProceeds(Kept, frozen=True, gc=False):
    grandTotal: Money | None = None


class ShipBy(Kept, frozen=True, gc=False):
    latestDateTime: Moment | None = None


class OrderFulfillment(Kept, frozen=True, gc=False):
    fulfillmentStatus: Word
    fulfilledBy: str | None = None
    shipByWindow: ShipBy | None = None


class UnitPrice(Kept, frozen=True, gc=False):
    unitPrice: Money | None = None


class ItemProduct(Kept, frozen=True, gc=False):
    asin: Name | None = None
    title: Title | None = None
    sellerSku: Sku | None = None
    price: UnitPrice | None = None
    serialNumbers: Unwanted = ABSENT
    customization: Unwanted = ABSENT


class GiftOption(Kept, frozen=True, gc=False):
    giftMessage: Unwanted = ABSENT


class Packing(Kept, frozen=True, gc=False):
    giftOption: GiftOption | None = None


class ItemFulfillment(Kept, frozen=True, gc=False):
    quantityFulfilled: Count | None = None
    packing: Packing | None = None


class OrderItem(Kept, frozen=True, gc=False):
    orderItemId: Name
    quantityOrdered: Count
    product: ItemProduct
    fulfillment: ItemFulfillment | None = None
    cancellation: Unwanted = ABSENT


class Order(Kept, frozen=True, gc=False):
    orderId: Name
    createdTime: Moment
    lastUpdatedTime: Moment
    salesChannel: SalesChannel
    orderItems: list[OrderItem]
    proceeds: OrderProceeds | None = None
    fulfillment: OrderFulfillment | None = None
    orderAliases: Unwanted = ABSENT
    buyer: Unwanted = ABSENT
    recipient: Unwanted = ABSENT
    payment: Unwanted = ABSENT
    tax: Unwanted = ABSENT
    packages: Unwanted = ABSENT


class Orders(Told, Generic[Row], frozen=True, gc=False):
    orders: list[Row]
    pagination: NextPage | None = None
    lastUpdatedBefore: Moment | None = None
    createdBefore: Moment | None = None

    left = (
        "orders[].programs",
        "orders[].associatedOrders",
        "orders[].salesChannel.channelName",
        "orders[].salesChannel.marketplaceName",
        "orders[].proceeds.breakdowns",
        "orders[].fulfillment.fulfillmentServiceLevel",
        "orders[].fulfillment.shipByWindow.earliestDateTime",
        "orders[].fulfillment.deliverByWindow",
        "orders[].fulfillment.labelPrintingWindow",
        "orders[].fulfillmentOrders",
        "orders[].orderItems[].measurement",
        "orders[].orderItems[].associatedOrderItems",
        "orders[].orderItems[].programs",
        "orders[].orderItems[].product.condition",
        "orders[].orderItems[].product.price.priceDesignation",
        "orders[].orderItems[].proceeds",
        "orders[].orderItems[].expense",
        "orders[].orderItems[].promotion",
        "orders[].orderItems[].tax",
        "orders[].orderItems[].fulfillment.quantityUnfulfilled",
        "orders[].orderItems[].fulfillment.picking",
        "orders[].orderItems[].fulfillment.packing.giftOption.giftWrapLevel",
        "orders[].orderItems[].fulfillment.packing.serialNumberRequirement",
        "orders[].orderItems[].fulfillment.shipping",
    )


# sellers.json, getMarketplaceParticipations


class Marketplace(Kept, frozen=True, gc=False):
    id: Place
    name: Annotated[str, Meta(max_length=100)]
    countryCode: Annotated[str, Meta(max_length=2)]
    defaultCurrencyCode: str


class Participation(Kept, frozen=True, gc=False):
    isParticipating: bool


class Store(Kept, frozen=True, gc=False):
    marketplace: Marketplace
    participation: Participation


class Participations(Told, Generic[Row], frozen=True, gc=False):
    payload: list[Row]
    errors: list[Problem] = []

    left = (
        "payload[].storeName",
        "payload[].marketplace.defaultLanguageCode",
        "payload[].marketplace.domainName",
        "payload[].participation.hasSuspendedListings",
        "errors",
    )


# listingsItems_2021-08-01.json, searchListingsItems


class MainImage(Kept, frozen=True, gc=False):
    link: str


class ListingSummary(Kept, frozen=True, gc=False):
    marketplaceId: Place
    createdDate: Moment
    lastUpdatedDate: Moment
    asin: Name | None = None
    conditionType: Word | None = None
    status: list[str] = []
    itemName: Title | None = None
    mainImage: MainImage | None = None


class ListingIssue(Kept, frozen=True, gc=False):
    code: str
    message: str
    severity: str


class ListingOffer(Kept, frozen=True, gc=False):
    marketplaceId: Place
    offerType: str
    price: Money


class FulfillmentAvailability(Kept, frozen=True, gc=False):
    fulfillmentChannelCode: str
    quantity: Count | None = None


class ListingItem(Kept, frozen=True, gc=False):
    sku: Sku
    summaries: list[ListingSummary] = []
    issues: list[ListingIssue] = []
    offers: list[ListingOffer] = []
    fulfillmentAvailability: list[FulfillmentAvailability] = []


class Listings(Told, Generic[Row], frozen=True, gc=False):
    numberOfResults: Count
    items: list[Row]
    pagination: NextPage | None = None

    left = (
        "pagination.previousToken",
        "items[].summaries[].productType",
        "items[].summaries[].fnSku",
        "items[].summaries[].mainImage.height",
        "items[].summaries[].mainImage.width",
        "items[].attributes",
        "items[].issues[].attributeNames",
        "items[].issues[].categories",
        "items[].issues[].enforcements",
        "items[].issues[].marketplaceIds",
        "items[].offers[].points",
        "items[].offers[].audience",
        "items[].procurement",
        "items[].relationships",
        "items[].productTypes",
    )


# fbaInventory.json, getInventorySummaries


class Reserved(Kept, frozen=True, gc=False):
    totalReservedQuantity: Count | None = None


class Unfulfillable(Kept, frozen=True, gc=False):
    totalUnfulfillableQuantity: Count | None = None


class InventoryDetails(Kept, frozen=True, gc=False):
    fulfillableQuantity: Count | None = None
    inboundWorkingQuantity: Count | None = None
    inboundShippedQuantity: Count | None = None
    inboundReceivingQuantity: Count | None = None
    reservedQuantity: Reserved | None = None
    unfulfillableQuantity: Unfulfillable | None = None


class InventorySummary(Kept, frozen=True, gc=False):
    sellerSku: Sku
    inventoryDetails: InventoryDetails | None = None
    lastUpdatedTime: str | None = None  # an empty text where nothing ever moved


class InventoryPayload(Kept, Generic[Row], frozen=True, gc=False):
    inventorySummaries: list[Row]


class Inventory(Told, Generic[Row], frozen=True, gc=False):
    payload: InventoryPayload[Row]
    pagination: NextPage | None = None
    errors: list[Problem] = []

    left = (
        "payload.granularity",
        "payload.inventorySummaries[].asin",
        "payload.inventorySummaries[].fnSku",
        "payload.inventorySummaries[].condition",
        "payload.inventorySummaries[].productName",
        "payload.inventorySummaries[].totalQuantity",
        "payload.inventorySummaries[].stores",
        "payload.inventorySummaries[].inventoryDetails.researchingQuantity",
        "payload.inventorySummaries[].inventoryDetails.reservedQuantity"
        ".pendingCustomerOrderQuantity",
        "payload.inventorySummaries[].inventoryDetails.reservedQuantity"
        ".pendingTransshipmentQuantity",
        "payload.inventorySummaries[].inventoryDetails.reservedQuantity"
        ".fcProcessingQuantity",
        "payload.inventorySummaries[].inventoryDetails.unfulfillableQuantity"
        ".customerDamagedQuantity",
        "payload.inventorySummaries[].inventoryDetails.unfulfillableQuantity"
        ".warehouseDamagedQuantity",
        "payload.inventorySummaries[].inventoryDetails.unfulfillableQuantity"
        ".distributorDamagedQuantity",
        "payload.inventorySummaries[].inventoryDetails.unfulfillableQuantity"
        ".carrierDamagedQuantity",
        "payload.inventorySummaries[].inventoryDetails.unfulfillableQuantity"
        ".defectiveQuantity",
        "payload.inventorySummaries[].inventoryDetails.unfulfillableQuantity"
        ".expiredQuantity",
        "errors",
    )


# productPricingV0.json, getPricing


class Amount(Kept, frozen=True, gc=False):
    CurrencyCode: str | None = None
    Amount: Decimal | None = None


class BuyingPrice(Kept, frozen=True, gc=False):
    LandedPrice: Amount | None = None


class PricedOffer(Kept, frozen=True, gc=False):
    SellerSKU: Sku
    BuyingPrice: BuyingPrice
    RegularPrice: Amount
    offerType: str | None = None


class PricedProduct(Kept, frozen=True, gc=False):
    Offers: list[PricedOffer] = []


class SkuPrice(Kept, frozen=True, gc=False):
    status: str
    SellerSKU: Sku | None = None
    Product: PricedProduct | None = None


class Prices(Told, Generic[Row], frozen=True, gc=False):
    payload: list[Row]
    errors: list[Problem] = []

    left = (
        "payload[].ASIN",
        "payload[].Product.Identifiers",
        "payload[].Product.AttributeSets",
        "payload[].Product.Relationships",
        "payload[].Product.CompetitivePricing",
        "payload[].Product.SalesRankings",
        "payload[].Product.Offers[].BuyingPrice.ListingPrice",
        "payload[].Product.Offers[].BuyingPrice.Shipping",
        "payload[].Product.Offers[].BuyingPrice.Points",
        "payload[].Product.Offers[].businessPrice",
        "payload[].Product.Offers[].quantityDiscountPrices",
        "payload[].Product.Offers[].FulfillmentChannel",
        "payload[].Product.Offers[].ItemCondition",
        "payload[].Product.Offers[].ItemSubCondition",
        "errors",
    )


# catalogItems_2022-04-01.json, searchCatalogItems


class BrowseClassification(Kept, frozen=True, gc=False):
    displayName: Label


class CatalogSummary(Kept, frozen=True, gc=False):
    marketplaceId: Place
    brand: Label | None = None
    browseClassification: BrowseClassification | None = None
    websiteDisplayGroupName: Label | None = None


class CatalogItem(Kept, frozen=True, gc=False):
    asin: Name
    summaries: list[CatalogSummary] = []


class Catalog(Told, Generic[Row], frozen=True, gc=False):
    items: list[Row]

    left = (
        "numberOfResults",
        "pagination",
        "refinements",
        "items[].attributes",
        "items[].classifications",
        "items[].dimensions",
        "items[].identifiers",
        "items[].images",
        "items[].productTypes",
        "items[].relationships",
        "items[].salesRanks",
        "items[].vendorDetails",
        "items[].summaries[].adultProduct",
        "items[].summaries[].autographed",
        "items[].summaries[].browseClassification.classificationId",
        "items[].summaries[].browseClassification.parent",
        "items[].summaries[].color",
        "items[].summaries[].contributors",
        "items[].summaries[].itemClassification",
        "items[].summaries[].itemName",
        "items[].summaries[].manufacturer",
        "items[].summaries[].memorabilia",
        "items[].summaries[].modelNumber",
        "items[].summaries[].packageQuantity",
        "items[].summaries[].partNumber",
        "items[].summaries[].releaseDate",
        "items[].summaries[].size",
        "items[].summaries[].style",
        "items[].summaries[].tradeInEligible",
        "items[].summaries[].websiteDisplayGroup",
    )
