"""Where a seller's browser is sent to let us in, and as which app we come (USE-2)."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse

from marketplaces import shelf
from marketplaces.contract import Adapter, App, Region, Secret
from marketplaces.models import AppSecret
from marketplaces.transport import is_this_machine


def app_for(marketplace: str) -> App:
    """Our registration at a marketplace; which secret goes with it says `apps_for`.

    Raises ImproperlyConfigured that names the missing setting.
    """
    told = settings.MARKETPLACE_APPS[marketplace]
    for part in ("client_id", "client_secret", "application_id"):
        if not told[part] and not (part == "client_secret" and _holds_one(told)):
            name = f"{marketplace}_{part}".upper()
            raise ImproperlyConfigured(
                f"The setting {name} is missing: Plug Seller has no app at "
                f"{marketplace.title()} to connect with. Take it from the "
                "marketplace's developer pages and start again."
            )
    return seller_app(marketplace)


def _holds_one(told: Mapping[str, str]) -> bool:
    """Whether a secret came otherwise than by the environment."""
    held = AppSecret.objects.filter(client_id=told["client_id"], ended_at=None)
    return bool(told["client_id"]) and held.exists()


def seller_app(marketplace: str) -> App:
    """The same, for sellers who bring keys of their own: nothing need be set."""
    told = settings.MARKETPLACE_APPS[marketplace]
    path = reverse("connection_callback", args=[marketplace])
    return App(
        application_id=told["application_id"],
        client_id=told["client_id"],
        client_secret=Secret(told["client_secret"]),
        redirect_uri=f"{settings.PUBLIC_ADDRESS}{path}",
        draft=told["draft"],
    )


def consent_base(adapter: Adapter, region: Region) -> str:
    """The address of the consent page's host.

    The region's own host, or the address from the environment, which must be https on
    this machine and which production refuses (ImproperlyConfigured).
    """
    told = _told(adapter)
    if not told:
        host = region.consent_host or adapter.consent.consent_hosts[0]
        return f"https://{host}"
    if told in {f"https://{host}" for host in adapter.consent.consent_hosts}:
        return told
    if settings.PRODUCTION or not is_this_machine(told):
        raise ImproperlyConfigured(
            f"The consent address set for {adapter.key} isn't the marketplace's own, "
            "nor https on this machine outside of production. Unset it."
        )
    return told


def is_consent_host(marketplace: str, address: str) -> bool:
    """Whether an address that came from outside lies at the marketplace itself.

    Only https, exactly one of the consent hosts, no user, no port: Amazon names such
    an address in `amazon_callback_uri`, and anybody can write one.
    """
    # What browsers and urlsplit read differently: spaces, controls, backslashes.
    if not re.fullmatch(r"[!-~]+", address) or "\\" in address:
        return False
    adapter = shelf.adapter(marketplace)
    allowed = set(adapter.consent.consent_hosts)
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    if _told(adapter) and f"{parts.scheme}://{parts.netloc}" == _told(adapter):
        return True
    return parts.scheme == "https" and parts.netloc in allowed


def consent_address_errors() -> list[str]:
    """What is wrong with the consent addresses from the environment."""
    errors = []
    for adapter in shelf.adapters():
        try:
            consent_base(adapter, adapter.regions[0])
        except ImproperlyConfigured as error:
            errors.append(str(error))
    return errors


def _told(adapter: Adapter) -> str:
    told: Mapping[str, str] = settings.MARKETPLACE_ADDRESSES.get(adapter.key, {})
    return told.get("consent", "").rstrip("/")
