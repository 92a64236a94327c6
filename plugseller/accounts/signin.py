"""Who tries to sign in, for what counts failures and locks (ACC-2)."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest


def tried_address(
    request: HttpRequest, credentials: Mapping[str, Any] | None
) -> str | None:
    """The e-mail address somebody tried, in the one spelling that is counted."""
    told = credentials or {}
    tried = told.get("email") or told.get("username") or request.POST.get("login")
    return tried.strip().casefold() if isinstance(tried, str) else None
