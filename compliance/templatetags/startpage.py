"""The officers' start page: what is burning, late, due, broken, asked for, and well."""

from dataclasses import dataclass
from typing import Any

from django import template
from django.utils import timezone

from compliance.charts import Chart, charts
from compliance.countdown import told as told_time
from compliance.desklines import Block, Line, told
from plugseller.accounts.models import User

register = template.Library()

_NOTHING = {
    Block.BURNING: "Nothing is burning.",
    Block.LATE: "Nothing is late.",
    Block.DUE: "Nothing is due soon.",
    Block.BROKEN: "No control is broken.",
    Block.ASKED: "Nobody waits for a decision.",
    Block.QUIET: "",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A block as it stands on the page."""

    title: str
    slug: str
    lines: list[Line]
    nothing: str  # what is said if it has no line


@register.simple_tag(takes_context=True)
def start_page(context: Any) -> list[Shown]:
    """Every block in its order; nothing for who isn't an officer."""
    user = context["request"].user
    if not isinstance(user, User) or not user.is_officer:
        return []
    found = told(user, timezone.now())
    return [
        Shown(block.value, block.name.lower(), found[block], _NOTHING[block])
        for block in Block
        if found[block] or _NOTHING[block]
    ]


@register.simple_tag
def half_year() -> list[Chart]:
    """Requests and incidents, week by week."""
    return charts(timezone.now())


@register.simple_tag
def time_left(line: Line) -> str:
    """How long until it is due, or since when it is overdue."""
    if line.due_at is None:
        return ""
    return told_time(line.due_at, timezone.now())


@register.simple_tag
def is_late(line: Line) -> bool:
    return line.due_at is not None and line.due_at <= timezone.now()
