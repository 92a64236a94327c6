"""For whom a second factor is being made, where it isn't for the visitor."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

from plugseller.accounts.models import User

_enrolling: ContextVar[UUID | None] = ContextVar("enrolling", default=None)


@contextmanager
def enrolling(user: User) -> Iterator[None]:
    """Second factors made inside the block are this person's, not the visitor's."""
    mark = _enrolling.set(user.pk)
    try:
        yield
    finally:
        _enrolling.reset(mark)


def enrolled_for() -> UUID | None:
    """Whose factor is being made; None for the visitor's own."""
    return _enrolling.get()
