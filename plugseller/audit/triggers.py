"""The database's own refusal to change or remove what was logged (ACC-2).

SQLite drops a table's triggers when a migration rebuilds the table, so they are made
again after each `migrate`, and `checks.py` reads the database's catalogue for them.
A table's owner can drop them; what happens then, the chain shows.
"""

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from plugseller.audit import guards

GUARDED = ("audit_entry", "audit_checkpoint")
_REFUSAL = "The audit log is append-only: what was logged can't be changed or removed."

_SQLITE = {
    "{table}_no_update": "BEFORE UPDATE ON {table}",
    "{table}_no_delete": "BEFORE DELETE ON {table}",
    # INSERT OR REPLACE removes the old row without asking the trigger above.
    "{table}_no_replace": (
        "BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id)"
    ),
}
_POSTGRESQL = {
    "{table}_no_change": "BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW",
    "{table}_no_truncate": "BEFORE TRUNCATE ON {table} FOR EACH STATEMENT",
}
_POSTGRESQL_FUNCTIONS = (
    f"""
    CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION '{_REFUSAL.replace("'", "''")}'
        USING ERRCODE = 'restrict_violation';
    END $$
    """,
    # The query sees what was committed while the lock was waited for, because each
    # statement of a volatile function takes a snapshot of its own.
    """
    CREATE OR REPLACE FUNCTION audit_head(OUT id bigint, OUT hash text)
    RETURNS SETOF record LANGUAGE plpgsql VOLATILE AS $$
    BEGIN
      PERFORM pg_advisory_xact_lock(hashtext('plugseller audit'));
      RETURN QUERY SELECT e.id, e.hash::text FROM audit_entry e
        ORDER BY e.id DESC LIMIT 1;
    END $$
    """,
)


def install(using: str) -> None:
    """Make the triggers that are missing; does nothing before the tables exist."""
    connection = connections[using]
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        if not tables.issuperset(GUARDED):
            return
        if connection.vendor == "postgresql":
            for function in _POSTGRESQL_FUNCTIONS:
                cursor.execute(function)
        for name in missing(using):
            if _every(connection)[name] in tables:
                for statement in _creating(connection, name):
                    cursor.execute(statement)


def lift(using: str) -> None:
    """Remove the triggers: only for pruning, inside its transaction, and for tests."""
    connection = connections[using]
    with connection.cursor() as cursor:
        for name, table in _every(connection).items():
            on = f" ON {table}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on}")


def missing(using: str) -> list[str]:
    """The triggers that should be there and aren't, or are switched off."""
    connection = connections[using]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT tgname FROM pg_trigger WHERE tgenabled IN ('O', 'A')"
            )
        else:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        present = {name for (name,) in cursor.fetchall()}
    return [name for name in _every(connection) if name not in present]


def _every(connection: BaseDatabaseWrapper) -> dict[str, str]:
    """Trigger -> table: the log's own, and those that others asked for."""
    asked = {name: guard.table for name, guard in guards.guards().items()}
    return {**_expected(connection), **asked}


def _expected(connection: BaseDatabaseWrapper) -> dict[str, str]:
    """Trigger -> table."""
    kinds = _POSTGRESQL if connection.vendor == "postgresql" else _SQLITE
    return {name.format(table=table): table for table in GUARDED for name in kinds}


def _creating(connection: BaseDatabaseWrapper, name: str) -> list[str]:
    if asked := guards.guards().get(name):
        return guards.creating(asked, connection.vendor)
    table = _expected(connection)[name]
    kind = name.replace(table, "{table}")
    if connection.vendor == "postgresql":
        when = _POSTGRESQL[kind].format(table=table)
        return [f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION audit_refuse()"]
    when = _SQLITE[kind].format(table=table)
    refusal = _REFUSAL.replace("'", "''")
    return [f"CREATE TRIGGER {name} {when} BEGIN SELECT RAISE(ABORT, '{refusal}'); END"]
