"""Asks a marketplace for a new secret of our own app (ACC-3); `receiving.py` gets it.

Asking is written down before the call, so a process may die at any point: a secret that
never comes is noticed, because the asking stands open.
"""

import logging
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db import IntegrityError, transaction

from marketplaces import shelf
from marketplaces.appsecrets import apps_for, first_accepted
from marketplaces.contract import (
    Access,
    Adapter,
    App,
    Failure,
    Rotation,
    Trouble,
    Unreadable,
    Word,
)
from marketplaces.datamap import NOT_PERMITTED, OperationNotPermitted
from marketplaces.models import SecretRotation
from marketplaces.secretqueue import open_queue
from marketplaces.transport import CallFailed, Transport, open_transport
from plugseller.accounts.models import User
from plugseller.accounts.services.officers import tell_officers
from plugseller.audit.services import record

State = SecretRotation.State

SHOUTS = tuple(timedelta(hours=hours) for hours in (1, 24, 72, 120))
"""When officers hear that a secret asked for didn't come; the old one has 7 days."""

logger = logging.getLogger(__name__)


class RotationRefused(ValidationError):
    """No new secret; the sentence says why and what to do."""


def open_rotation(marketplace: str) -> SecretRotation | None:
    """The asking whose new secret hasn't come yet."""
    return SecretRotation.objects.filter(
        marketplace=marketplace, state__in=SecretRotation.OPEN
    ).first()


def why_not(marketplace: str, *, now: datetime) -> str:
    """Why the marketplace can't be asked for a new secret now; empty if it can."""
    own = shelf.adapter(marketplace).own_secret
    if own.rotation is None:
        return f"There is no call for it. {own.by_hand}"
    try:
        queue = open_queue(marketplace)
    except ImproperlyConfigured as error:
        return str(error)
    if queue is None:
        name = f"{marketplace.upper()}_SECRET_QUEUE"
        return (
            f"A new secret comes through a queue, and {name} names none: it would be "
            f"lost. Set it, or do it by hand. {own.by_hand}"
        )
    waiting = open_rotation(marketplace)
    if waiting is not None and now - waiting.asked_at < SHOUTS[0]:
        return "A new secret was asked for a moment ago and is on its way."
    return ""


def ask_for_new_secret(
    *, actor: User | None, marketplace: str, now: datetime
) -> SecretRotation:
    """Ask the marketplace for a new secret of our app; `collect` receives it.

    Calls the network, so no transaction may be open. Raises RotationRefused, and then
    the secret in use goes on as before, as far as can be known.
    """
    refusal = why_not(marketplace, now=now)
    adapter = shelf.adapter(marketplace)
    rotation = adapter.own_secret.rotation
    if refusal or rotation is None:
        raise RotationRefused(refusal)
    try:
        apps = apps_for(marketplace, now=now)
    except ImproperlyConfigured as error:
        raise RotationRefused(str(error)) from None
    asked = _begin(actor, adapter, now)
    try:
        failure = _call(adapter, rotation, apps, now)
    except CallFailed as failed:
        # It may have arrived there: the asking stays open, and a secret may come.
        raise RotationRefused(
            f"{failed} Whether {adapter.label} makes a new secret isn't known. If one "
            "comes, it is taken; if none does, you are told within an hour."
        ) from None
    except OperationNotPermitted as error:  # nothing was sent
        logger.error("%s", error)
        failure = Failure(Word.BROKEN, Trouble.UNEXPECTED, NOT_PERMITTED)
    _answered(actor, asked, failure, now)
    if failure is not None:
        raise RotationRefused(_meaning(adapter, failure))
    asked.refresh_from_db()
    return asked


def _begin(actor: User | None, adapter: Adapter, now: datetime) -> SecretRotation:
    try:
        with transaction.atomic():
            asked = SecretRotation.objects.create(
                marketplace=adapter.key,
                asked_at=now,
                asked_by=actor.pk if actor else None,
                old_until=_give_up(adapter, now),
            )
            record(
                "app_secret.asked",
                actor=actor,
                subject=asked,
                details={"marketplace": adapter.key},
            )
            return asked
    except IntegrityError:  # one_open_rotation_per_app
        raise RotationRefused(
            "A new secret was asked for a moment ago and is on its way."
        ) from None


