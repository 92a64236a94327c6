"""Nothing is served from a restored database before it has forgotten again (RET-2).

A database is behind when the deletion ledger, which lies outside of it, holds lines
that it knows nothing of: it was put back from a backup, or copied by hand. Then the
gate is shut: pages and programs get 503, jobs and the queue do nothing, commands
refuse. `replay.replay` opens it. A ledger that was cut or changed keeps it shut.

To know that it is open costs no query: what the database says of itself is read when
a connection to it is made, and the ledger only when its file has changed.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import loader
from django.views.decorators.http import require_safe

from plugseller.audit.models import Entry
from plugseller.custody import ledger
from plugseller.custody.ledger import LedgerBroken, Line
from plugseller.custody.models import Replay, Standing, Tombstone
from plugseller.keyprovider import KeyTrouble
from plugseller.problems import is_programs, problem

READY = "/readyz"
_HEADERS = {"Retry-After": "60", "Cache-Control": "no-store"}
_SENTENCE = (
    "Plug Seller is being put back from a backup and isn't ready yet. Try again later."
)
_AT_ONCE = 500  # hashes in a query
_NEW = (0, "")  # what a new database says

_said: tuple[int, str] | None = None  # by the database, when it was connected
_open_at: tuple[object, tuple[int, str] | None] | None = None  # ledger, database


class GateShut(Exception):
    """The deletion ledger has to be replayed first; one sentence for operators."""


def why_shut() -> str:
    """In a sentence for operators why nothing may be served; empty when it may."""
    if not ledger.exists() and _said == _NEW:
        return ""
    if _open_at is not None and _open_at == (ledger.signature(), _said):
        return ""
    try:
        return _look()
    except (LedgerBroken, KeyTrouble) as error:
        return str(error)
    except DatabaseError as error:
        return f"The database can't be used now ({type(error).__name__})."


def has_tables() -> bool:
    """Whether the database is migrated so far that it can say anything of itself."""
    with connection.cursor() as cursor:
        names = connection.introspection.table_names(cursor)
    return {Standing._meta.db_table, Entry._meta.db_table} <= set(names)


def refuse_when_shut() -> None:
    """Raise GateShut unless the gate is open."""
    if why := why_shut():
        raise GateShut(why)


def waiting() -> list[Line]:
    """The ledger's lines that the database has to be made to forget, in order.

    Raises LedgerBroken.
    """
    lines = ledger.read()
    standing = Standing.objects.filter(pk=1).first()
    if standing is None:  # put back from a backup: whatever the ledger names
        run = Replay.objects.filter(ended_at=None).first()
        return lines[run.done if run else 0 :]
    _refuse_cut(lines, standing)
    return unknown(lines[standing.line :])


def unknown(lines: Sequence[Line]) -> list[Line]:
    """Those lines that no tombstone in the database stands for."""
    known: set[tuple[str, str]] = set()
    for start in range(0, len(lines), _AT_ONCE):
        hashes = [line.hash for line in lines[start : start + _AT_ONCE]]
        stones = Tombstone.objects.filter(hash__in=hashes)
        known.update(stones.values_list("kind", "hash"))
    return [line for line in lines if (line.kind, line.hash) not in known]


def caught_up(lines: Sequence[Line]) -> None:
    """Note that the database has applied all these lines of the ledger."""
    line, checksum = (lines[-1].number, lines[-1].checksum) if lines else _NEW
    signature = ledger.signature()
    standing, _ = Standing.objects.update_or_create(
        pk=1, defaults={"line": line, "checksum": checksum}
    )
    transaction.on_commit(partial(_remember, signature, standing))


def _look() -> str:
    signature = ledger.signature()
    lines = ledger.read()
    standing = Standing.objects.filter(pk=1).first()
    if standing is None:
        return (
            "This database was put back from a backup, and the deletion ledger hasn't "
            "been replayed into it: run `manage.py replay_deletions`."
        )
    _refuse_cut(lines, standing)
    if behind := unknown(lines[standing.line :]):
        return (
            f"The deletion ledger names {len(behind)} erased that this database knows "
            "nothing of: it is an older copy. Run `manage.py replay_deletions`."
        )
    if len(lines) > standing.line:
        caught_up(lines)
    else:
        _remember(signature, standing)
    return ""


def _remember(signature: object, standing: Standing) -> None:
    global _said, _open_at
    _said = (standing.line, standing.checksum)
    _open_at = (signature, _said)


def _refuse_cut(lines: Sequence[Line], standing: Standing) -> None:
    number = standing.line
    if number and (
        len(lines) < number or lines[number - 1].checksum != standing.checksum
    ):
        raise LedgerBroken(
            f"The deletion ledger {ledger.ledger_file()} has {len(lines)} lines and "
            f"isn't the one of which this database applied line {number}: put back "
            "your copy of the ledger. If it is lost for good, see README, Backups."
        )


def note_connection(*, connection: Any, **_: Any) -> None:
    """Hear what a database says of itself when a connection to it is made."""
    global _said
    if connection.alias != DEFAULT_DB_ALIAS:
        return
    table = connection.ops.quote_name(Standing._meta.db_table)
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT line, checksum FROM {table}")  # noqa: S608  a model
            _said = cursor.fetchone()
    except DatabaseError:
        _said = None  # no tables yet


def note_new_database(*, using: str, **_: Any) -> None:
    """A database that never held anything has nothing to forget, unless the ledger
    says so: the database before it may have been lost."""
    if using != DEFAULT_DB_ALIAS or not has_tables():
        return
    if not Entry.objects.using(using).exists():
        Standing.objects.get_or_create(pk=1)
    note_connection(connection=connection)


class Gate:
    """Answers 503 to everything but files and /readyz while the gate is shut."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info == READY or not why_shut():
            return self.get_response(request)
        if is_programs(request) or not request.accepts("text/html"):
            return problem(503, _SENTENCE, _HEADERS)
        # Without the request: nobody's session is read from such a database.
        page = loader.render_to_string("503_restoring.html", {"sentence": _SENTENCE})
        return HttpResponse(page, status=503, headers=_HEADERS)


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Whether requests are served, for load balancers; if not, what is going on.

    Why is told by `manage.py check`: strangers read this, and it names files.
    """
    if not why_shut():
        return JsonResponse({"ready": True})
    return JsonResponse(
        {"ready": False, "doing": _doing()}, status=503, headers=_HEADERS
    )


def _doing() -> str:
    """ "replaying 3 of 7", while the ledger is being replayed."""
    try:
        run = Replay.objects.filter(ended_at=None).first()
    except DatabaseError:
        run = None
    if run is None:
        return "waiting for the operator: see `manage.py check`"
    return f"replaying {run.done - run.first + 1} of {run.last - run.first}"
