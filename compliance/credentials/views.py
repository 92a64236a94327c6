"""The inventory of credentials on the desk, and its buttons (ACC-3).

The page is for reading; each button calls the service of the floor whose credential
it is, which checks who asks and writes its own entry.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import (
    ObjectDoesNotExist,
    PermissionDenied,
    ValidationError,
)
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from compliance.credentials.rows import Item, by_urgency, find
from plugseller.accounts.confirming import confirmed
from plugseller.accounts.desk import staff_of
from plugseller.accounts.models import User
from plugseller.shelves import CREDENTIALS, Standing

_SHOWN = 100  # rows on a page; the worst come first
_PAGE = re.compile(r"[1-9][0-9]{0,3}")
_VERBS = {"revoke": "Revoke", "disconnect": "Disconnect", "rotate": "Rotate"}
# Ending what belongs to others is an officer's; our own secrets are operators' as well.
_OPERATORS = ("rotate",)


@require_safe
def credential_list(request: HttpRequest) -> HttpResponse:
    """Every credential, the worst first; narrowed by state and source."""
    person, now = staff_of(request, "credentials"), timezone.now()
    state, source = request.GET.get("state", ""), request.GET.get("source", "")
    asked = request.GET.get("page", "")
    page = int(asked) if _PAGE.fullmatch(asked) else 1
    after = (page - 1) * _SHOWN
    shown = list(islice(_wanted(now, state, source), after, after + _SHOWN + 1))
    context = {
        **admin.site.each_context(request),
        "title": "Credentials",
        "rows": [(item, _buttons(item, person)) for item in shown[:_SHOWN]],
        "before": page - 1,
        "next": page + 1 if len(shown) > _SHOWN else None,
        "first": after + 1,
        "last": after + len(shown[:_SHOWN]),
        "states": [(one.value, one.value.capitalize()) for one in Standing],
        "sources": sorted(CREDENTIALS),
        "state": state,
        "source": source,
    }
    return render(request, "compliance/credentials/list.html", context)


def _wanted(now: datetime, state: str, source: str) -> Iterator[Item]:
    """They come the worst first, so those of a state end where better ones begin."""
    worst_first = [one.value for one in Standing]
    for item in by_urgency(now, source=source):
        if state in ("", item.standing.value):
            yield item
        elif state not in worst_first[worst_first.index(item.standing) :]:
            return


def _buttons(item: Item, person: User) -> list[tuple[str, str]]:
    return [
        (verb, _VERBS[verb])
        for verb in item.verbs
        if person.is_officer or verb in _OPERATORS
    ]


@require_POST
@confirmed
def credential_act(request: HttpRequest, subject: UUID, verb: str) -> HttpResponse:
    """Revoke, disconnect or rotate one; 404 for what isn't there or doesn't fit it."""
    person, now = staff_of(request, "credentials"), timezone.now()
    found = find(subject, now)
    if found is None or verb not in found.verbs:
        raise Http404
    if not person.is_officer and verb not in _OPERATORS:
        raise PermissionDenied
    try:
        said = CREDENTIALS[found.source].does[verb](
            actor=person, subject_id=subject, now=now
        )
    except ObjectDoesNotExist:
        raise Http404 from None
    except ValidationError as refused:
        messages.error(request, " ".join(refused.messages))
    else:
        messages.success(request, said)
    return redirect("credentials")
