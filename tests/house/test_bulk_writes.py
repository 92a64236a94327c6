"""ACC-2: writes that pass the signals by, and so auditlog, stand where they are logged.

`update()`, `bulk_create()`, `bulk_update()`, `_raw_delete()` and SQL tell no receiver.
Services and the writer of pages record what they did themselves; whatever else does
without stands here with its reason.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BULK = {"bulk_create", "bulk_update", "_raw_delete"}
SQL = {"execute", "executemany", "executescript", "raw", "extra", "RawSQL"}
# Whose business it is: each service records its entry in the same transaction.
LOGGED_THERE = ("marketplaces/sync/writer.py",)
# Anything else -> what it does there, and why no entry is missing.
MAY = {
    "compliance/clocks.py": ("update", "which step was taken; an entry for each"),
    "compliance/deletion/execution.py": ("update", "a step and its entry with each"),
    "compliance/deletion/fixing.py": ("update", "shuts accounts; deletion.begun"),
    "compliance/deletion/forgetting.py": ("update", "its own entry with each"),
    "compliance/deletion/places.py": ("sql", "reads, to find what is left"),
    "compliance/deletion/ladder.py": ("update", "day 29 has come; logged by its clock"),
    "compliance/deletion/states.py": ("update", "its services log each step"),
    "compliance/incidents/states.py": ("update", "its services log each step"),
    "compliance/incidents/detection/": (
        "update",
        "sums; a case has its steps",
    ),
    "compliance/incidents/evidence/sealed.py": ("update", "sealed anew; logged"),
    "compliance/tasks.py": ("update", "an entry with each"),
    "compliance/retention/figures.py": ("sql", "reads how long tables are"),
    "marketplaces/appsecrets.py": ("update", "its own entries tell of each secret"),
    "marketplaces/authorisation.py": ("update", "an attempt is used up; logged"),
    "marketplaces/benchmarks/": (
        "bulk sql update",
        "rows of its own temporary database",
    ),
    "marketplaces/receiving.py": ("update", "each step of it is an entry"),
    "marketplaces/rotation.py": ("update", "each step of it is an entry"),
    "marketplaces/stores.py": ("bulk", "retention's batch; the purge logs its sum"),
    "marketplaces/exporting/": ("update", "how far a package got; asked, built, ended"),
    "marketplaces/sync/bookkeeping.py": ("sql", "where a sync is, no contents"),
    "marketplaces/sync/engine.py": ("update", "state of runs; one entry for each run"),
    "marketplaces/sync/rounds.py": ("update", "set aside; logged as broken"),
    "marketplaces/sync/proving.py": ("update", "when it was tried; runs are logged"),
    "marketplaces/sync/sightings.py": (
        "update sql",
        "what is gone; in the run's entry",
    ),
    "plugseller/accounts/passwords.py": ("update", "its services log the change"),
    "plugseller/accounts/sealed.py": ("update", "sealed anew; logged"),
    "plugseller/accounts/sessions.py": ("update", "when a session was last used"),
    "plugseller/accounts/tenancy.py": ("update", "the fence hands on, once opened"),
    "plugseller/accounts/tokens.py": ("update", "when a key was last used"),
    "plugseller/audit/": ("bulk sql", "the log itself, guarded by triggers"),
    "plugseller/crypto/fields.py": ("update", "a value sealed anew; its caller logs"),
    "plugseller/crypto/resealing.py": ("update", "a data key destroyed; logged"),
    "plugseller/crypto/rotation.py": ("update", "a key retired; logged"),
    "plugseller/crypto/sqlcipher/": ("sql", "opens and copies the database file"),
    "plugseller/crypto/controls.py": ("sql", "reads how its own line is encrypted"),
    "plugseller/crypto/verifying.py": ("sql", "reads the proof that bytes are sealed"),
    "plugseller/jobs/backups/": ("update sql", "copies and counts; entries of its own"),
    "plugseller/jobs/leases.py": ("update sql", "who is at work, for seconds"),
    "plugseller/jobs/outbox.py": ("update", "how far a mail got, seen on the desk"),
    "plugseller/jobs/stores.py": ("sql", "the shared cache; its callers log"),
    "plugseller/jobs/health.py": ("sql", "asks the database whether it answers"),
    "plugseller/jobs/running.py": ("update", "when a piece of work last ran"),
}


def _kind(call: ast.Call) -> str | None:
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    if name.removeprefix("a") in BULK or name in BULK:
        return "bulk"
    if name in ("update", "aupdate"):  # of rows by keywords, of a dict by position
        return "update" if call.keywords and not call.args else None
    return "sql" if name in SQL and isinstance(call.func, ast.Attribute) else None


def bulk_writes(source: str) -> Iterator[tuple[int, str]]:
    """The line and the kind of each write that no receiver hears of."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and (kind := _kind(node)):
            yield node.lineno, kind
        elif isinstance(node, ast.Name) and node.id == "RawSQL":
            yield node.lineno, "sql"


def _found() -> Iterator[tuple[str, int, str]]:
    for floor in ("plugseller", "marketplaces", "compliance"):
        for path in sorted((ROOT / floor).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if "migrations" in parts or {"services", "custody"} & set(parts):
                continue
            name = str(path.relative_to(ROOT))
            if name not in LOGGED_THERE:
                yield from ((name, *told) for told in bulk_writes(path.read_text()))


def _named(file: str) -> str | None:
    return next((name for name in MAY if file.startswith(name)), None)


def test_bulk_writes_stand_where_they_are_logged() -> None:
    elsewhere = [
        f"{file}:{line} {kind}"
        for file, line, kind in _found()
        if not (name := _named(file)) or kind not in MAY[name][0].split()
    ]
    assert elsewhere == []


def test_no_exception_is_left_over() -> None:
    used = {(_named(file), kind) for file, _, kind in _found()}
    named = {(name, kind) for name, (kinds, _) in MAY.items() for kind in kinds.split()}
    assert named - used == set()


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("Order.objects.bulk_create(rows)", "bulk"),
        ("await Order.objects.abulk_update(rows, ['sku'])", "bulk"),
        ("rows._raw_delete('default')", "bulk"),
        ("rows.filter(pk=1).update(sku='x')", "update"),
        ("rows.update(**fields)", "update"),
        ("Order.objects.raw('SELECT 1')", "sql"),
        ("line.executemany(sql, rows)", "sql"),
        ("rows.annotate(x=RawSQL('1', ()))", "sql"),
        ("{}.update({'a': 1})", None),
        ("row.save()", None),
    ],
)
def test_this_test_sees_them(source: str, kind: str | None) -> None:
    assert [told for _, told in bulk_writes(source)] == ([kind] if kind else [])
