"""Which secret our own app uses at a marketplace; the one place that decides it.

The environment's secret is the first; others come by rotation or by hand. While two
work, the newer is tried first, and what the marketplace refuses by the one is asked
again with the other. An old one is forgotten once its time is over, and never before
a newer one was accepted (ACC-3).
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.db.models import Q
from django.views.decorators.debug import sensitive_variables

from marketplaces import shelf
from marketplaces.consent import app_for
from marketplaces.contract import App, Failure, Secret, Word
from marketplaces.models import AppSecret
from plugseller.accounts.models import User
from plugseller.accounts.services.officers import tell_officers
from plugseller.audit.services import record
from plugseller.crypto.services import INSTALLATION, create_data_key
from plugseller.custody.hashing import mac
from plugseller.keyprovider import provider

Found = TypeVar("Found")
Origin = AppSecret.Origin

KEEP_AT_MOST = timedelta(days=365)  # ours, where the marketplace names no end
_NOTED_EVERY = timedelta(hours=1)  # that a secret was accepted
_ALARM_EVERY = timedelta(days=1)


def apps_for(marketplace: str, *, now: datetime) -> tuple[App, ...]:
    """Our app with each of its secrets that may work, the likeliest first.

    Notes a secret of the environment that wasn't seen before, so no transaction may be
    open around a call. Raises ImproperlyConfigured that names a missing setting, and
    what opening a sealed value raises.
    """
    app = app_for(marketplace)
    note_environment(marketplace, now=now)
    secrets = sorted(live_secrets(marketplace), key=lambda one: _unlikely(one, now))
    return tuple(
        replace(
            app,
            client_secret=Secret(one.secret.reveal()),
            secret_id=str(one.pk),
        )
        for one in secrets
        if one.secret is not None
    )


def live_secrets(marketplace: str) -> "models.QuerySet[AppSecret]":
    """The secrets of our app that haven't ended, the newest first."""
    told = settings.MARKETPLACE_APPS[marketplace]
    return AppSecret.objects.filter(
        marketplace=marketplace, client_id=told["client_id"], ended_at=None
    ).order_by("-valid_from")


def _unlikely(one: AppSecret, now: datetime) -> tuple[bool, bool, float]:
    is_over = one.valid_until is not None and one.valid_until <= now
    return one.refused_at is not None, is_over, -one.valid_from.timestamp()


def first_accepted(
    apps: Iterable[App], attempt: Callable[[App], Found | Failure], *, now: datetime
) -> Found | Failure:
    """What comes of asking as the app, with one secret after the other.

    Only a refusal that may be our own secret's fault leads to the next one. If all are
    refused, officers are told, once a day: no seller is at fault then.
    """
    found: Found | Failure | None = None
    for app in apps:
        found = attempt(app)
        if not isinstance(found, Failure):
            _accepted(app, now)
            return found
        if not found.keys_refused:
            return found
        _refused(app, now)
    if not isinstance(found, Failure):
        raise LookupError("There is no app to ask as.")
    _alarm(app, found, now)
    return found


def _accepted(app: App, now: datetime) -> None:
    if not app.secret_id:
        return  # a seller's own keys
    stale = Q(proved_at=None) | Q(proved_at__lte=now - _NOTED_EVERY)
    AppSecret.objects.filter(
        stale | ~Q(refused_at=None), pk=UUID(app.secret_id)
    ).update(proved_at=now, refused_at=None, alarmed_at=None)


def _refused(app: App, now: datetime) -> None:
    if app.secret_id:
        AppSecret.objects.filter(pk=UUID(app.secret_id), refused_at=None).update(
            refused_at=now
        )


