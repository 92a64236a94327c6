"""Where a stored row is from, so that each figure on a page can say so."""

from django.db import models

from marketplaces.models.connections import Connection
from plugseller.accounts.models import Seller
from plugseller.accounts.tenancy import FencedQuerySet


class MarketplaceRow(models.Model):
    """A row of Marketplace Information: whose it is, and where it came from (SCOPE-1).

    Bulk rows have 64-bit keys for speed and are addressed through their seller and
    natural key only.
    """

    part_of = "connection_id"  # what the fence leaves out when that is to be deleted

    id = models.BigAutoField(primary_key=True)
    seller = models.ForeignKey(
        Seller, on_delete=models.CASCADE, db_index=False, related_name="+"
    )
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, db_index=False, related_name="+"
    )
    market = models.CharField(max_length=20)
    as_of = models.DateTimeField(null=True)  # the marketplace's own time of the fact
    fetched_at = models.DateTimeField()  # when we read it
    operation = models.CharField(max_length=40)  # by which call of the data map
    run_id = models.BigIntegerField()  # in which sync run; outlives the run's row

    unfenced = models.Manager()
    objects = FencedQuerySet.as_manager()

    class Meta:
        abstract = True
        default_manager_name = "unfenced"
        default_permissions = ()
