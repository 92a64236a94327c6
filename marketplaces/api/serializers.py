"""What a program is told of each thing. No field for a buyer exists here (USE-4)."""

from datetime import UTC
from decimal import Decimal
from typing import Any, ClassVar

from django.conf import settings
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from marketplaces.console.words import PENDING
from marketplaces.datamap import Feature
from marketplaces.models import Connection, Listing, Order, Price, Stock, SyncRun
from plugseller.accounts.converters import Unguessable
from plugseller.accounts.roles import Permission

NOT_TOLD, NOT_YET_KNOWN = "not_told", "not_yet_known"
Told = dict[str, Any]


def link(name: str, *key: Any) -> str:
    """A whole address of ours, built from settings and never from a header."""
    return f"{settings.PUBLIC_ADDRESS}{reverse(f'api:{name}', args=key)}"


class Instant(serializers.DateTimeField):
    """A time in UTC, ISO 8601."""

    def __init__(self, **options: Any) -> None:
        super().__init__(default_timezone=UTC, **options)


class Money(serializers.Serializer[Any]):
    """An amount of money."""

    amount = serializers.CharField(help_text="A decimal number, as text.")
    currency = serializers.CharField(allow_null=True, help_text="ISO 4217.")


def money(amount: Decimal | None, currency: str | None) -> Told | None:
    """An amount of money; None where there is none, which is not 0."""
    if amount is None:
        return None
    return {"amount": f"{amount:f}", "currency": currency}


class Number(serializers.CharField):
    """A counted key, as it stands in addresses: nobody can guess the next one."""

    def __init__(self, **options: Any) -> None:
        told = "The last part of its address."
        super().__init__(read_only=True, help_text=told, **options)

    def to_representation(self, value: Any) -> str:
        return Unguessable().to_url(value)


class Provenance(serializers.Serializer[Any]):
    """Where a row is from."""

    as_of = Instant(allow_null=True, help_text="The marketplace's own time of it.")
    fetched_at = Instant(help_text="When we read it.")
    operation = serializers.CharField(help_text="By which call of the data map.")
    sync_run = Number(source="run_id")


_ABSENT = {
    "type": "object",
    "additionalProperties": {"enum": [NOT_TOLD, NOT_YET_KNOWN]},
    "description": "Why a field is null. Null never means 0.",
}


class Facts(serializers.Serializer[Any]):
    """Something the marketplace told, and why it didn't tell the rest."""

    may_lack: ClassVar[tuple[str, ...]] = ()

    absent = serializers.SerializerMethodField()

    @extend_schema_field(_ABSENT)
    def get_absent(self, row: Any) -> dict[str, str]:
        return {
            name: self.why(row, name)
            for name in self.may_lack
            if getattr(row, name) is None
        }

    def why(self, row: Any, name: str) -> str:
        return NOT_TOLD


class MarketplaceFacts(Facts):
    """A row of Marketplace Information: whose store, what address, where from."""

    url = serializers.SerializerMethodField()
    connection = serializers.UUIDField(source="connection_id")
    market = serializers.CharField(help_text="The marketplace's id of the store.")
    provenance = Provenance(source="*")

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, row: Any) -> str:
        return link(*self.place(row))

    def place(self, row: Any) -> tuple[Any, ...]:
        """The name of the row's address, and the key in it."""
        raise NotImplementedError

    @property
    def slug(self) -> str:
        return str(self.context["slug"])


class Item(Facts):
    """One line of an order."""

    may_lack = (
        "product_id",
        "title",
        "status",
        "quantity_shipped",
        "quantity_cancelled",
        "unit_price",
    )

    id = serializers.CharField(source="external_id")
    sku = serializers.CharField()
    product_id = serializers.CharField(allow_null=True)
    title = serializers.CharField(allow_null=True)
    status = serializers.CharField(allow_null=True)
    quantity = serializers.IntegerField()
    quantity_shipped = serializers.IntegerField(allow_null=True)
    quantity_cancelled = serializers.IntegerField(allow_null=True)
    unit_price = serializers.SerializerMethodField()

    @extend_schema_field(Money(allow_null=True))
    def get_unit_price(self, item: Any) -> Told | None:
        return money(item.unit_price, item.currency)


