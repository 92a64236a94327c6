"""An instant, as its reader's clock shows it and in UTC."""

import zoneinfo
from datetime import UTC, datetime

from plugseller.accounts.models import User


def seen_by(user: User, instant: datetime | None) -> str:
    """The instant where the person lives, and in UTC beside it; "" for none."""
    if instant is None:
        return ""
    utc = f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    try:
        zone = zoneinfo.ZoneInfo(user.time_zone or "UTC")
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return utc
    local = instant.astimezone(zone)
    if not local.utcoffset():
        return utc
    return f"{utc} ({local:%Y-%m-%d %H:%M} {zone})"
