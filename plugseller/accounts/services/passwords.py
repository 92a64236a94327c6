"""A password is changed, forgotten or chosen for the first time."""

from datetime import datetime

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from plugseller.accounts import sessions
from plugseller.accounts.models import User
from plugseller.accounts.services.telling import tell
from plugseller.audit.services import record


@sensitive_variables("password")
@transaction.atomic
def change_password(*, person: User, password: str, now: datetime) -> None:
    """The person, signed in, chose another one. Every session ends, this one too;
    API tokens go on."""
    _set(person, password)
    record("password.changed", actor=person, subject=person)
    tell(person, "password_changed", now=now)


@sensitive_variables("password")
@transaction.atomic
def reset_password(*, person: User, password: str, now: datetime) -> None:
    """The person proved to own the e-mail address and chose a new one."""
    _set(person, password)
    record("password.reset", subject=person)
    tell(person, "password_reset", now=now)


def _set(person: User, password: str) -> None:
    person.set_password(password)
    person.save(update_fields=["password"])
    sessions.end_sessions(person)
