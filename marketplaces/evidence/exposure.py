"""Searches for live credentials where none may ever stand (ENC-3).

They are opened here only to be compared; what comes out is how many were looked for,
where, and how often one was found.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Model
from django.http import HttpRequest
from django.urls import resolve, reverse
from django.views.decorators.debug import sensitive_variables
from django_q.models import OrmQ, Schedule, Task
from django_q.signing import SignedPackage

from marketplaces.credentials import unpack
from marketplaces.models import AppSecret, ConnectAttempt, Connection, SyncRun
from plugseller.accounts.models import User
from plugseller.accounts.roles import Permission
from plugseller.accounts.tenancy import people_with
from plugseller.audit.models import Entry
from plugseller.audit.services import Acting, acting
from plugseller.crypto.fields import Sealed
from plugseller.crypto.sealing import Unopenable
from plugseller.jobs.models import OutgoingMail, Run

_ACCOUNTS = 200  # whose credentials are looked for, the newest
_ROWS = 2_000  # of each table, the newest
_PAGES_OF = 3  # accounts whose pages are made
_LEAST = 8  # characters; a shorter one would be found by chance
_TABLES: tuple[type[Model], ...] = (
    *(Schedule, Task, Run, Entry),
    *(SyncRun, ConnectAttempt, OutgoingMail),
)


@dataclass(frozen=True, slots=True)
class Searched:
    """What a search looked for, through how much, and what it found."""

    secrets: int
    texts: int
    found: int
    places: tuple[str, ...]  # where something was found: tables, or kinds of pages


@sensitive_variables("secrets", "texts", "text")
def search_tables() -> Searched:
    """Jobs that wait, what became of jobs, the log, and mails, opened."""
    secrets = _live_secrets()
    count = found = 0
    places = []
    for place, texts in _stored():
        hits = 0
        for text in texts:
            count += 1
            hits += _hits(secrets, text)
        found += hits
        places += [place] if hits else []
    return Searched(len(secrets), count, found, tuple(places))


@sensitive_variables("secrets", "text")
def search_pages() -> Searched:
    """The pages and the answer to programs that speak of an account, made now."""
    secrets = _live_secrets()
    count = found = 0
    places = []
    for place, text in _rendered():
        count += 1
        hits = _hits(secrets, text)
        found += hits
        places += [place] if hits else []
    return Searched(len(secrets), count, found, tuple(places))


def _hits(secrets: set[str], text: str) -> int:
    return sum(secret in text for secret in secrets)


@sensitive_variables()
def _live_secrets() -> set[str]:
    """What is in use: of accounts, of our app, of the mail server."""
    told = [settings.SECRET_KEY, settings.EMAIL_HOST_PASSWORD]
    told += [str(app["client_secret"]) for app in settings.MARKETPLACE_APPS.values()]
    for secret in AppSecret.objects.filter(ended_at=None, secret__isnull=False):
        told.append(_opened(secret.secret))
    for account in _accounts(_ACCOUNTS):
        if account.credentials is None:
            continue
        try:
            kept = unpack(account.credentials)
        except Unopenable:
            continue  # nobody can use it either
        told += [kept.refresh_token.reveal(), kept.client_secret.reveal()]
    return {secret for secret in told if len(secret) >= _LEAST}


def _accounts(most: int) -> Iterable[Connection]:
    known = Connection.unfenced.filter(credentials__isnull=False).exclude(
        status=Connection.Status.DISCONNECTED
    )
    return known.select_related("seller").order_by("-connected_at")[:most]


def _stored() -> Iterator[tuple[str, Iterator[str]]]:
    yield "jobs that wait", (_job(row) for row in OrmQ.objects.order_by("-pk")[:_ROWS])
    for model in _TABLES:
        newest = model._base_manager.order_by("-pk")[:_ROWS]
        yield model._meta.label, (_told(row) for row in newest)


def _job(row: OrmQ) -> str:
    try:
        return repr(SignedPackage.loads(row.payload))
    except Exception:  # signed by nobody we know: no worker opens it either
        return str(row.payload)


@sensitive_variables("value")
def _told(row: Any) -> str:
    """A row as text, sealed values opened: a mail is read by who gets it."""
    told = []
    for field in row._meta.concrete_fields:
        value = getattr(row, field.attname)
        told.append(_opened(value) if isinstance(value, Sealed) else str(value))
    return "\n".join(told)


def _opened(sealed: Sealed | None) -> str:
    if sealed is None:
        return ""
    try:
        return str(sealed.reveal())
    except Unopenable:
        return ""


def _rendered() -> Iterator[tuple[str, str]]:
    # Here, because every command would wait for it at its start, and few look here.
    from marketplaces.api.serializers import ConnectionRow

    for account in _accounts(_PAGES_OF):
        slug = account.seller.slug
        told = ConnectionRow(account, context={"slug": slug}).data
        yield "answers to programs", repr(told)
        reader = people_with(account.seller, Permission.VIEW_CATALOG).first()
        if reader is None or account.frozen_at or account.seller.frozen_at:
            continue
        every = reverse("console:connections", args=[slug])
        yield "list of accounts", _page(reader, every)
        own = reverse("console:connection", args=[slug, account.pk])
        yield "page of an account", _page(reader, own)


def _page(reader: User, address: str) -> str:
    """The page as that person would get it; it isn't shown to anybody."""
    request = HttpRequest()
    request.method, request.path = "GET", address
    request.user = reader
    view, args, kwargs = resolve(address)
    with acting(Acting(kind="job")):
        answer = view(request, *args, **kwargs)
    text: str = answer.content.decode()
    return text
