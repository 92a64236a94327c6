"""Finds a seller's rows by the words a person types.

Only the seller's own list of SKUs is searched for a piece of text; orders are then
reached through indexes, so that no order table is read through.
"""

from typing import TypeVar

from django.db.models import Exists, OuterRef, Q, QuerySet

from marketplaces.models import Connection, Listing, Order, OrderItem, Price, Stock
from plugseller.accounts.models import Seller

Fact = TypeVar("Fact", Stock, Price)

MANY = 1_000  # SKUs or order lines from which on the other plan is cheaper


def listings_matching(listings: "QuerySet[Listing]", term: str) -> "QuerySet[Listing]":
    """Listings whose SKU or title holds the term, or whose product id is it."""
    return listings.filter(
        Q(sku__icontains=term) | Q(title__icontains=term) | Q(product_id__iexact=term)
    )


def facts_matching(
    facts: "QuerySet[Fact]", seller: Seller, term: str
) -> "QuerySet[Fact]":
    """Stock or prices whose SKU holds the term, or whose listing fits it."""
    skus = listings_matching(Listing.objects.of_seller(seller), term).values("sku")
    return facts.filter(Q(sku__icontains=term) | Q(sku__in=skus))


def orders_matching(
    orders: "QuerySet[Order]", seller: Seller, term: str, *, many: int = MANY
) -> "QuerySet[Order]":
    """Orders of that number, or else with a line whose SKU or listing fits the term.

    Few lines are found through the index of lines; where there are many, the newest
    orders are walked and each is asked for such a line. Neither plan is good for both.
    """
    # A number is indexed within a connection.
    accounts = Connection.objects.of_seller(seller).values_list("pk", flat=True)
    own = Order.objects.of_seller(seller).filter(connection__in=list(accounts))
    numbered = list(own.filter(external_id=term).values_list("pk", flat=True)[:20])
    if numbered:
        return orders.filter(pk__in=numbered)
    listed = listings_matching(Listing.objects.of_seller(seller), term)
    skus = {term, *listed.values_list("sku", flat=True)[: many + 1]}
    lines = OrderItem.objects.of_seller(seller)
    if len(skus) > many:
        fitting = lines.filter(Q(sku=term) | Q(sku__in=listed.values("sku")))
        return orders.filter(Exists(fitting.filter(order=OuterRef("pk"))))
    lines = lines.filter(sku__in=skus)
    few = list(lines.values_list("order_id", flat=True)[: many + 1])
    if len(few) <= many:
        return orders.filter(pk__in=set(few))
    return orders.filter(Exists(lines.filter(order=OuterRef("pk"))))
