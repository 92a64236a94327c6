"""An instant, as its reader's clock shows it and in UTC."""

import zoneinfo
from datetime import UTC, datetime, timedelta

from plugseller.accounts.models import User

_MINUTE = timedelta(minutes=1)


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


def left(time: timedelta) -> str:
    """A time that is left, to the minute: what is promised by the hour needs it."""
    minutes = max(time // _MINUTE, 0)
    if minutes >= 2 * 24 * 60:
        return f"{minutes // (24 * 60)} days"
    return f"{minutes // 60}:{minutes % 60:02} h"
