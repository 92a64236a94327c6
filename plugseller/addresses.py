"""From where a request came."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str | None:
    """The client's address: throttles, lockout and audit all ask here.

    With TRUSTED_PROXIES=n the n-th address from the right of X-Forwarded-For is the
    one our outermost proxy saw; whatever a client wrote further left is ignored.
    """
    address = request.META.get("REMOTE_ADDR", "")
    proxies = settings.TRUSTED_PROXIES
    if proxies:
        hops = request.headers.get("X-Forwarded-For", "").split(",")
        address = hops[-proxies].strip() if len(hops) >= proxies else address
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return None


def client_country(request: HttpRequest) -> str:
    """The country a trusted proxy says the client is in, two letters; or ""."""
    name = settings.COUNTRY_HEADER
    if not name or not settings.TRUSTED_PROXIES:
        return ""
    told = request.headers.get(name, "").upper()
    known = len(told) == 2 and told.isascii() and told.isalpha() and told != "XX"
    return told if known else ""


def counted_address(address: str | None) -> str | None:
    """The address under which tries are counted: of IPv6 its /64.

    Whoever has one IPv6 line has 2^64 addresses, and would be somebody new each time.
    """
    if address is None:
        return None
    told = ipaddress.ip_address(address)
    if not isinstance(told, ipaddress.IPv6Address):
        return address
    if told.ipv4_mapped:
        return str(told.ipv4_mapped)
    return str(ipaddress.IPv6Address(int(told) >> 64 << 64))
