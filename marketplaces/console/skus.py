"""Facts about a SKU (listing, stock, price) as rows that say what and where."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from marketplaces.console import words
from marketplaces.console.places import Places
from marketplaces.console.provenance import Source, source_of
from marketplaces.models import Listing, Price, Stock
from plugseller.accounts.desk import Desk

Fact = Listing | Stock | Price


@dataclass(frozen=True, slots=True)
class SkuRow:
    """One fact with its title, its store, its page and its source."""

    fact: Any  # a Listing, Stock or Price: templates read its fields
    title: str | None
    account: str
    store: str
    source: Source
    desk: Desk

    @property
    def url(self) -> str:
        return sku_url(self.desk, self.fact)

    @property
    def shipper(self) -> str:
        """Who ships it; prices don't say."""
        return words.shipper(self.fact.channel, self.source.marketplace)


def tell_facts(desk: Desk, places: Places, facts: Iterable[Fact]) -> list[SkuRow]:
    """The facts with titles; one query for the titles of stock and prices."""
    facts = list(facts)
    titles = _titles(desk, facts)
    return [
        SkuRow(
            fact=fact,
            title=titles.get((fact.connection_id, fact.sku)),
            account=places.account(fact.connection_id),
            store=places.store(fact.connection_id, fact.market),
            source=source_of(fact),
            desk=desk,
        )
        for fact in facts
    ]


def sku_url(desk: Desk, fact: Fact) -> str:
    """The page of the SKU in that account and country store."""
    key = (desk.seller.slug, fact.connection_id, fact.market, fact.sku)
    return reverse("console:sku", args=key)


def _titles(desk: Desk, facts: list[Fact]) -> dict[tuple[Any, str], str | None]:
    if all(isinstance(fact, Listing) for fact in facts):
        return {(f.connection_id, f.sku): f.title for f in facts}  # type: ignore[union-attr]
    listings = Listing.objects.of_seller(desk.seller).filter(
        sku__in={fact.sku for fact in facts}
    )
    rows = listings.values_list("connection_id", "sku", "title")
    return {(connection, sku): title for connection, sku, title in rows if title}
