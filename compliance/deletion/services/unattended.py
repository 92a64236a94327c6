"""What goes on when no officer is there: everything is done by day 29, or answered.

What one officer verified begins by itself, once the owners were warned and let it
pass; a letter whose writer gave no proof is answered with the reason.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction

from compliance.deletion.models import DeletionRequest
from compliance.deletion.services import letters
from compliance.deletion.services.arranged import arrange
from compliance.deletion.services.ending import NOT_VERIFIED, reject
from compliance.deletion.services.steps import hold_request, may_ask_at, note_step
from compliance.deletion.services.verifying import (
    ENDS_BEFORE_DUE,
    PROVE_WITHIN,
    schedule,
)
from compliance.deletion.states import DeletionRefused, Status
from plugseller.accounts.models import User

logger = logging.getLogger(__name__)


def may_be_objected_to(request: DeletionRequest) -> bool:
    """Whether an owner's word keeps it from beginning by itself. What a person asked
    for an owner takes back instead."""
    by_notice = request.source == DeletionRequest.Source.MARKETPLACE
    waits = request.status == Status.VERIFIED and request.starts_at is not None
    return by_notice and waits


@transaction.atomic
def object_to(
    *, actor: User, request: DeletionRequest, now: datetime
) -> DeletionRequest:
    """An owner says that a marketplace's notice is wrong: officers decide, and without
    them it stays open. Raises DeletionRefused, PermissionDenied."""
    request = hold_request(request)
    if not may_ask_at(actor, request.seller_id):
        raise PermissionDenied
    if not may_be_objected_to(request):
        raise DeletionRefused(
            f"{request.reference} doesn't wait for anybody's objection. Nothing was "
            "changed."
        )
    DeletionRequest.objects.filter(pk=request.pk).update(starts_at=None)
    note_step(request, "objected", actor=actor, now=now)
    arrange(request, now=now)
    request.refresh_from_db()
    letters.tell_objection(request, by=actor, now=now)
    return request


def go_on_unattended(now: datetime) -> int:
    """Let begin, or answer, what nobody decided about in time; how many. A job.

    One that fails doesn't stop the others, and is raised at the end.
    """
    verified = DeletionRequest.objects.filter(
        status=Status.VERIFIED, joined_to=None, starts_at__lte=now
    )
    unproven = DeletionRequest.objects.filter(
        status=Status.RECEIVED, due_at__lte=now + ENDS_BEFORE_DUE
    )
    done, failures = 0, []
    work: list[tuple[Callable[[DeletionRequest, datetime], bool], DeletionRequest]] = [
        *((_begin_alone, request) for request in verified),
        *((_answer, request) for request in unproven),
    ]
    for go_on, request in work:
        try:
            done += go_on(request, now)
        except Exception as error:
            logger.error("%s failed: %s.", request.reference, type(error).__name__)
            failures.append(error)
    if failures:
        raise ExceptionGroup("Requests nobody decided about failed", failures)
    return done


@transaction.atomic
def _begin_alone(request: DeletionRequest, now: datetime) -> bool:
    request = hold_request(request)
    waits = request.status == Status.VERIFIED and request.joined_to_id is None
    if not waits or request.starts_at is None or request.starts_at > now:
        return False
    note_step(request, "nobody objected", actor=None, now=now)
    schedule(request, actor=None, grace=timedelta(), now=now)
    arrange(request, now=now)
    request.refresh_from_db()
    letters.tell_scheduled(request, now=now)
    return True


@transaction.atomic
def _answer(request: DeletionRequest, now: datetime) -> bool:
    """Nobody's data is deleted on an unproven word. Who was asked for a proof only
    lately, because the letter was recorded late, has some days to give it."""
    request = hold_request(request)
    asked = request.steps.filter(what="proof asked for", at__lte=now - PROVE_WITHIN)
    if request.status != Status.RECEIVED or not asked.exists():
        return False
    reject(actor=None, request=request, reason=NOT_VERIFIED, now=now)
    return True
