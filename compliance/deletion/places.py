"""Every place where something erased might have stayed, read by a way of its own.

Nothing here asks a holding: tables and columns are found by asking the database, and
what is packed or sealed in them is opened as its reader would.
"""

# ruff: noqa: S608 (names come from the database's own catalogue, quoted)

import pickle
import zlib
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.models import Model
from django_q.brokers import get_broker
from django_q.signing import SignedPackage

from plugseller.crypto.fields import SealedField
from plugseller.crypto.sealing import Unopenable
from plugseller.custody.ledger import ledger_file

# How findings call what is opened and is no sealed column.
SESSIONS, CACHE = "sessions", "the shared cache"
QUEUE, RESULTS = "jobs that wait", "results of jobs"
AT_ONCE = 2_000  # rows read in one query
_PIECE = 1 << 20  # bytes of a file
_OVERLAP = 512  # longer than anything that is looked for
_HOLD_NO_TEXT = {
    *("AutoField", "BigAutoField", "SmallAutoField"),
    *("BigIntegerField", "IntegerField", "SmallIntegerField"),
    *("PositiveBigIntegerField", "PositiveIntegerField", "PositiveSmallIntegerField"),
    *("BooleanField", "DecimalField", "FloatField"),
    *("DateField", "DateTimeField", "TimeField", "DurationField"),
}


@dataclass(frozen=True, slots=True)
class Table:
    """A table, and those of its columns that can hold a text or bytes."""

    name: str
    key: str | None
    columns: dict[str, bool]  # name -> whether it holds bytes


def tables() -> list[Table]:
    """Every table there is, whether or not a model of ours knows it."""
    introspection = connection.introspection
    found = []
    with connection.cursor() as cursor:
        for name in sorted(introspection.table_names(cursor)):
            columns = {
                column.name: kind == "BinaryField"
                for column in _columns(cursor, name)
                if (kind := _kind(column)) not in _HOLD_NO_TEXT
            }
            key = introspection.get_primary_key_column(cursor, name)
            if columns:
                found.append(Table(name, key, columns))
    return found


def _columns(cursor: Any, table: str) -> list[Any]:
    """Name and type of each column.

    On SQLite asked directly: Django parses the table's SQL for more than is needed,
    which takes as long as all else that is looked at in a small installation.
    """
    if connection.vendor != "sqlite":
        described = connection.introspection.get_table_description(cursor, table)
        return [_Column(one.name, one.type_code, one) for one in described]
    cursor.execute(f"PRAGMA table_xinfo({connection.ops.quote_name(table)})")
    return [_Column(name, kind) for _, name, kind, *_ in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    type: Any  # as the engine calls it
    described: Any = None


def _kind(column: _Column) -> str:
    """The field of Django's that such a column is of; text where none is known."""
    introspection = connection.introspection
    try:
        if column.described is None:
            found = introspection.data_types_reverse[column.type]
        else:
            found = introspection.get_field_type(column.type, column.described)
    except KeyError:
        return "TextField"
    return found if isinstance(found, str) else found[0]


def rows(table: Table) -> Iterator[list[tuple[Any, str]]]:
    """The table's rows, some thousand at a time: key, and all columns as one text.

    In the order of their keys, each piece a query of its own: the memory used doesn't
    grow with the table, and no transaction stands open over it.
    """
    quote = connection.ops.quote_name
    whole = _as_one([_readable(n, raw=r) for n, r in table.columns.items()])
    if table.key is None:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT NULL, {whole} FROM {quote(table.name)}")
            while found := cursor.fetchmany(AT_ONCE):
                yield found
        return
    key, after = quote(table.key), ""
    last: list[Any] = []
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {key}, {whole} FROM {quote(table.name)} {after} "
                f"ORDER BY {key} LIMIT {AT_ONCE}",
                last,
            )
            found = cursor.fetchall()
        if not found:
            return
        yield found
        after, last = f"WHERE {key} > %s", [found[-1][0]]


def row(table: Table, key: Any) -> dict[str, str]:
    """The columns of one row, each as text."""
    quote = connection.ops.quote_name
    texts = ", ".join(_readable(n, raw=r) for n, r in table.columns.items())
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {texts} FROM {quote(table.name)} "
            f"WHERE {quote(table.key or '')} = %s",
            [key],
        )
        found = cursor.fetchone()
    return dict(zip(table.columns, found or (), strict=False))


def is_set(table: Table, column: str, key: Any) -> bool:
    """Whether that column of the row holds something."""
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT 1 FROM {quote(table.name)} WHERE {quote(table.key or '')} = %s "
            f"AND {quote(column)} IS NOT NULL",
            [key],
        )
        return cursor.fetchone() is not None


def _readable(name: str, *, raw: bool) -> str:
    """SQL for a column as text, bytes in hexadecimal."""
    column = connection.ops.quote_name(name)
    if connection.vendor == "sqlite":
        text = f"hex({column})" if raw else column
    else:
        text = f"encode({column}, 'hex')" if raw else f"{column}::text"
    return f"coalesce({text}, '')"


