"""A new secret of our own app comes in: through the queue, or by hand (ACC-3).

The queue's message is deleted only after the new secret is committed, so a process may
die at any point: the message comes again.
"""

import logging
import re
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from marketplaces import shelf
from marketplaces.appsecrets import Origin, is_known, keep_secret, live_secrets
from marketplaces.contract import Adapter, NewSecret, Secret, SecretEnds, Unreadable
from marketplaces.models import AppSecret, SecretRotation
from marketplaces.rotation import RotationRefused, State
from marketplaces.secretqueue import Message, QueueTrouble, SecretQueue, open_queue
from plugseller.accounts.models import User
from plugseller.accounts.services.officers import tell_officers
from plugseller.audit.services import record

logger = logging.getLogger(__name__)

_MOST_MESSAGES = 100  # in one round
_word = re.compile(r"[!-~]{8,4096}")


@dataclass(frozen=True, slots=True)
class Received:
    """What a round at a queue brought."""

    kept: int = 0
    warned: int = 0
    unread: int = 0  # left in the queue
    trouble: str = ""


def collect(now: datetime) -> dict[str, Received]:
    """Take what lies in each marketplace's queue; for the timetable."""
    found = {}
    for adapter in shelf.adapters():
        queue = open_queue(adapter.key) if adapter.own_secret.rotation else None
        if queue is not None:
            found[adapter.key] = _collect(adapter, queue, now)
    return found


def _collect(adapter: Adapter, queue: SecretQueue, now: datetime) -> Received:
    kept = warned = unread = 0
    try:
        for _ in range(_MOST_MESSAGES):
            messages = queue.take()
            if not messages:
                break
            for message in messages:
                told = _understood(adapter, message)
                if told is None:
                    unread += 1
                    continue
                if isinstance(told, NewSecret):
                    kept += _receive(adapter, told, now)
                else:
                    warned += _warned(adapter, told, now)
                # Only now: had we died before, it would come again.
                queue.delete(message)
    except QueueTrouble as trouble:
        logger.error("%s", trouble)
        return Received(kept, warned, unread, str(trouble))
    return Received(kept, warned, unread)


def _understood(adapter: Adapter, message: Message) -> NewSecret | SecretEnds | None:
    """What a message tells about our app; others stay for whom they are meant for."""
    rotation = adapter.own_secret.rotation
    assert rotation is not None  # noqa: S101 (only such queues are read)
    try:
        told = rotation.notice(message.body.reveal())
    except Unreadable as error:
        logger.error("%s", error)
        return None
    if told.client_id != settings.MARKETPLACE_APPS[adapter.key]["client_id"]:
        logger.error("A message in the queue of new secrets is for another app.")
        return None
    return told


@transaction.atomic
def _receive(adapter: Adapter, told: NewSecret, now: datetime) -> bool:
    """Keep a new secret, with the end of the asking; once, however often it comes."""
    if is_known(adapter.key, told.secret.reveal()):
        return False
    kept = keep_secret(
        adapter.key,
        told.secret,
        origin=Origin.MARKETPLACE,
        actor=None,
        now=now,
        good_until=told.good_until,
        old_until=told.old_until,
    )
    SecretRotation.objects.filter(
        marketplace=adapter.key, state__in=SecretRotation.OPEN
    ).update(state=State.ARRIVED, ended_at=now)
    _tell_of(kept, adapter, now)
    return True


def _tell_of(kept: AppSecret, adapter: Adapter, now: datetime) -> None:
    tell_officers(
        subject=f"A new secret of our app at {adapter.label} is in use",
        text=(
            f"The new secret is sealed and used from now on. The one before it is "
            f"tried for a few days longer and then forgotten. Whoever keeps "
            f"{adapter.key.upper()}_CLIENT_SECRET in the environment can remove it "
            "after that.\n\n"
            f"{settings.PUBLIC_ADDRESS}/admin/credentials/\n"
        ),
        now=now,
    )


@transaction.atomic
def _warned(adapter: Adapter, told: SecretEnds, now: datetime) -> bool:
    """The marketplace names the end of the secret in use; whether it was news."""
    newest = live_secrets(adapter.key).first()
    if newest is None or told.said_at < newest.valid_from:
        return False  # it speaks of one before
    changed = AppSecret.objects.filter(pk=newest.pk).exclude(valid_until=told.at)
    if not changed.update(valid_until=told.at):
        return False
    record(
        "app_secret.ends",
        subject=newest,
        details={"marketplace": adapter.key, "at": told.at.isoformat()},
    )
    return True


@sensitive_variables("client_secret")
def enter_by_hand(
    *,
    actor: User | None,
    marketplace: str,
    client_id: str,
    client_secret: str,
    now: datetime,
) -> AppSecret:
    """Keep a secret that a person made at the marketplace; the old one is tried too.

    Raises RotationRefused; nothing is kept then.
    """
    label = shelf.adapter(marketplace).label
    if client_id != settings.MARKETPLACE_APPS[marketplace]["client_id"]:
        raise RotationRefused(
            f"This client id isn't our app's at {label}. Another id is another app, "
            "with which every seller would have to connect again. Nothing was kept."
        )
    if not _word.fullmatch(client_secret):
        raise RotationRefused(
            "The client secret is missing or malformed. Nothing was kept. Copy it "
            f"from {label} again, whole and without spaces."
        )
    if is_known(marketplace, client_secret):
        raise RotationRefused("This secret is known already. Nothing was changed.")
    with transaction.atomic():
        kept = keep_secret(
            marketplace, Secret(client_secret), origin=Origin.HAND, actor=actor, now=now
        )
        SecretRotation.objects.filter(
            marketplace=marketplace, state__in=SecretRotation.OPEN
        ).update(state=State.LOST, ended_at=now)
        _tell_of(kept, shelf.adapter(marketplace), now)
    return kept
