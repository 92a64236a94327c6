"""What the first page of the desk tells: staff access, and what isn't well."""

from typing import Any

from django import template
from django.utils import timezone

from plugseller.accounts.models import Grant, User
from plugseller.accounts.roles import StaffRole
from plugseller.accounts.tenancy import live_grants
from plugseller.displayonly import roles_seeing
from plugseller.jobs.health import Sign, troubles

register = template.Library()


@register.simple_tag(takes_context=True)
def own_live_grants(context: Any) -> list[Grant]:
    """The sellers that are open to this person now, and until when."""
    user = context["request"].user
    if not isinstance(user, User):
        return []
    live = live_grants(user, now=timezone.now())
    return list(live.select_related("seller").order_by("ends_at"))


@register.simple_tag(takes_context=True)
def sees(context: Any, page: str) -> bool:
    """Whether a page of the desk is this person's work."""
    role = getattr(context["request"].user, "staff_role", "")
    return role in roles_seeing(page)


@register.simple_tag(takes_context=True)
def whats_wrong(context: Any) -> list[Sign]:
    """What isn't well, for officers and operators: they can do something about it."""
    role = getattr(context["request"].user, "staff_role", "")
    if role not in (StaffRole.OFFICER, StaffRole.OPERATOR):
        return []
    return troubles(timezone.now())
