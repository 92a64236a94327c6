"""Orders and their lines. No field for a buyer exists here (USE-4)."""

from django.db import models

from marketplaces.models.provenance import MarketplaceRow
from plugseller.accounts.models import Seller
from plugseller.accounts.roles import Permission
from plugseller.accounts.tenancy import FencedQuerySet


class Order(MarketplaceRow):
    """An order, without its buyer."""

    view_permission = Permission.VIEW_ORDERS

    external_id = models.CharField(max_length=64)
    status = models.CharField(max_length=40)
    channel = models.CharField(max_length=20)
    placed_at = models.DateTimeField()
    ship_by = models.DateTimeField(null=True)
    currency = models.CharField(max_length=3, null=True)
    total = models.DecimalField(max_digits=14, decimal_places=4, null=True)
    lines_digest = models.BinaryField(max_length=8, null=True)  # of the lines as told

    class Meta(MarketplaceRow.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "external_id"], name="one_row_per_order"
            ),
        ]
        indexes = [
            models.Index(
                fields=["seller", "-placed_at", "-id"], name="order_newest_first"
            ),
            models.Index(
                fields=["seller", "status", "-placed_at", "-id"],
                name="order_by_status",
            ),
        ]

    def __str__(self) -> str:
        return self.external_id


class OrderItem(models.Model):
    """One line of an order.

    Lines are read through their orders. So where an order isn't read any more because
    its connection is to be deleted, neither are they; a condition of their own would
    join every order for each line that is looked at.
    """

    view_permission = Permission.VIEW_ORDERS

    id = models.BigAutoField(primary_key=True)
    seller = models.ForeignKey(
        Seller, on_delete=models.CASCADE, db_index=False, related_name="+"
    )
    order = models.ForeignKey(
        Order, on_delete=models.CASCADE, db_index=False, related_name="items"
    )
    external_id = models.CharField(max_length=64)
    sku = models.CharField(max_length=255)
    product_id = models.CharField(max_length=64, null=True)
    title = models.CharField(max_length=1000, null=True)
    status = models.CharField(max_length=40, null=True)
    quantity = models.PositiveIntegerField()
    quantity_shipped = models.PositiveIntegerField(null=True)
    quantity_cancelled = models.PositiveIntegerField(null=True)
    unit_price = models.DecimalField(max_digits=14, decimal_places=4, null=True)
    currency = models.CharField(max_length=3, null=True)

    unfenced = models.Manager()
    objects = FencedQuerySet.as_manager()

    class Meta:
        default_manager_name = "unfenced"
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["order", "external_id"], name="one_row_per_order_line"
            ),
        ]
        indexes = [
            models.Index(fields=["seller", "sku", "order"], name="order_line_by_sku"),
        ]

    def __str__(self) -> str:
        return self.external_id
