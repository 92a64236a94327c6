"""Signing up, in and out, and the address one signs in with."""

import contextlib
from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction

from plugseller.accounts import devices, sessions
from plugseller.accounts.models import User
from plugseller.accounts.services.lockouts import forgive
from plugseller.accounts.services.telling import tell
from plugseller.audit.services import AuditUnavailable, identify, now_acting, record


def note_signed_in(person: User, session: SessionBase, *, now: datetime) -> None:
    """Log a sign-in and tell the owner; where that can't be done, it didn't happen.

    Raises AuditUnavailable, and then the session is nobody's.
    """
    try:
        with transaction.atomic():
            who = now_acting()
            new = devices.is_new(person, who.agent, who.address, now=now)
            identify(person)
            told = {"country": who.country} if who.country else {}
            record(
                "person.signed_in", actor=person, details={"new_device": new, **told}
            )
            tell(person, "new_device" if new else "signed_in", now=now)
            forgive(person)
    except AuditUnavailable:
        session.flush()
        raise


def note_signed_up(person: User) -> None:
    record("person.signed_up", actor=person, subject=person)


def note_signed_out(person: User | None) -> None:
    """Leaving isn't refused, even where it can't be logged."""
    if person is not None:
        with contextlib.suppress(AuditUnavailable), transaction.atomic():
            record("person.signed_out", actor=person)


@transaction.atomic
def note_address_changed(
    person: User, *, old: EmailAddress | None, now: datetime
) -> None:
    """Both addresses are told; the old one is where a theft is noticed."""
    record("email.changed", actor=person, subject=person)
    tell(person, "email_changed", now=now)
    if old:
        tell(person, "email_changed", now=now, to=old.email)


@transaction.atomic
def end_session(*, person: User, session: UserSession) -> None:
    """End one of the person's own sessions."""
    record("sessions.ended", actor=person, subject=person, rows=1)
    session.end()


@transaction.atomic
def sign_out_everywhere(*, person: User, but: str = "") -> int:
    """End the person's sessions, `but` the one with that key; how many."""
    ended = sessions.end_sessions(person, but=but)
    record("sessions.ended", actor=person, subject=person, rows=ended)
    return ended
