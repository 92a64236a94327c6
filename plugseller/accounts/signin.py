"""Who tries to sign in, for what counts failures and locks (ACC-2)."""

import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from django.http import HttpRequest
from django.utils import timezone

from plugseller.accounts.services import lockouts
from plugseller.addresses import client_address


def tried_address(
    request: HttpRequest, credentials: Mapping[str, Any] | None
) -> str | None:
    """The e-mail address somebody tried, in the one spelling that is counted."""
    told = credentials or {}
    tried = told.get("email") or told.get("username") or request.POST.get("login")
    if not isinstance(tried, str):
        return None
    return unicodedata.normalize("NFKC", tried).strip().casefold()


def tried_subject(
    request: HttpRequest, credentials: Mapping[str, Any] | None
) -> str | None:
    """What axes keeps in place of the address: a keyed hash."""
    tried = tried_address(request, credentials)
    return lockouts.subject_of(tried) if tried else None


class Handler(AxesDatabaseHandler):  # type: ignore[misc]  # no types
    """What axes asks and tells, answered from our own table of lockouts.

    Its own counting would forget by the cool-off of whoever happens to ask, keep what
    was typed, and know nothing of second factors.
    """

    def is_locked(
        self, request: HttpRequest, credentials: Mapping[str, Any] | None = None
    ) -> bool:
        return locked_until(request, tried_address(request, credentials)) is not None

    def user_login_failed(
        self,
        sender: Any,
        credentials: Mapping[str, Any],
        request: HttpRequest | None = None,
        **kwargs: Any,
    ) -> None:
        if request is None or getattr(request, "axes_locked_out", False):
            return  # refused unread: nothing was tried
        failed(request, tried_address(request, credentials) or "", what="password")

    def user_logged_in(self, *args: Any, **kwargs: Any) -> None:
        """services.signing_in forgives what was counted."""

    def user_logged_out(self, *args: Any, **kwargs: Any) -> None:
        """Nothing is kept of it."""


def locked_until(request: HttpRequest, email: str | None) -> datetime | None:
    """Until when nobody signs in as that, or from there; None if now is fine.

    Whether anybody has such an account makes no difference.
    """
    until = lockouts.locked_until(
        email=email or "", address=client_address(request), now=timezone.now()
    )
    if until:
        request.locked_until = until  # type: ignore[attr-defined]  # for the answer
    return until


def failed(request: HttpRequest, email: str, *, what: str) -> None:
    """Count a password or a code that was wrong; axes' middleware then answers."""
    until = lockouts.note_failure(
        email=email, address=client_address(request), what=what, now=timezone.now()
    )
    if until:
        refuse(request, until)


def refuse(request: HttpRequest, until: datetime) -> None:
    """Have the answer to this request be the one to somebody locked out."""
    request.locked_until = until  # type: ignore[attr-defined]  # for the answer
    request.axes_locked_out = True  # type: ignore[attr-defined]  # axes' own name
