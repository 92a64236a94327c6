"""What the first page of the desk tells: staff access, and what isn't well."""

from typing import Any

from django import template
from django.utils import timezone

from plugseller.accounts.models import Grant, User
from plugseller.accounts.models.grants import to_review_at, waiting_at
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
def grants_to_decide(context: Any) -> dict[str, int]:
    """How many requests and reviews wait for this officer, never the officer's own."""
    user, now = context["request"].user, timezone.now()
    if not isinstance(user, User) or not user.is_officer:
        return {}
    others = Grant.objects.exclude(person=user)
    return {
        "waiting": others.filter(waiting_at(now)).count(),
        "review": others.filter(to_review_at(now)).count(),
    }


@register.simple_tag(takes_context=True)
def whats_wrong(context: Any) -> list[Sign]:
    """What isn't well, for officers and operators: they can do something about it."""
    role = getattr(context["request"].user, "staff_role", "")
    if role not in (StaffRole.OFFICER, StaffRole.OPERATOR):
        return []
    return troubles(timezone.now())
