"""How figures, times and absences are written on pages."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django import template
from django.utils import timezone

from marketplaces.console import words
from marketplaces.console.places import marketplace_label
from marketplaces.datamap import Feature

register = template.Library()

_WHOLE = {"JPY", "KRW", "VND", "CLP", "ISK", "HUF"}


@register.filter
def money(amount: Decimal | None, currency: str | None) -> str:
    """ "1,234.50 USD"; an amount that isn't there is never 0."""
    if amount is None:
        return words.NOT_TOLD
    places = max(-int(amount.normalize().as_tuple().exponent), 0)
    least = 0 if currency in _WHOLE else 2
    return f"{amount:,.{max(least, min(places, 4))}f} {currency or ''}".strip()


@register.filter
def pieces(count: int | None) -> str:
    """ "1,204", "0" or "not told"."""
    return words.NOT_TOLD if count is None else f"{count:,}"


@register.filter
def grouped(count: Any) -> str:
    """A whole number with thousands parted, anything else as it is."""
    return f"{count:,}" if isinstance(count, int) else str(count)


@register.filter
def when(instant: datetime | None, absent: str = "never") -> str:
    """ "24 Nov 2026, 15:04" in the active zone."""
    if instant is None:
        return absent
    local = timezone.localtime(instant)
    return f"{local.day} {local:%b %Y, %H:%M}"


@register.filter
def short(instant: datetime | None, absent: str = "never") -> str:
    """ "24 Nov, 15:04" for lists; the year where it isn't this one."""
    if instant is None:
        return absent
    local = timezone.localtime(instant)
    this_year = local.year == timezone.localtime().year
    return f"{local.day} {local:%b, %H:%M}" if this_year else when(instant)


@register.filter
def iso(instant: datetime) -> str:
    """For the `datetime` attribute of a time element."""
    return instant.isoformat(timespec="seconds")


@register.filter
def ago(instant: datetime | None, now: datetime) -> str:
    """ "3 min ago", "2 h ago", "5 days ago"; "in 3 min" for what is to come."""
    if instant is None:
        return "never"
    seconds = (now - instant).total_seconds()
    span = _span(abs(seconds))
    if span == "now":
        return "just now" if seconds >= 0 else "now"
    return f"{span} ago" if seconds >= 0 else f"in {span}"


def _span(seconds: float) -> str:
    if seconds < 60:
        return "now"
    if seconds < 3_600:
        return f"{int(seconds // 60)} min"
    if seconds < 2 * 86_400:
        return f"{int(seconds // 3_600)} h"
    return f"{int(seconds // 86_400)} days"


@register.filter
def status_words(status: str) -> str:
    return words.status_words(status)


@register.filter
def condition_words(condition: str | None) -> str:
    return words.condition(condition)


@register.filter
def tone(status: str) -> str:
    return words.tone(status)


@register.filter
def connection_tone(status: str) -> str:
    """How a connection's status looks."""
    return {"active": "good", "attention": "wait", "revoked": "bad"}.get(status, "")


@register.filter
def feature_name(feature: str) -> str:
    """ "Prices" for "pricing"."""
    try:
        return words.FEATURES[Feature(feature)]
    except ValueError:
        return feature.title()


@register.filter
def marketplace(key: str) -> str:
    """ "Amazon" for "amazon"."""
    return marketplace_label(key)


@register.filter
def shipper(channel: str | None, by: str = "") -> str:
    """Who ships: "you", or the marketplace by its name."""
    told = words.shipper(channel, by)
    return told.lower() if channel == "seller" else told


@register.filter
def shipping(channel: str | None, by: str = "") -> str:
    """ "Shipped by you", "Shipped by Amazon", "Shipper not told"."""
    return words.shipping(channel, by)


@register.filter
def figure(value: Decimal | int) -> str:
    """An end of a chart's axis: "12" or "19.90"."""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


@register.filter
def trouble_words(trouble: str, by: str) -> str:
    """What a run's trouble means for the seller, and what to do."""
    sentence = words.TROUBLES.get(trouble, words.TROUBLES["unexpected answer"])
    return sentence.format(marketplace=marketplace_label(by))
