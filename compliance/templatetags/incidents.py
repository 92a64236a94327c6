"""What every page of the desk says as long as a notice isn't on its way (INC-3)."""

from typing import Any

from django import template
from django.utils import timezone

from compliance.incidents.services.selfsending import alarms
from plugseller.accounts.models import User
from plugseller.accounts.roles import StaffRole

register = template.Library()


@register.simple_tag(takes_context=True)
def incident_alarms(context: Any) -> list[str]:
    """For officers and operators: they can do something about it."""
    user = getattr(context.get("request"), "user", None)
    roles = (StaffRole.OFFICER, StaffRole.OPERATOR)
    if not isinstance(user, User) or user.staff_role not in roles:
        return []
    return alarms(timezone.now(), reader=user)
