"""What the seller asks, now and before."""

from django.db import models

from marketplaces.models.provenance import MarketplaceRow
from plugseller.accounts.roles import Permission


class PriceFact(MarketplaceRow):
    """A price of a SKU in one country store."""

    view_permission = Permission.VIEW_PRICES

    class Kind(models.TextChoices):
        OFFER = "offer", "Asked now"
        REGULAR = "regular", "Before discounts"
        LANDED = "landed", "With shipping"

    sku = models.CharField(max_length=255)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    amount = models.DecimalField(max_digits=14, decimal_places=4)
    currency = models.CharField(max_length=3)

    class Meta(MarketplaceRow.Meta):
        abstract = True

    def __str__(self) -> str:
        return f"{self.sku} {self.kind}"


class Price(PriceFact):
    """The price that holds now."""

    class Meta(PriceFact.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "market", "sku", "kind"],
                name="one_row_per_price",
            ),
        ]
        indexes = [
            models.Index(fields=["seller", "sku", "id"], name="price_by_sku"),
        ]


class PriceChange(PriceFact):
    """Every price that ever held, in the order we learned of it."""

    class Meta(PriceFact.Meta):
        abstract = False
        indexes = [
            models.Index(
                fields=["connection", "market", "sku", "kind", "-id"],
                name="price_history",
            ),
            models.Index(fields=["seller", "fetched_at"], name="price_change_age"),
        ]
