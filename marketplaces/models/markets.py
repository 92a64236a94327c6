"""The country stores of an account."""

from django.db import models

from marketplaces.models.connections import Connection
from marketplaces.models.provenance import MarketplaceRow
from plugseller.accounts.roles import Permission


class Market(MarketplaceRow):
    """A country store the connected account may sell in."""

    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, db_index=False, related_name="markets"
    )
    name = models.CharField(max_length=100)
    country = models.CharField(max_length=2)
    currency = models.CharField(max_length=3)
    participating = models.BooleanField(default=True)

    view_permission = Permission.VIEW_CATALOG

    class Meta(MarketplaceRow.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "market"], name="one_row_per_market"
            ),
        ]
        indexes = [
            models.Index(fields=["seller", "country"], name="market_by_country"),
        ]

    def __str__(self) -> str:
        return self.market
