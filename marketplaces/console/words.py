"""The words of the console: one word per thing, and different words for what differs.

"0", "not told", "not yet known", "not fetched yet" and "feature off" are five answers.
"""

import re

from marketplaces.contract import Trouble
from marketplaces.datamap import Feature
from plugseller.accounts.roles import Permission

FEATURES: dict[Feature, str] = {
    Feature.ACCOUNT: "Account",
    Feature.LISTINGS: "Listings",
    Feature.PRICING: "Prices",
    Feature.INVENTORY: "Inventory",
    Feature.ORDERS: "Orders",
    Feature.CATALOG: "Catalogue",
}
NEEDS: dict[Feature, Permission] = {
    Feature.ACCOUNT: Permission.VIEW_CATALOG,
    Feature.LISTINGS: Permission.VIEW_CATALOG,
    Feature.PRICING: Permission.VIEW_PRICES,
    Feature.INVENTORY: Permission.VIEW_INVENTORY,
    Feature.ORDERS: Permission.VIEW_ORDERS,
    Feature.CATALOG: Permission.VIEW_CATALOG,
}
TROUBLES: dict[str, str] = {
    Trouble.AUTHORISATION: (
        "{marketplace} refused our authorisation for this. What was fetched stays. "
        "Connect the account again, or switch this feature off."
    ),
    Trouble.THROTTLED: (
        "{marketplace} limits how often it may be asked. The sync goes on by itself."
    ),
    Trouble.DOWN: (
        "{marketplace} didn't answer. What was fetched stays; we try again."
    ),
    Trouble.UNEXPECTED: (
        "{marketplace} answered in a way we don't understand. What was fetched stays; "
        "we look into it. Write to us if it lasts."
    ),
}

_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")

NOT_TOLD = "not told"
NOT_YET_KNOWN = "not yet known"

PENDING = frozenset({"PENDING", "PENDING_AVAILABILITY", "Pending"})
CANCELLED = ("CANCELLED", "CANCELED", "Cancelled", "Canceled")
TO_SHIP = frozenset(
    {
        "UNSHIPPED",
        "PARTIALLY_SHIPPED",
        "Created",
        "Acknowledged",
        "PartiallyShipped",
    }
)

CHANNELS: dict[str, str] = {
    "seller": "You",
    "marketplace": "Marketplace",
    "third-party": "Third party",
}


def status_words(status: str) -> str:
    """ "PARTIALLY_SHIPPED" and "PartiallyShipped" as "Partially shipped"."""
    words = _HUMP.sub(" ", status).replace("_", " ").replace(",", ", ")
    return words.strip().capitalize()


def shipper(channel: str | None, marketplace: str = "") -> str:
    """Who ships: "You", or the marketplace by its name."""
    if channel == "marketplace" and marketplace:
        return marketplace
    return CHANNELS.get(channel or "", channel or NOT_TOLD)


def shipping(channel: str | None, marketplace: str = "") -> str:
    """The same as part of a sentence: "Shipped by you", "Shipper not told"."""
    if not channel:
        return f"Shipper {NOT_TOLD}"
    by = {"seller": "you", "third-party": "a third party"}
    return f"Shipped by {by.get(channel) or shipper(channel, marketplace)}"


def condition(told: str | None) -> str:
    """ "New" for "new_new", "Used good" for "used_good"."""
    if not told:
        return NOT_TOLD
    return " ".join(dict.fromkeys(told.lower().split("_"))).capitalize()


def tone(status: str) -> str:
    """How a status looks: "good", "wait", "bad" or "" for one we don't know.

    Walmart tells two at once ("PUBLISHED,ACTIVE"): the worse one is shown.
    """
    tones = {_tone(part) for part in status.split(",")}
    return next((t for t in ("bad", "wait", "good") if t in tones), "")


def _tone(status: str) -> str:
    known = status.upper()
    if known in {"SHIPPED", "DELIVERED", "PUBLISHED", "ACTIVE", "BUYABLE", "DONE"}:
        return "good"
    if known in {"CANCELLED", "CANCELED", "UNFULFILLABLE", "UNPUBLISHED", "FAILED"}:
        return "bad"
    if known in {"SYSTEM_PROBLEM", "INACTIVE", "INCOMPLETE", "RETIRED"}:
        return "bad"
    if known in {"RUNNING", "WAITING", "BROKEN OFF"}:
        return "wait"
    return "wait" if status in PENDING or status in TO_SHIP else ""
