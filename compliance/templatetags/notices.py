"""What a seller's owners are told on each of their pages (INC-2)."""

from django import template

from compliance.incidents.casework import Notice
from compliance.incidents.services.returned import unread_at
from plugseller.accounts.models import Seller

register = template.Library()


@register.simple_tag
def came_back(seller: Seller) -> list[Notice]:
    """Notices that didn't reach the seller's people by mail."""
    return list(unread_at(seller.pk))
