"""A seller's accounts and country stores, named the way the seller knows them."""

from collections import Counter
from functools import cached_property
from uuid import UUID

from marketplaces import shelf
from marketplaces.models import Connection, Market
from plugseller.accounts.models import Seller


def marketplace_label(marketplace: str) -> str:
    """ "Amazon" for "amazon", also while that marketplace is off the shelf."""
    try:
        return shelf.adapter(marketplace).label
    except KeyError:
        return marketplace.title()


class Places:
    """All accounts and stores of one seller, read once for a page."""

    def __init__(self, seller: Seller) -> None:
        self._seller = seller

    @cached_property
    def connections(self) -> list[Connection]:
        """Every account that was ever connected, oldest first; secrets not read."""
        own = Connection.objects.of_seller(self._seller)
        return list(own.defer("credentials").order_by("connected_at", "id"))

    @cached_property
    def markets(self) -> dict[tuple[UUID, str], Market]:
        """The country stores by account and the marketplace's id of the store."""
        stores = Market.objects.of_seller(self._seller).order_by("country")
        return {(store.connection_id, store.market): store for store in stores}

    @cached_property
    def _names(self) -> dict[UUID, str]:
        of_kind = Counter((c.marketplace, c.region) for c in self.connections)
        names = {}
        for connection in self.connections:
            name = marketplace_label(connection.marketplace)
            several = of_kind[connection.marketplace, connection.region] > 1
            apart = connection.label or connection.account_id[-4:]
            names[connection.pk] = f"{name} ({apart})" if several else name
        return names

    def account(self, connection_id: UUID) -> str:
        """ "Amazon", or "Amazon (A1B2)" where the seller has several."""
        return self._names.get(connection_id, "Unknown account")

    def store(self, connection_id: UUID, market: str) -> str:
        """ "Amazon US": the account and the country of the store."""
        found = self.markets.get((connection_id, market))
        return f"{self.account(connection_id)} {found.country if found else market}"

    def account_choices(self) -> list[tuple[str, str]]:
        """Accounts for a filter; regions tell two accounts of one name apart."""
        return [
            (str(c.pk), f"{self.account(c.pk)} {c.region.upper()}")
            for c in self.connections
        ]

    def market_choices(self) -> list[tuple[str, str]]:
        """Country stores for a filter, by the marketplace's id of the store."""
        named = {store.market: store.name for store in self.markets.values()}
        return sorted(named.items(), key=lambda pair: pair[1])
