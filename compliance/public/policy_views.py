"""The promise for everybody: its sentences and their state, what we fetch, security."""

from collections.abc import Mapping
from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from compliance.policy.standing import State, standings
from marketplaces import shelf
from marketplaces.console.views.fetched import chapters

_FRESH = timedelta(minutes=1)  # so long a browser or a proxy may show it again


@require_safe
def data_protection(request: HttpRequest) -> HttpResponse:
    """Each sentence, how it is kept, when it last proved true. None can be hidden."""
    now = timezone.now()
    found = standings(now)
    context = {
        "standings": found,
        "now": now,
        "bad": sum(standing.state.is_bad for standing in found),
        "kept": sum(standing.state == State.KEPT for standing in found),
        "contact": settings.CONTACT_ADDRESS,
    }
    return _for_everybody(request, "data_protection", context)


@require_safe
def what_we_fetch(request: HttpRequest) -> HttpResponse:
    """The data map: every call there can be, every field it keeps."""
    context = {
        "marketplaces": [(one, chapters(one.key)) for one in shelf.adapters()],
        "contact": settings.CONTACT_ADDRESS,
    }
    return _for_everybody(request, "what_we_fetch", context)


@require_safe
def security(request: HttpRequest) -> HttpResponse:
    """Whom to tell about a hole, and what we do then."""
    context = {"contact": settings.CONTACT_ADDRESS}
    return _for_everybody(request, "security", context)


def _for_everybody(
    request: HttpRequest, template: str, context: Mapping[str, object]
) -> HttpResponse:
    """The same for whoever asks, so it may be kept for a moment."""
    answer = render(request, f"compliance/public/{template}.html", context)
    patch_cache_control(answer, public=True, max_age=int(_FRESH.total_seconds()))
    return answer
