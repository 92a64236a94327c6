"""Tell a person by mail what happened to the account: what, when, and what to do."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone

from plugseller.accounts.devices import family, network
from plugseller.accounts.models import User
from plugseller.audit.services import now_acting
from plugseller.jobs import outbox


def tell(
    person: User | None, what: str, *, now: datetime, to: str = "", **told: Any
) -> None:
    """Put the mail `templates/mail/<what>.txt` into the outbox, for the account's
    owner; nobody is told of an account that isn't there or was left.

    The template's first line is the subject.
    """
    if person is None or not person.is_active:
        return
    who = now_acting()
    told |= {
        "person": person,
        "when": timezone.localtime(now, timezone.get_fixed_timezone(0)),
        "device": family(who.agent) if who.address else "",
        "network": network(who.address) if who.address else "",
        "site": settings.PUBLIC_ADDRESS,
        "contact": settings.CONTACT_ADDRESS,
    }
    subject, _, text = render_to_string(f"mail/{what}.txt", told).partition("\n")
    outbox.post(
        to=to or person.email, subject=subject, text=text.strip(), owner=person.pk
    )
