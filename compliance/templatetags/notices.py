"""What a seller's owners are told on each of their pages (INC-2)."""

from django import template

from compliance.incidents.casework import Notice
from compliance.incidents.services.returned import unread_at
from plugseller.accounts.desk import Desk

register = template.Library()


@register.simple_tag
def came_back(desk: Desk) -> list[Notice]:
    """Notices that didn't reach the seller's people by mail; for its owners."""
    if desk.user.is_staff or not desk.manages_members:
        return []
    return list(unread_at(desk.seller.pk))
