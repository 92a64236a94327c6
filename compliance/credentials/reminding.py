"""Tells those responsible before a credential is due: once at each step (ACC-3).

A clock runs for each credential that is due within the longest step. It ends when the
credential is renewed, replaced or revoked, because then the inventory no longer lists
it, or lists it with a later day.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from django.conf import settings

from compliance import clocks
from compliance.clocks import Deadline, Duty
from compliance.credentials.rows import find, inventory
from plugseller.accounts.models import User
from plugseller.accounts.services.grants import owners_of
from plugseller.accounts.services.officers import tell_officers
from plugseller.jobs import outbox
from plugseller.jobs.models import OutgoingMail
from plugseller.shelves import CredentialRow

STEPS = tuple(timedelta(days=days) for days in (30, 14, 7, 1))
_NAME = "credential"
_LAST = timedelta(hours=2)  # longer than from one round to the next


def keep_clocks(now: datetime) -> int:
    """Start, end and renew clocks, so that they say what the inventory says; how many
    were started."""
    listed = {
        item.row.subject_id: item.row for item in inventory(now, until=now + STEPS[0])
    }
    listed = {pk: row for pk, row in listed.items() if not _is_ending(row, now)}
    ours = clocks.running().filter(duty=_NAME)
    for deadline in ours:
        row = listed.get(deadline.subject_id)
        if row is None or (row.due_at and row.due_at > deadline.due_at):
            clocks.met(_NAME, deadline.subject_id, now=now)
    before = set(ours.values_list("subject_id", flat=True))
    for row in listed.values():
        clocks.start(
            _NAME,
            row.subject_id,
            label=f"{row.kind}, {row.label}"[:200],
            now=now,
            due_at=row.due_at,
        )
    return len(listed.keys() - before)


def _is_ending(row: CredentialRow, now: datetime) -> bool:
    """Whether it stops by itself any moment: all was said, and nobody is late."""
    return row.ends_itself and row.due_at is not None and row.due_at - now <= _LAST


def _warn(deadline: Deadline, now: datetime) -> Iterable[OutgoingMail]:
    row = _still_due(deadline, now)
    if row is None or _was_made_after(row, deadline):
        return ()  # renewed a moment ago; or whoever made it chose so short a life
    return _tell(row, deadline, now, f"is due on {_spoken(deadline.due_at)}")


def _still_due(deadline: Deadline, now: datetime) -> CredentialRow | None:
    item = find(deadline.subject_id, now, until=deadline.due_at)
    return item.row if item else None


def _was_made_after(row: CredentialRow, deadline: Deadline) -> bool:
    step = deadline.due_at - STEPS[deadline.warned - 1]
    return row.created_at is not None and step <= row.created_at


def _escalate(deadline: Deadline, now: datetime) -> Iterable[OutgoingMail]:
    """It ran out: those responsible once more, and every officer."""
    row = _still_due(deadline, now)
    if row is None:
        return ()
    happened = f"was due on {_spoken(deadline.due_at)}"
    told = [*_tell(row, deadline, now, happened)]
    if _belongs_to_somebody(row):
        told += tell_officers(**_letter(row, happened, officers=True), now=now)
    return told


def _belongs_to_somebody(row: CredentialRow) -> bool:
    return row.person_id is not None or row.seller_id is not None


def _tell(
    row: CredentialRow, deadline: Deadline, now: datetime, happened: str
) -> list[OutgoingMail]:
    if not _belongs_to_somebody(row):
        return tell_officers(**_letter(row, happened, officers=True), now=now)
    letter = _letter(row, happened, officers=False)
    return [
        outbox.post(
            to=one.email,
            subject=letter["subject"],
            text=letter["text"],
            owner=one.pk,
            now=now,
        )
        for one in _responsible(row)
    ]


def _responsible(row: CredentialRow) -> Iterable[User]:
    if row.person_id is not None:
        return User.objects.filter(pk=row.person_id, is_active=True)
    assert row.seller_id is not None  # noqa: S101  by its caller
    return owners_of(row.seller_id)


def _letter(row: CredentialRow, happened: str, *, officers: bool) -> dict[str, str]:
    page = "/admin/credentials/" if officers or not row.page else row.page
    whose = f" of {row.owner}" if _belongs_to_somebody(row) else ""
    return {
        "subject": f"{row.kind}{whose} {happened}",
        "text": (
            f"{row.kind} ({row.label}){whose} {happened}.\n\n{row.note}\n\n"
            f"{settings.PUBLIC_ADDRESS}{page}\n\n"
            f"Questions? Write to {settings.CONTACT_ADDRESS}.\n"
        ),
    }


def _spoken(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


CREDENTIAL = clocks.duty(
    Duty(_NAME, "Renewal of a credential", lasts=None, warns=STEPS),
    on_warning=_warn,
    on_overdue=_escalate,
)
