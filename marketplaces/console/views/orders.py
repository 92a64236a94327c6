"""Orders, without their buyers."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from marketplaces.console import words
from marketplaces.console.forms import OrderFilter
from marketplaces.console.lists import Listed, list_file, list_page
from marketplaces.console.places import Places
from marketplaces.console.provenance import Source, source_of
from marketplaces.datamap import Feature
from marketplaces.models import Order, OrderItem
from plugseller.accounts.desk import Desk, open_desk, show
from plugseller.accounts.models import Seller
from plugseller.accounts.roles import Permission
from plugseller.audit.services import record_access
from plugseller.exports import Column

_SHOWN_LINES = 3
_RECENT = 1_000  # orders whose statuses make up the filter's choices


class Content(NamedTuple):
    """What a list says of a line. A file has a hundred thousand of them."""

    order_id: int
    quantity: int
    sku: str


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One order with its lines, its store, its page and its source."""

    order: Order
    lines: Sequence[Content | OrderItem]
    account: str
    store: str
    late: bool
    desk: Desk

    @property
    def source(self) -> Source:
        return source_of(self.order)

    @property
    def url(self) -> str:
        return order_url(self.desk, self.order)

    @property
    def total_absent(self) -> str:
        """Why there is no total: a pending order's price isn't known yet."""
        pending = self.order.status in words.PENDING
        return words.NOT_YET_KNOWN if pending else words.NOT_TOLD

    @property
    def marketplace(self) -> str:
        return self.source.marketplace

    @property
    def first_lines(self) -> Sequence[Content | OrderItem]:
        """As many lines as a row of the list has room for."""
        return self.lines[:_SHOWN_LINES]

    @property
    def more_lines(self) -> int:
        return max(len(self.lines) - _SHOWN_LINES, 0)

    @property
    def contents(self) -> str:
        """ "2 × MUG-1; 1 × LAMP-3" """
        return "; ".join(f"{line.quantity} × {line.sku}" for line in self.lines)


def _tell(desk: Desk, places: Places, orders: list[Order]) -> list[OrderRow]:
    lines: dict[int, list[Content]] = defaultdict(list)
    found = OrderItem.objects.of_seller(desk.seller).filter(
        order_id__in=[order.pk for order in orders]
    )
    told = found.order_by("order_id", "id").values_list(*Content._fields)
    for line in map(Content._make, told):
        lines[line.order_id].append(line)
    now = timezone.now()
    return [_row(desk, places, order, lines[order.pk], now) for order in orders]


def _row(
    desk: Desk,
    places: Places,
    order: Order,
    lines: Sequence[Content | OrderItem],
    now: datetime,
) -> OrderRow:
    return OrderRow(
        order=order,
        lines=lines,
        account=places.account(order.connection_id),
        store=places.store(order.connection_id, order.market),
        late=_late(order, now),
        desk=desk,
    )


def order_url(desk: Desk, order: Order) -> str:
    """The order's page, by the seller and the marketplace's own number."""
    key = (desk.seller.slug, order.connection_id, order.external_id)
    return reverse("console:order", args=key)


def _late(order: Order, now: datetime) -> bool:
    waits = order.status in words.TO_SHIP
    return bool(waits and order.ship_by and order.ship_by < now)


def _statuses(seller: Seller) -> list[tuple[str, str]]:
    recent = Order.objects.of_seller(seller).order_by("-placed_at", "-id")
    seen = set(recent.values_list("status", flat=True)[:_RECENT])
    return [(status, words.status_words(status)) for status in sorted(seen) if status]


ORDERS = Listed(
    name="orders",
    title="Orders",
    features=(Feature.ORDERS,),
    permission=Permission.VIEW_ORDERS,
    form=OrderFilter,
    rows=Order.objects.of_seller,
    tell=_tell,
    statuses=_statuses,
    columns=(
        Column[OrderRow]("Placed", lambda r: r.order.placed_at, timed=True),
        Column[OrderRow]("Order number", lambda r: r.order.external_id),
        Column[OrderRow]("Status", lambda r: words.status_words(r.order.status)),
        Column[OrderRow]("Account", lambda r: r.account),
        Column[OrderRow]("Country store", lambda r: r.store),
        Column[OrderRow](
            "Shipped by", lambda r: words.shipper(r.order.channel, r.marketplace)
        ),
        Column[OrderRow]("Lines", lambda r: r.contents),
        Column[OrderRow]("Total", lambda r: r.order.total),
        Column[OrderRow]("Currency", lambda r: r.order.currency),
        Column[OrderRow]("Ship by", lambda r: r.order.ship_by, timed=True),
        Column[OrderRow]("Marketplace's time", lambda r: r.order.as_of, timed=True),
        Column[OrderRow]("Fetched", lambda r: r.order.fetched_at, timed=True),
        Column[OrderRow]("Call", lambda r: r.order.operation),
    ),
)


@login_required
@require_safe
def order_list(request: HttpRequest, slug: str) -> HttpResponse:
    """Orders of the seller, newest first."""
    return list_page(request, open_desk(request, slug, ORDERS.permission), ORDERS)


@login_required
@require_safe
def order_file(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The same as CSV."""
    return list_file(request, open_desk(request, slug, ORDERS.permission), ORDERS)


@login_required
@require_safe
def order_detail(
    request: HttpRequest, slug: str, connection: UUID, number: str
) -> HttpResponse:
    """One order: lines, sums, dates, where it is from. Never who bought it."""
    desk = open_desk(request, slug, Permission.VIEW_ORDERS)
    own = Order.objects.of_seller(desk.seller)
    order = get_object_or_404(own, connection_id=connection, external_id=number)
    own_lines = OrderItem.objects.of_seller(desk.seller).filter(order=order)
    lines, now = list(own_lines.order_by("id")), timezone.now()
    record_access(
        "orders.detail",
        actor=desk.user,
        seller_id=desk.seller.pk,
        subject=order,
        rows=1 + len(lines),
    )
    row = _row(desk, Places(desk.seller), order, lines, now)
    return show(
        request,
        desk,
        "marketplaces/order.html",
        {"row": row, "order": order, "now": now},
    )