class OrderRow(MarketplaceFacts):
    """An order with its lines, and without its buyer."""

    may_lack = ("ship_by", "total")

    number = serializers.CharField(source="external_id")
    status = serializers.CharField(help_text="In the marketplace's own word.")
    channel = serializers.CharField(help_text="Who ships.")
    placed_at = Instant()
    ship_by = Instant(allow_null=True)
    total = serializers.SerializerMethodField()
    items = Item(many=True)

    @extend_schema_field(Money(allow_null=True))
    def get_total(self, order: Order) -> Told | None:
        return money(order.total, order.currency)

    def why(self, row: Order, name: str) -> str:
        pending = name == "total" and row.status in PENDING
        return NOT_YET_KNOWN if pending else NOT_TOLD

    def place(self, row: Order) -> tuple[Any, ...]:
        return "order", self.slug, row.connection_id, row.external_id


class Issue(serializers.Serializer[Any]):
    """A problem the marketplace reports of a listing."""

    code = serializers.CharField(allow_null=True)
    severity = serializers.CharField(allow_null=True)
    message = serializers.CharField(allow_null=True)


class ListingRow(MarketplaceFacts):
    """The offer of a product under a SKU in one country store."""

    may_lack = ("product_id", "title", "condition", "channel", "image", "listed_at")

    sku = serializers.CharField()
    product_id = serializers.CharField(allow_null=True)
    title = serializers.CharField(allow_null=True)
    status = serializers.CharField(help_text="In the marketplace's own word.")
    condition = serializers.CharField(allow_null=True)
    channel = serializers.CharField(allow_null=True, help_text="Who ships.")
    image = serializers.CharField(allow_null=True)
    issue_count = serializers.IntegerField()
    issues = serializers.SerializerMethodField()
    listed_at = Instant(allow_null=True)
    gone_at = Instant(allow_null=True, help_text="Null while it is listed.")

    @extend_schema_field(Issue(many=True))
    def get_issues(self, listing: Listing) -> list[Told]:
        names = ("code", "severity", "message")
        return [{name: issue.get(name) for name in names} for issue in listing.issues]

    def place(self, row: Listing) -> tuple[Any, ...]:
        return "listing", self.slug, row.connection_id, row.market, row.sku


class PriceRow(MarketplaceFacts):
    """A price of a SKU in one country store, as it holds now."""

    sku = serializers.CharField()
    kind = serializers.ChoiceField(choices=Price.Kind.values)
    price = serializers.SerializerMethodField()

    @extend_schema_field(Money)
    def get_price(self, price: Price) -> Told | None:
        return money(price.amount, price.currency)

    def place(self, row: Price) -> tuple[Any, ...]:
        return "price", self.slug, row.connection_id, row.market, row.sku, row.kind


class StockRow(MarketplaceFacts):
    """Pieces of a SKU at one place."""

    may_lack = ("available", "reserved", "inbound", "unsellable")

    sku = serializers.CharField()
    location = serializers.CharField()
    channel = serializers.CharField(help_text="Who ships.")
    available = serializers.IntegerField(allow_null=True)
    reserved = serializers.IntegerField(allow_null=True)
    inbound = serializers.IntegerField(allow_null=True)
    unsellable = serializers.IntegerField(allow_null=True)
    gone_at = Instant(allow_null=True, help_text="Null while it is reported.")

    def place(self, row: Stock) -> tuple[Any, ...]:
        return "stock", self.slug, row.connection_id, row.market, row.sku, row.location


class Store(serializers.Serializer[Any]):
    """A country store the account may sell in."""

    market = serializers.CharField()
    name = serializers.CharField()
    country = serializers.CharField()
    currency = serializers.CharField()
    participating = serializers.BooleanField()


