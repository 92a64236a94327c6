"""Places of this room that are no model's table: the shared cache, the queue in Redis,
and the mails that become files where there is no mail server."""

# ruff: noqa: S608 (the table's name is our own setting; values are parameters)

import hashlib
import pickle
from base64 import b64decode
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.cache import caches
from django.core.cache.backends.redis import RedisCache
from django.db import connection
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.signing import SignedPackage

from plugseller.custody.erasers import mentions, names_of
from plugseller.shelves import Scope

_Told = Iterator[tuple[Any, list[object]]]  # what names a thing there, and its text


class Things:
    """A place that can only be read through: what mentions somebody belongs to them."""

    def all(self) -> _Told:
        raise NotImplementedError

    def drop(self, names: list[Any]) -> int:
        """Remove the named; how many were there."""
        raise NotImplementedError

    def expired(self, before: datetime) -> list[Any]:
        """What nobody asks for any more since before then."""
        return []

    def total(self) -> int:
        return sum(1 for _ in self.all())

    def oldest(self) -> datetime | None:
        return None

    def count(self, scope: Scope) -> int:
        return len(self._of(scope))

    def erase(self, scope: Scope, *, at_most: int) -> int:
        return self.drop(self._of(scope)[:at_most])

    def overdue(
        self,
        before: datetime,
        *,
        of_seller: UUID | None = None,
    ) -> int:
        return 0 if of_seller else len(self.expired(before))

    def purge(
        self,
        before: datetime,
        *,
        at_most: int,
        of_seller: UUID | None = None,
    ) -> int:
        return 0 if of_seller else self.drop(self.expired(before)[:at_most])

    def _of(self, scope: Scope) -> list[Any]:
        limits = map(_as_a_limit, sorted(scope.addresses))
        names = names_of(scope, *limits)
        if names is None:
            return []
        return [name for name, texts in self.all() if mentions(names, texts)]


def _as_a_limit(address: str) -> str:
    """How allauth names an address in the keys of its limits."""
    return hashlib.sha256(address.lower().encode()).hexdigest()


class SharedCache(Things):
    """Limits of sign-in and of the API, whose keys hold ids; each ends by itself.

    In the database an entry stays after its end until another takes its place, so
    erasing takes what has ended along.
    """

    def erase(self, scope: Scope, *, at_most: int) -> int:
        self.drop(self.expired(timezone.now()))
        return super().erase(scope, at_most=at_most)

    def all(self) -> _Told:
        if (client := _redis_of_cache()) is not None:
            for key in client.scan_iter():
                yield key, [key.decode(errors="replace"), _unpickled(client.get(key))]
            return
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT cache_key, value FROM {_table()}")
            for key, value in cursor.fetchall():
                yield key, [key, _unpickled(b64decode(value))]

    def drop(self, names: list[Any]) -> int:
        if not names:
            return 0
        if (client := _redis_of_cache()) is not None:
            return int(client.delete(*names))
        with connection.cursor() as cursor:
            cursor.executemany(
                f"DELETE FROM {_table()} WHERE cache_key = %s",
                [(name,) for name in names],
            )
            return max(0, int(cursor.rowcount))

    def expired(self, before: datetime) -> list[Any]:
        if _redis_of_cache() is not None:
            return []  # Redis removes them itself
        limit = connection.ops.adapt_datetimefield_value(before.replace(microsecond=0))
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT cache_key FROM {_table()} WHERE expires < %s", [limit]
            )
            return [key for (key,) in cursor.fetchall()]


class RedisQueue(Things):
    """Jobs that wait in Redis, where that is the queue."""

    def all(self) -> _Told:
        if not settings.REDIS_URL:
            return
        broker = get_broker()
        for package in broker.connection.lrange(broker.list_key, 0, -1):
            yield package, _opened(package)

    def drop(self, names: list[Any]) -> int:
        if not names:
            return 0
        broker: Any = get_broker()
        dropped = [broker.connection.lrem(broker.list_key, 0, one) for one in names]
        return sum(map(int, dropped))


class MailFiles(Things):
    """Mails as files: the demonstration's mail server."""

    def all(self) -> _Told:
        for path in _mail_files():
            with suppress(FileNotFoundError):
                yield path, _mail_text(path.read_bytes())

    def drop(self, names: list[Any]) -> int:
        for path in names:
            path.unlink(missing_ok=True)
        return len(names)

    def oldest(self) -> datetime | None:
        return min(map(_written, _mail_files()), default=None)

    def expired(self, before: datetime) -> list[Any]:
        return [path for path in _mail_files() if _written(path) < before]


def _table() -> str:
    return connection.ops.quote_name(str(settings.CACHES["default"]["LOCATION"]))


def _redis_of_cache() -> Any:
    """The line to Redis, if the cache is there; else it is in the database."""
    found = caches["default"]
    if not isinstance(found, RedisCache):
        return None
    return found._cache.get_client(None, write=True)  # Django's own way in


def _unpickled(value: bytes | None) -> object:
    """What was cached; our own code put it there, as it reads it."""
    try:
        return pickle.loads(value) if value else ""  # noqa: S301 (as the cache does)
    except (pickle.UnpicklingError, ValueError, EOFError):
        return value or ""


def _opened(package: bytes) -> list[object]:
    try:
        return list(SignedPackage.loads(package.decode()).values())
    except Exception:  # signed by nobody we know: no worker opens it either
        return []


def _mail_files() -> list[Path]:
    folder = Path(settings.EMAIL_FILE_PATH)
    return sorted(folder.glob("*.log")) if folder.is_dir() else []


def _written(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _mail_text(raw: bytes) -> list[object]:
    """Heads and bodies of a file's mails, as their readers see them."""
    told: list[object] = []
    for one in raw.split(b"\n" + b"-" * 79 + b"\n"):
        if one.strip():
            mail = message_from_bytes(one, policy=policy.default)
            parts = [part for part in mail.walk() if not part.is_multipart()]
            told += [*mail.values(), *(part.get_content() for part in parts)]
    return told
