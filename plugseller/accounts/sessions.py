"""Sessions: sealed at rest, over after a while, ended when something changes (ACC-2).

What a session holds is sealed in its table like any other secret: codes that were
mailed and second factors that are being set up must not be in a copy of the database.
"""

import base64
import json
from datetime import datetime, timedelta
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase

from plugseller.accounts.models import User
from plugseller.crypto.sealing import Unopenable
from plugseller.crypto.services import INSTALLATION, open_for, seal_for_new

_CONTEXT = ("session",)
_BEGAN, _SEEN = "signed_in_at", "seen_at"  # in a session, seconds since 1970
_NOTED_EVERY = timedelta(minutes=1)  # how exactly the last use is known


class SealedSerializer:
    """JSON inside an envelope; Django's session engines call it."""

    def dumps(self, obj: Any) -> bytes:
        plain = json.dumps(obj, separators=(",", ":")).encode()
        return base64.b64encode(seal_for_new(INSTALLATION, plain, _CONTEXT))

    def loads(self, data: bytes) -> Any:
        """Raises ValueError, which Django answers with an empty session."""
        try:
            plain = open_for(INSTALLATION, base64.b64decode(data), _CONTEXT)
        except Unopenable as error:
            raise ValueError("This session can't be opened.") from error
        return json.loads(plain)


def begin(session: SessionBase, *, now: datetime) -> None:
    """Start both clocks of a session; called at each sign-in."""
    session[_BEGAN] = session[_SEEN] = now.timestamp()


def is_over(session: SessionBase, user: User, *, now: datetime) -> bool:
    """Whether the session has lasted, or been left alone, for too long."""
    began, seen = session.get(_BEGAN), session.get(_SEEN)
    if not isinstance(began, float) or not isinstance(seen, float):
        return True  # made by nothing of ours
    idle = settings.SESSION_IDLE_STAFF if user.is_staff else settings.SESSION_IDLE
    return (
        now.timestamp() - began >= settings.SESSION_LONGEST.total_seconds()
        or now.timestamp() - seen >= idle.total_seconds()
    )


def note_use(session: SessionBase, *, now: datetime) -> None:
    """Set the clock of idleness back; written at most once a minute."""
    if now.timestamp() - session[_SEEN] >= _NOTED_EVERY.total_seconds():
        session[_SEEN] = now.timestamp()
        UserSession.objects.filter(session_key=session.session_key).update(
            last_seen_at=now
        )


def end_sessions(user: User, *, but: str = "") -> int:
    """End every session of the person, `but` the one with that key; how many."""
    ending = UserSession.objects.filter(user=user).exclude(session_key=but)
    sessions = list(ending)
    for session in sessions:
        session.end()
    return len(sessions)


def sessions_of(user: User) -> list[UserSession]:
    """The person's sessions, those of which nobody knows that they ended among them."""
    return list(UserSession.objects.filter(user=user))
