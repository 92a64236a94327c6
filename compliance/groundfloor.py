"""What the ground floor shows on the officers' start page: staff access (ACC-1), the
audit log (ACC-2), the timetable."""

from collections.abc import Iterator
from datetime import datetime

from django.urls import reverse

from compliance.desklines import Block, Line, lines
from plugseller.accounts.models import Grant, User
from plugseller.accounts.models.grants import to_review_at, waiting_at
from plugseller.audit.models import Checkpoint
from plugseller.jobs.models import Run

_SHOWN = 10


def access(officer: User, now: datetime) -> Iterator[tuple[Block, Line]]:
    """Requests for access and emergency access to look at; never the officer's own."""
    others = Grant.objects.exclude(person=officer).select_related("person")
    for grant in others.filter(waiting_at(now)).order_by("asked_at")[:_SHOWN]:
        yield Block.ASKED, _line(grant, "Access to a seller is asked for")
    for grant in others.filter(to_review_at(now)).order_by("asked_at")[:_SHOWN]:
        yield Block.ASKED, _line(grant, "Emergency access has to be reviewed")


def _line(grant: Grant, text: str) -> Line:
    address = reverse("admin:accounts_grant_change", args=[grant.pk])
    return Line(
        f"{text}: {grant.get_role_display()}, {grant.hours} h",
        address,
        owner=grant.person.known_as,
    )


def well(officer: User, now: datetime) -> Iterator[tuple[Block, Line]]:
    """When the audit log was signed last, and when the timetable was last at work."""
    if newest := Checkpoint.objects.order_by("-id").first():
        text = (
            f"The audit log is signed up to entry {newest.number:,}, at "
            f"{newest.made_at:%Y-%m-%d %H:%M} UTC"
        )
        yield Block.QUIET, Line(text, reverse("admin:audit_entry_changelist"))
    done = Run.objects.filter(outcome=Run.Outcome.DONE).order_by("-started_at").first()
    if done:
        text = f"The timetable was last at work at {done.started_at:%Y-%m-%d %H:%M} UTC"
        yield Block.QUIET, Line(text, reverse("healthz"))


lines("access", access)
lines("well", well)
