"""How many pieces lie where, now and before."""

from django.db import models

from marketplaces.models.provenance import MarketplaceRow
from plugseller.accounts.roles import Permission


class StockFact(MarketplaceRow):
    """Pieces of a SKU at one place; None where the marketplace didn't say, not 0."""

    view_permission = Permission.VIEW_INVENTORY

    sku = models.CharField(max_length=255)
    location = models.CharField(max_length=64)
    channel = models.CharField(max_length=20)
    available = models.IntegerField(null=True)
    reserved = models.IntegerField(null=True)
    inbound = models.IntegerField(null=True)
    unsellable = models.IntegerField(null=True)

    class Meta(MarketplaceRow.Meta):
        abstract = True

    def __str__(self) -> str:
        return f"{self.sku} at {self.location}"


class Stock(StockFact):
    """What lies there now."""

    gone_at = models.DateTimeField(null=True)  # no longer in a complete answer

    class Meta(StockFact.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "market", "sku", "location"],
                name="one_row_per_stock",
            ),
        ]
        indexes = [
            models.Index(fields=["seller", "sku", "id"], name="stock_by_sku"),
            models.Index(
                fields=["seller", "available", "id"], name="stock_by_available"
            ),
            models.Index(
                fields=["seller", "gone_at"],
                name="stock_gone",
                condition=models.Q(gone_at__isnull=False),
            ),
        ]


class StockChange(StockFact):
    """Every count that ever held, in the order we learned of it."""

    class Meta(StockFact.Meta):
        abstract = False
        indexes = [
            models.Index(
                fields=["connection", "market", "sku", "location", "-id"],
                name="stock_history",
            ),
            models.Index(fields=["seller", "fetched_at"], name="stock_change_age"),
        ]