@transaction.atomic
def _alarm(app: App, failure: Failure, now: datetime) -> None:
    """Our own secret is wrong, or has ended: the platform's fault, no seller's."""
    if not app.secret_id:
        return
    refused = AppSecret.objects.filter(pk=UUID(app.secret_id))
    if failure.word is Word.FORBIDDEN:
        # Perhaps that account's: believed unless somebody else was let in just now.
        lately = now - 2 * _NOTED_EVERY
        refused = refused.filter(Q(proved_at=None) | Q(proved_at__lt=lately))
    quiet = Q(alarmed_at=None) | Q(alarmed_at__lte=now - _ALARM_EVERY)
    if not refused.filter(quiet).update(alarmed_at=now):
        return
    one = refused.get()
    label = shelf.adapter(one.marketplace).label
    record(
        "app_secret.refused",
        subject=one,
        details={"marketplace": one.marketplace, "code": failure.code},
    )
    tell_officers(
        subject=f"{label} refuses the keys of our own app",
        text=(
            f"{label} answers {failure.code} to every secret of our app that we hold. "
            "No account can be synced until there is one that works. No seller has "
            "left, and no account was marked as disconnected.\n\n"
            f"{shelf.adapter(one.marketplace).own_secret.by_hand}\n\n"
            f"{settings.PUBLIC_ADDRESS}/admin/credentials/\n"
        ),
        now=now,
    )


@sensitive_variables("secret")
def note_environment(marketplace: str, *, now: datetime) -> bool:
    """Keep the environment's secret, if it is a new one; whether it was.

    How old it is nobody can tell us, so its time counts from now, until the
    marketplace warns.
    """
    told = settings.MARKETPLACE_APPS[marketplace]
    secret: str = told["client_secret"]
    if not secret or not told["client_id"]:
        return False
    if is_known(marketplace, secret):
        return False
    try:
        with transaction.atomic():
            keep_secret(
                marketplace,
                Secret(secret),
                origin=Origin.ENVIRONMENT,
                actor=None,
                now=now,
            )
    except IntegrityError:  # another worker was faster
        return False
    return True


def is_known(marketplace: str, secret: str) -> bool:
    """Whether we hold that secret, or held it before it ended."""
    kept = AppSecret.objects.filter(marketplace=marketplace)
    known = set(kept.values_list("fingerprint", flat=True))
    keys = {one.partition(":")[0] for one in known} & set(provider().signing_ids())
    return any(_fingerprint(secret, key_id) in known for key_id in keys)


@sensitive_variables("secret")
def keep_secret(
    marketplace: str,
    secret: Secret,
    *,
    origin: AppSecret.Origin,
    actor: User | None,
    now: datetime,
    good_until: datetime | None = None,
    old_until: datetime | None = None,
) -> AppSecret:
    """Seal a new secret of our app; those before it end when its overlap is over.

    In the caller's transaction.
    """
    own = shelf.adapter(marketplace).own_secret
    create_data_key(INSTALLATION)
    over = old_until or now + own.overlap
    before = live_secrets(marketplace).filter(
        Q(valid_until=None) | Q(valid_until__gt=over)
    )
    before.update(valid_until=over)
    lasts = own.lasts or KEEP_AT_MOST
    kept = AppSecret.objects.create(
        marketplace=marketplace,
        client_id=settings.MARKETPLACE_APPS[marketplace]["client_id"],
        secret=secret.reveal(),
        fingerprint=_fingerprint(secret.reveal(), provider().current_signing_id()),
        origin=origin,
        valid_from=now,
        valid_until=good_until or now + lasts,
    )
    record(
        "app_secret.kept",
        actor=actor,
        subject=kept,
        details={"marketplace": marketplace, "origin": origin.value},
    )
    return kept


def forget_ended(now: datetime) -> int:
    """Destroy secrets whose time is over and after which a newer one worked."""
    over = AppSecret.objects.filter(ended_at=None, valid_until__lte=now)
    return sum(_forget(one, now) for one in over)


@transaction.atomic
def _forget(one: AppSecret, now: datetime) -> bool:
    newer = AppSecret.objects.filter(
        marketplace=one.marketplace,
        client_id=one.client_id,
        ended_at=None,
        refused_at=None,
        valid_from__gt=one.valid_from,
        proved_at__gt=one.valid_from,
    )
    if not newer.exists():
        return False
    ended = AppSecret.objects.filter(pk=one.pk, ended_at=None)
    if not ended.update(secret=None, ended_at=now):
        return False
    record("app_secret.ended", subject=one, details={"marketplace": one.marketplace})
    return True


def _fingerprint(secret: str, key_id: str) -> str:
    told = mac(secret.encode(), key_id=key_id, purpose="fingerprints of secrets v1")
    return f"{key_id}:{told}"
