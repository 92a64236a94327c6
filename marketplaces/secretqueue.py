"""The queue through which a marketplace sends our app a new secret: where it is.

What speaks to it is in `sqs.py`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from marketplaces.contract import Secret
from marketplaces.transport import is_this_machine

_HOST = re.compile(r"sqs\.([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com")
_PATH = re.compile(r"/\d{12}/[A-Za-z0-9_-]{1,80}")


class QueueTrouble(Exception):
    """The queue can't be read now; the text is a sentence without address or key."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message that was taken; it comes again unless it is deleted."""

    receipt: str = field(repr=False)
    body: Secret


class SecretQueue(Protocol):
    """What is asked of a queue."""

    def take(self) -> list[Message]:
        """Up to ten messages that nobody else is at. Raises QueueTrouble."""
        ...

    def delete(self, message: Message) -> None:
        """Let a message never come again. Raises QueueTrouble."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where a queue is, and who may read it."""

    address: str
    host: str  # with its scheme
    region: str
    key_id: str = field(repr=False)
    key: str = field(repr=False)


def open_queue(marketplace: str) -> SecretQueue | None:
    """The marketplace's queue; None where none is set.

    Raises ImproperlyConfigured for an address that isn't one of SQS.
    """
    place = _place_of(marketplace)
    if place is None:
        return None
    # Here, because AWS's library takes a while to load and few have such a queue.
    from marketplaces.sqs import Queue

    return Queue(place)


def queue_errors() -> list[str]:
    """What is wrong with the queues in the settings; for a system check."""
    errors = []
    for marketplace in settings.MARKETPLACES:
        try:
            _place_of(marketplace)
        except ImproperlyConfigured as error:
            errors.append(str(error))
    return errors


def _place_of(marketplace: str) -> Place | None:
    told: Mapping[str, str] = settings.MARKETPLACE_APPS[marketplace].get("queue", {})
    if not told.get("address"):
        return None
    name = f"{marketplace.upper()}_SECRET_QUEUE"
    host, region = _host_and_region(name, told["address"])
    if not told["key_id"] or not told["key"]:
        raise ImproperlyConfigured(
            f"{name} is set, but not who may read it. Set {name}_KEY_ID and {name}_KEY."
        )
    return Place(told["address"], host, region, told["key_id"], told["key"])


def _host_and_region(name: str, address: str) -> tuple[str, str]:
    """The queue's host with its scheme, and its region, if both are allowed."""
    refusal = ImproperlyConfigured(
        f"{name} isn't the address of an SQS queue. "
        "Example: https://sqs.eu-west-1.amazonaws.com/123456789012/new-secrets"
    )
    try:
        parts = urlsplit(address)
    except ValueError:
        raise refusal from None
    host = f"https://{parts.netloc}"
    if not _PATH.fullmatch(parts.path) or address != f"{host}{parts.path}":
        raise refusal
    if found := _HOST.fullmatch(parts.netloc):
        return host, found[1]
    if settings.PRODUCTION or not is_this_machine(host):
        raise refusal
    return host, "us-east-1"