def _as_one(texts: list[str]) -> str:
    unit = "char(31)" if connection.vendor == "sqlite" else "chr(31)"
    return f" || {unit} || ".join(texts)


@dataclass(frozen=True, slots=True)
class Opened:
    """Something that is packed or sealed where it lies, and what it says."""

    place: str  # "sessions", "jobs_outgoingmail.content"
    text: str
    row: Any = None  # the model's row, for what may stay


def opened() -> Iterator[Opened]:
    """What no look at a column can see into."""
    for name, read in _PACKED.items():
        yield from (Opened(name, text) for text in read())
    for model in apps.get_models():
        sealed = [f for f in model._meta.concrete_fields if isinstance(f, SealedField)]
        if sealed and model._meta.db_table in connection.introspection.table_names():
            yield from _unsealed(model, [field.name for field in sealed])


def _unsealed(model: type[Model], names: list[str]) -> Iterator[Opened]:
    for one in model._base_manager.iterator(chunk_size=500):
        for name in names:
            try:
                value = getattr(one, name)
                text = repr(value.reveal()) if value else ""
            except Unopenable:  # its key is gone, and with it what it said
                continue
            yield Opened(f"{model._meta.db_table}.{name}", text, one)


def _column(model: str, *names: str) -> Iterator[Any]:
    found = apps.get_model(model)._base_manager.values_list(*names)
    yield from found.iterator(chunk_size=500)


def _sessions() -> Iterator[str]:
    engine = import_module(settings.SESSION_ENGINE).SessionStore()
    for (packed,) in _column("sessions.Session", "session_data"):
        yield repr(engine.decode(packed))


def _waiting() -> Iterator[str]:
    for (payload,) in _column("django_q.OrmQ", "payload"):
        yield _unsigned(payload)
    if settings.REDIS_URL:
        broker: Any = get_broker()
        for package in broker.connection.lrange(broker.list_key, 0, -1):
            yield _unsigned(package.decode())


def _unsigned(package: str) -> str:
    """A job's package; of one nobody can open, what stands in it."""
    try:
        return repr(SignedPackage.loads(package))
    except Exception:
        body = package.split(":")[0]
        raw = b64decode(body.lstrip(".") + "=" * (-len(body) % 4), altchars=b"-_")
        return repr(zlib.decompress(raw) if body.startswith(".") else raw)


def _results() -> Iterator[str]:
    for told in _column("django_q.Task", "args", "kwargs", "result"):
        yield repr(told)


def _cached() -> Iterator[str]:
    if settings.REDIS_URL:
        import redis

        line: Any = redis.Redis.from_url(settings.REDIS_URL)
        for key in line.scan_iter():
            value = line.get(key) if line.type(key) == b"string" else b""
            yield f"{key!r} {_unpickled(value or b'')}"
        return
    with connection.cursor() as cursor:
        table = connection.ops.quote_name(str(settings.CACHES["default"]["LOCATION"]))
        cursor.execute(f"SELECT cache_key, value FROM {table}")
        for key, value in cursor.fetchall():
            yield f"{key} {_unpickled(b64decode(value))}"


def _unpickled(raw: bytes) -> str:
    try:
        return repr(pickle.loads(raw))  # noqa: S301 (as the cache itself does)
    except Exception:
        return repr(raw)


_PACKED: dict[str, Callable[[], Iterator[str]]] = {
    SESSIONS: _sessions,
    QUEUE: _waiting,
    RESULTS: _results,
    CACHE: _cached,
}


def files() -> Iterator[Path]:
    """Every file of the installation but those below, and mails that became files."""
    home = Path(settings.PLUGSELLER_HOME)
    folders = {home, Path(settings.EMAIL_FILE_PATH)}
    if settings.AUDIT_WITNESS_FILE:
        folders.add(Path(settings.AUDIT_WITNESS_FILE).parent)
    seen: set[Path] = set()
    for folder in sorted(folders):
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            if path.is_file() and path not in seen and not _is_left_out(path, home):
                seen.add(path)
                yield path


def _is_left_out(path: Path, home: Path) -> bool:
    """The database itself, whose tables are read; keys; the ledger, of keyed hashes;
    backups, which are sealed and end at their horizon."""
    database = str(settings.DATABASES["default"].get("NAME", ""))
    if path == ledger_file() or (database and str(path).startswith(database)):
        return True
    backups = getattr(settings, "BACKUP_FOLDER", "")
    apart = [home / "keys", *([Path(backups)] if backups else [])]
    return any(path.is_relative_to(folder) for folder in apart)


def pieces(path: Path) -> Iterator[bytes]:
    """A file's bytes, piece by piece; what lies across two is in the second."""
    before = b""
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield before + piece
            before = piece[-_OVERLAP:]
