"""What is sold, and under which SKU."""

from django.db import models

from marketplaces.models.provenance import MarketplaceRow
from plugseller.accounts.roles import Permission


class Product(MarketplaceRow):
    """A thing in a marketplace's catalogue that the seller lists."""

    view_permission = Permission.VIEW_CATALOG

    external_id = models.CharField(max_length=64)  # ASIN, wpid
    title = models.CharField(max_length=1000, null=True)
    brand = models.CharField(max_length=255, null=True)
    category = models.CharField(max_length=255, null=True)
    image = models.CharField(max_length=1000, null=True)

    class Meta(MarketplaceRow.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "market", "external_id"],
                name="one_row_per_product",
            ),
        ]
        indexes = [
            models.Index(fields=["seller", "external_id"], name="product_of_seller"),
        ]

    def __str__(self) -> str:
        return self.external_id


class Listing(MarketplaceRow):
    """The seller's offer of a product under a SKU in one country store."""

    view_permission = Permission.VIEW_CATALOG

    sku = models.CharField(max_length=255)
    product_id = models.CharField(max_length=64, null=True)
    title = models.CharField(max_length=1000, null=True)
    status = models.CharField(max_length=60)
    condition = models.CharField(max_length=40, null=True)
    channel = models.CharField(max_length=20, null=True)
    image = models.CharField(max_length=1000, null=True)
    issues = models.JSONField(default=list)  # [{code, severity, message}]
    issue_count = models.PositiveIntegerField(default=0)
    listed_at = models.DateTimeField(null=True)
    gone_at = models.DateTimeField(null=True)  # no longer in a complete answer

    class Meta(MarketplaceRow.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "market", "sku"], name="one_row_per_listing"
            ),
        ]
        indexes = [
            models.Index(fields=["seller", "sku", "id"], name="listing_by_sku"),
            models.Index(fields=["seller", "-listed_at", "-id"], name="listing_by_age"),
            models.Index(
                fields=["seller", "gone_at"],
                name="listing_gone",
                condition=models.Q(gone_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.sku
