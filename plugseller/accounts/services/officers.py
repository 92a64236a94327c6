"""What is told to officers: to all of them, so that a holiday is none."""

from datetime import datetime

from plugseller.accounts.services.grants import officers
from plugseller.jobs import outbox
from plugseller.jobs.models import OutgoingMail


def tell_officers(*, subject: str, text: str, now: datetime) -> list[OutgoingMail]:
    """A mail to every officer who is there, in the caller's transaction."""
    return [
        outbox.post(to=one.email, subject=subject, text=text, owner=one.pk, now=now)
        for one in officers()
    ]
