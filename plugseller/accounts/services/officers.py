"""Officers: all of them are told, so that a holiday is none; one always stays."""

from datetime import datetime

from django.core.exceptions import ValidationError

from plugseller.accounts.models import User
from plugseller.accounts.services.grants import officers
from plugseller.jobs import outbox
from plugseller.jobs.models import OutgoingMail


class LastOne(ValidationError):
    """Nobody would be left who could give the access back."""


def tell_officers(*, subject: str, text: str, now: datetime) -> list[OutgoingMail]:
    """A mail to every officer who is there, in the caller's transaction."""
    return [
        outbox.post(to=one.email, subject=subject, text=text, owner=one.pk, now=now)
        for one in officers()
    ]


def is_last_officer(person: User) -> bool:
    """Whether nobody else could approve, decide or stop anything."""
    return list(officers().values_list("pk", flat=True)) == [person.pk]


def keep_an_officer(person: User) -> None:
    """LastOne if the last officer would go; in the caller's transaction.

    All officers' rows are held, so that of two who go at once one stays.
    """
    if not officers().filter(pk=person.pk).exists():
        return
    held = [one.pk for one in officers().select_for_update(no_key=True)]
    if held == [person.pk]:
        raise LastOne("This is the last compliance officer. Invite another one first.")