class Switch(serializers.Serializer[Any]):
    """A feature, and whether it is fetched."""

    feature = serializers.ChoiceField(choices=[f.value for f in Feature])
    on = serializers.BooleanField()
    switched_at = Instant()


class ConnectionRow(serializers.Serializer[Connection]):
    """A marketplace account the seller has authorised us to read."""

    url = serializers.SerializerMethodField()
    id = serializers.UUIDField()
    marketplace = serializers.CharField()
    region = serializers.CharField()
    account_id = serializers.CharField(help_text="The seller's own id there.")
    label = serializers.CharField()  # type: ignore[assignment]  # a field all the same
    status = serializers.ChoiceField(choices=Connection.Status.values)
    trouble = serializers.CharField()
    connected_at = Instant()
    reconnect_by = Instant(allow_null=True, help_text="Null where there is no limit.")
    ended_at = Instant(allow_null=True, help_text="Null while it is connected.")
    markets = Store(many=True)
    features = Switch(many=True, source="switches")

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, connection: Connection) -> str:
        return link("connection", self.context["slug"], connection.pk)


class RunRow(serializers.Serializer[SyncRun]):
    """One pass of one feature of a connection."""

    url = serializers.SerializerMethodField()
    id = Number()
    connection = serializers.UUIDField(source="connection_id")
    feature = serializers.ChoiceField(choices=[f.value for f in Feature])
    started_at = Instant()
    finished_at = Instant(allow_null=True, help_text="Null while it runs.")
    outcome = serializers.ChoiceField(choices=SyncRun.Outcome.values)
    calls = serializers.IntegerField()
    pages = serializers.IntegerField()
    rows_new = serializers.IntegerField()
    rows_changed = serializers.IntegerField()
    rows_unchanged = serializers.IntegerField()
    rows_gone = serializers.IntegerField()
    rows_skipped = serializers.IntegerField()
    fields_dropped = serializers.IntegerField()
    dropped = serializers.DictField(
        child=serializers.IntegerField(),
        help_text="Fields that arrived unasked and weren't kept, and how often.",
    )
    skipped = serializers.DictField(
        child=serializers.IntegerField(), help_text="Why rows were skipped; how often."
    )
    throttled_seconds = serializers.FloatField()
    trouble = serializers.CharField()
    error_code = serializers.CharField()
    goes_on_at = Instant(allow_null=True, help_text="When a waiting run may go on.")

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, run: SyncRun) -> str:
        return link("sync_run", self.context["slug"], run.connection_id, run.pk)


class SellerRow(serializers.Serializer[Any]):
    """A seller."""

    url = serializers.SerializerMethodField()
    slug = serializers.CharField()
    name = serializers.CharField()
    time_zone = serializers.CharField()

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, seller: Any) -> str:
        return link("seller", seller.slug)


class SellerDetail(SellerRow):
    """A seller, and what this key, or person, may do there now."""

    role = serializers.SerializerMethodField()
    permissions = serializers.SerializerMethodField()

    def get_role(self, seller: Any) -> str:
        return str(self.context["standing"].role)

    @extend_schema_field(
        serializers.ListField(child=serializers.ChoiceField(Permission.values))
    )
    def get_permissions(self, seller: Any) -> list[str]:
        return sorted(self.context["standing"].rights)


class Why(serializers.Serializer[Any]):
    """Why a list is empty, for one account."""

    connection = serializers.UUIDField(source="connection_id", allow_null=True)
    reason = serializers.CharField(source="text")
    answered_at = Instant(
        source="at", allow_null=True, help_text="When the marketplace said: nothing."
    )


class ProblemError(serializers.Serializer[Any]):
    parameter = serializers.CharField()
    detail = serializers.CharField()


class Problem(serializers.Serializer[Any]):
    """RFC 9457."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    errors = ProblemError(many=True, required=False)  # type: ignore[assignment]  # a field all the same
