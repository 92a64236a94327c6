"""What a sign-in came from, roughly: enough to recognise it, not to follow anybody."""

import ipaddress
import re
from datetime import datetime, timedelta

from plugseller.accounts.models import User
from plugseller.audit.models import Entry

_REMEMBERED = timedelta(days=365)
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrom", "Chrome"),
    ("Safari", "Safari"),
    ("curl", "curl"),
    ("python", "a Python program"),
)
_SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone|iPad", "iOS"),
    ("Mac OS X|Macintosh", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux|X11", "Linux"),
)


def family(agent: str) -> str:
    """ "Firefox on Windows": the kind of program, without its version."""
    browser = _first(_BROWSERS, agent) or "an unknown program"
    system = _first(_SYSTEMS, agent)
    return f"{browser} on {system}" if system else browser


def _first(kinds: tuple[tuple[str, str], ...], agent: str) -> str:
    found = (name for sign, name in kinds if re.search(sign, agent, re.IGNORECASE))
    return next(found, "")


def network(address: str | None) -> str:
    """The network an address belongs to: /24, or /48 of IPv6."""
    if not address:
        return "an unknown network"
    length = 48 if ipaddress.ip_address(address).version == 6 else 24
    return str(ipaddress.ip_network(f"{address}/{length}", strict=False))


def is_new(person: User, agent: str, address: str | None, *, now: datetime) -> bool:
    """Whether the person never signed in with such a program from such a network.

    The audit log is asked: what a session was is forgotten when it ends.
    """
    earlier = Entry.objects.filter(
        event="person.signed_in", actor_id=person.pk, timestamp__gte=now - _REMEMBERED
    )
    seen = set(earlier.order_by().values_list("agent", "remote_addr").distinct())
    device = (family(agent), network(address))
    return all((family(a), network(n)) != device for a, n in seen)
