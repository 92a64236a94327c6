"""What a person may ask of a list: declared filters, nothing else (no ORM look-ups)."""

import zoneinfo
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar

from django import forms
from django.db.models import Q, QuerySet
from django.http import QueryDict

from marketplaces.console.words import CHANNELS, TO_SHIP
from marketplaces.models import Listing, Order, Price, Stock
from marketplaces.search import facts_matching, listings_matching, orders_matching
from plugseller.accounts.models import Seller
from plugseller.keyset import Ordering

PAGE_SIZES = (25, 50, 100, 200)
PAGE_SIZE = 50
LOW_STOCK = 5
_ANY = [("", "Any")]
_CHANNELS = [*_ANY, *CHANNELS.items()]


class ListFilter(forms.Form):
    """What all lists share: search, account, country store, order, page size."""

    orderings: ClassVar[tuple[Ordering, ...]]
    search_label: ClassVar[str] = "Search SKU or title"

    q = forms.CharField(required=False, max_length=200, label="Search")
    connection = forms.ChoiceField(required=False, label="Account")
    market = forms.ChoiceField(required=False, label="Country store")
    sort = forms.ChoiceField(required=False, label="Sort by")
    size = forms.TypedChoiceField(
        required=False,
        coerce=int,
        empty_value=str(PAGE_SIZE),
        choices=[(n, f"{n} rows") for n in PAGE_SIZES],
        initial=PAGE_SIZE,
        label="Show",
    )

    def __init__(
        self,
        data: QueryDict,
        *,
        seller: Seller,
        zone: zoneinfo.ZoneInfo,
        accounts: list[tuple[str, str]],
        markets: list[tuple[str, str]],
        statuses: Iterable[tuple[str, str]] = (),
    ) -> None:
        asked = data.copy()
        if not asked.get("size"):
            asked["size"] = str(PAGE_SIZE)  # else the list would show its first choice
        super().__init__(asked, label_suffix="")
        self.seller = seller
        self.zone = zone
        for name, choices in (("connection", accounts), ("market", markets)):
            self._choices(name, [*_ANY, *choices])
        self._choices("sort", [(o.key, o.label) for o in self.orderings])
        if "status" in self.fields:
            self.fields["status"].widget = forms.Select(
                choices=self._with_asked([*_ANY, *statuses])
            )
        search = self.fields["q"].widget
        search.attrs.update({"placeholder": self.search_label, "type": "search"})
        search.input_type = "search"

    def _choices(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices

    def _with_asked(self, choices: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """The choices, and the one that was asked for even if nothing has it now."""
        asked = self.data.get("status", "")[:60]
        if asked in dict(choices):
            return choices
        return [*choices, (asked, asked)]

    @property
    def ordering(self) -> Ordering:
        """The order asked for, or the first."""
        key = self.cleaned_data.get("sort") if self.is_valid() else ""
        return next((o for o in self.orderings if o.key == key), self.orderings[0])

    @property
    def page_size(self) -> int:
        return int(self.cleaned_data["size"]) if self.is_valid() else PAGE_SIZE

    @property
    def asked(self) -> dict[str, Any]:
        """The filters in use: names and values, without order and page size."""
        if not self.is_valid():
            return {}
        return {
            name: value
            for name, value in self.cleaned_data.items()
            if value not in (None, "", False) and name not in ("sort", "size")
        }

    @property
    def more_open(self) -> bool:
        """Whether a filter other than the search is in use."""
        return bool(self.asked.keys() - {"q"})

    def by_place(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of the account and the country store that were asked for."""
        if connection := self.cleaned_data["connection"]:
            rows = rows.filter(connection_id=connection)
        if market := self.cleaned_data["market"]:
            rows = rows.filter(market=market)
        return rows


class OrderFilter(ListFilter):
    """Orders: newest first, or oldest first."""

    orderings = (
        Ordering("newest", "Newest first", "placed_at", datetime, descending=True),
        Ordering("oldest", "Oldest first", "placed_at", datetime),
    )
    search_label = "Order number, SKU or title"

    status = forms.CharField(required=False, max_length=40)
    channel = forms.ChoiceField(required=False, choices=_CHANNELS, label="Shipped by")
    late = forms.BooleanField(required=False, label="Ship-by date has passed")
    since = forms.DateField(
        required=False, label="From", widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        required=False, label="To", widget=forms.DateInput(attrs={"type": "date"})
    )

    def clean_since(self) -> date | None:
        return _sensible(self.cleaned_data["since"])

    def clean_until(self) -> date | None:
        return _sensible(self.cleaned_data["until"])

    def narrow(self, orders: "QuerySet[Order]", now: datetime) -> "QuerySet[Order]":
        """The orders that were asked for; days are days in the seller's zone."""
        asked = self.cleaned_data
        orders = self.by_place(orders)
        for name in ("status", "channel"):
            if asked[name]:
                orders = orders.filter(**{name: asked[name]})
        if asked["late"]:
            orders = orders.filter(ship_by__lt=now, status__in=sorted(TO_SHIP))
        if asked["since"]:
            orders = orders.filter(placed_at__gte=self._midnight(asked["since"]))
        if asked["until"]:
            end = self._midnight(asked["until"] + timedelta(days=1))
            orders = orders.filter(placed_at__lt=end)
        if asked["q"]:
            orders = orders_matching(orders, self.seller, asked["q"])
        return orders

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), tzinfo=self.zone)


def _sensible(day: date | None) -> date | None:
    if day and not 1995 <= day.year <= 2100:
        raise forms.ValidationError("A year between 1995 and 2100, please.")
    return day


_BY_SKU = (
    Ordering("sku", "SKU, A to Z", "sku", str),
    Ordering("-sku", "SKU, Z to A", "sku", str, descending=True),
)


class ListingFilter(ListFilter):
    """Listings: by SKU, or by the day they were listed."""

    orderings = (
        *_BY_SKU,
        Ordering(
            "newest",
            "Newest listed",
            "listed_at",
            datetime,
            descending=True,
            note="Listings whose date isn't told aren't in this order.",
        ),
    )
    search_label = "SKU, title or product id"

    status = forms.CharField(required=False, max_length=60)
    channel = forms.ChoiceField(required=False, choices=_CHANNELS, label="Shipped by")
    problems = forms.BooleanField(required=False, label="Only with problems")
    gone = forms.ChoiceField(
        required=False,
        choices=[("", "Listed now"), ("too", "Gone ones too"), ("only", "Only gone")],
        label="Gone",
    )

    def narrow(
        self, listings: "QuerySet[Listing]", now: datetime
    ) -> "QuerySet[Listing]":
        asked = self.cleaned_data
        listings = self.by_place(_gone(listings, asked["gone"]))
        for name in ("status", "channel"):
            if asked[name]:
                listings = listings.filter(**{name: asked[name]})
        if asked["problems"]:
            listings = listings.filter(issue_count__gt=0)
        if asked["q"]:
            listings = listings_matching(listings, asked["q"])
        if self.ordering.field == "listed_at":
            listings = listings.filter(listed_at__isnull=False)
        return listings


class StockFilter(ListFilter):
    """Stock: by SKU, or the lowest first."""

    orderings = (
        *_BY_SKU,
        Ordering(
            "lowest",
            "Fewest pieces first",
            "available",
            int,
            note="Places whose count isn't told aren't in this order.",
        ),
    )

    channel = forms.ChoiceField(required=False, choices=_CHANNELS, label="Shipped by")
    level = forms.ChoiceField(
        required=False,
        choices=[
            *_ANY,
            ("out", "Out of stock (0)"),
            ("low", f"Low (1 to {LOW_STOCK})"),
            ("short", f"Out or low (0 to {LOW_STOCK})"),
            ("untold", "Count not told"),
        ],
        label="Pieces",
    )
    gone = forms.ChoiceField(
        required=False,
        choices=[("", "Reported now"), ("too", "Gone ones too"), ("only", "Only gone")],
        label="Gone",
    )
    _levels: ClassVar[dict[str, Q]] = {
        "out": Q(available__lte=0),
        "low": Q(available__gte=1, available__lte=LOW_STOCK),
        "short": Q(available__lte=LOW_STOCK),
        "untold": Q(available__isnull=True),
    }

    def narrow(self, stock: "QuerySet[Stock]", now: datetime) -> "QuerySet[Stock]":
        asked = self.cleaned_data
        stock = self.by_place(_gone(stock, asked["gone"]))
        if asked["channel"]:
            stock = stock.filter(channel=asked["channel"])
        if asked["level"]:
            stock = stock.filter(self._levels[asked["level"]])
        if asked["q"]:
            stock = facts_matching(stock, self.seller, asked["q"])
        if self.ordering.field == "available":
            stock = stock.filter(available__isnull=False)
        return stock


class PriceFilter(ListFilter):
    """Prices: by SKU."""

    orderings = _BY_SKU

    kind = forms.ChoiceField(
        required=False, choices=[*_ANY, *Price.Kind.choices], label="Kind"
    )

    def narrow(self, prices: "QuerySet[Price]", now: datetime) -> "QuerySet[Price]":
        asked = self.cleaned_data
        prices = self.by_place(prices)
        if asked["kind"]:
            prices = prices.filter(kind=asked["kind"])
        if asked["q"]:
            prices = facts_matching(prices, self.seller, asked["q"])
        return prices


def _gone(rows: QuerySet[Any], wanted: str) -> QuerySet[Any]:
    if wanted == "too":
        return rows
    return rows.filter(gone_at__isnull=wanted != "only")


class ConnectForm(forms.Form):
    """Which features to switch on with a connection; at least one."""

    features = forms.MultipleChoiceField(
        required=True,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Tick at least one feature."},
    )

    def __init__(
        self, data: Any = None, *, features: list[tuple[str, str]], **kwargs: Any
    ) -> None:
        super().__init__(data, label_suffix="", **kwargs)
        field = self.fields["features"]
        if isinstance(field, forms.MultipleChoiceField):
            field.choices = features
