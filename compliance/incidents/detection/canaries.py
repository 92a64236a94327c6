"""Sellers that are planted to be noticed when somebody opens them (INC-1).

Rows planted among a seller's own would show in its lists, figures and exports. So a
canary is a seller of its own: without people, accounts or data, in nobody's figures.
"""

from datetime import datetime

from django.db import transaction

from compliance.incidents.detection.models import Canary
from plugseller.accounts.services.sellers import create_seller
from plugseller.audit.services import record


@transaction.atomic
def plant_canary(*, name: str, slug: str, now: datetime) -> Canary:
    """A seller that nobody has a reason to open. Raises ValidationError."""
    seller = create_seller(actor=None, name=name, slug=slug, time_zone="UTC")
    canary = Canary.objects.create(seller_id=seller.pk, planted_at=now)
    record("canary.planted", seller_id=seller.pk, subject=canary)
    return canary