def _give_up(adapter: Adapter, now: datetime) -> datetime:
    """Close an asking that brought nothing; until when the secret in use works.

    If the first one did make a new secret, the days count from then.
    """
    until = now + adapter.own_secret.overlap
    stale = SecretRotation.objects.filter(
        marketplace=adapter.key,
        state__in=SecretRotation.OPEN,
        asked_at__lte=now - SHOUTS[0],
    )
    for one in stale:
        until = min(until, one.old_until)
    stale.update(state=State.LOST, ended_at=now)
    return until


def _call(
    adapter: Adapter, rotation: Rotation, apps: tuple[App, ...], now: datetime
) -> Failure | None:
    """Ask; None if a new secret is on its way. Raises CallFailed."""
    # The app is one for all regions, so any region's host takes the call.
    with open_transport(adapter.key, adapter.regions[0].key) as transport:

        def attempt(app: App) -> Access | Failure:
            return _own_access(adapter, rotation, transport, app, now)

        access = first_accepted(apps, attempt, now=now)
        if isinstance(access, Failure):
            return access
        return rotation.failure(transport.send(rotation.request(access)))


def _own_access(
    adapter: Adapter,
    rotation: Rotation,
    transport: Transport,
    app: App,
    now: datetime,
) -> Access | Failure:
    response = transport.send(rotation.access(app))
    failure = adapter.token_failure(response)
    if failure is not None:
        return failure
    try:
        return adapter.access_from(response=response, now=now)
    except Unreadable:
        return Failure(Word.BROKEN, Trouble.UNEXPECTED, "unreadable")


@transaction.atomic
def _answered(
    actor: User | None, asked: SecretRotation, failure: Failure | None, now: datetime
) -> None:
    # The message may have been faster than the answer: then it is over already.
    ours = SecretRotation.objects.filter(pk=asked.pk, state=State.ASKED)
    if failure is None:
        ours.update(state=State.ACCEPTED)
        return
    if ours.update(state=State.REFUSED, code=failure.code[:100], ended_at=now):
        record(
            "app_secret.not_given",
            actor=actor,
            subject=asked,
            details={"marketplace": asked.marketplace, "code": failure.code},
        )


def _meaning(adapter: Adapter, failure: Failure) -> str:
    label = adapter.label
    if failure.trouble in (Trouble.THROTTLED, Trouble.DOWN):
        return f"{label} can't do it now ({failure.code}). Try again in some minutes."
    return (
        f"{label} refused ({failure.code}). The secret in use goes on as before. Check "
        "that the app is enrolled for the notifications of its credentials in the "
        f"developer console. {adapter.own_secret.by_hand}"
    )


def shout(now: datetime) -> int:
    """Tell officers of a secret that was asked for and didn't come; how many mails.

    Well before the old one ends, and again: without either, every seller stands still.
    """
    waiting = SecretRotation.objects.filter(
        state__in=SecretRotation.OPEN, asked_at__lte=now - SHOUTS[0]
    )
    return sum(_shout(one, now) for one in waiting)


@transaction.atomic
def _shout(one: SecretRotation, now: datetime) -> int:
    steps = sum(one.asked_at + after <= now for after in SHOUTS)
    told = SecretRotation.objects.filter(
        pk=one.pk, state__in=SecretRotation.OPEN, alarms__lt=steps
    )
    if not told.update(alarms=steps):
        return 0
    adapter = shelf.adapter(one.marketplace)
    record("app_secret.missing", subject=one, details={"marketplace": one.marketplace})
    mails = tell_officers(
        subject=f"The new secret of our app at {adapter.label} didn't come",
        text=(
            f"{adapter.label} was asked for it on {_spoken(one.asked_at)}, and its "
            f"message didn't arrive in the queue. The secret in use works until "
            f"{_spoken(one.old_until)}; after that no account can be synced.\n\n"
            "Look whether the queue can be read (manage.py rotate_app_secret "
            f"{adapter.key} --receive). {adapter.own_secret.by_hand}\n\n"
            f"{settings.PUBLIC_ADDRESS}/admin/credentials/\n"
        ),
        now=now,
    )
    return len(mails)


def _spoken(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
