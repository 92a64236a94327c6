"""Backups of PostgreSQL: pg_dump and psql, speaking to us through pipes only.

The dump is of an exported snapshot, in which the rows were counted as well. It is put
back in one transaction together with the data keys: all or nothing. A password reaches
the programs by their environment, never by an argument.
"""

import contextlib
import hashlib
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from django.db import DatabaseError, connection, connections
from psycopg import sql

from plugseller.crypto.streaming import CHUNK, Sink
from plugseller.jobs.backups.archive import ALREADY, BackupTrouble
from plugseller.jobs.backups.contents import (
    DATA_KEYS,
    LEFT_OUT,
    Ask,
    KeyRow,
    Snapshot,
    figures,
)

NAME = "postgresql"
_VARIABLES = {
    "dbname": "PGDATABASE",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "host": "PGHOST",
    "port": "PGPORT",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "passfile": "PGPASSFILE",
    "options": "PGOPTIONS",
}
_KEYS = (
    "SELECT id::text, owner::text, encode(wrapped, 'hex'), "  # noqa: S608  a constant
    "master_key_id, created_at::text, retired_at::text, destroyed_at::text "
    f"FROM {DATA_KEYS} ORDER BY id"
)
_COLUMNS = "id, owner, wrapped, master_key_id, created_at, retired_at, destroyed_at"
# Said inside the transaction that puts back, when its locks keep everybody out: whoever
# came between would go on in what was put back, before it has forgotten again.
_ALONE = """
DO $$ BEGIN
  FOR look IN 1..30 LOOP
    PERFORM pg_stat_clear_snapshot();
    EXIT WHEN NOT EXISTS (
      SELECT FROM pg_stat_activity WHERE datname = current_database()
      AND backend_type = 'client backend' AND pid <> pg_backend_pid());
    IF look = 30 THEN
      RAISE EXCEPTION
        'others connected meanwhile: stop the service, its workers and cron.';
    END IF;
    PERFORM pg_sleep(0.1);
  END LOOP;
END $$;
"""
_EMPTY = f"""
DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_tables WHERE schemaname = current_schema()) THEN
    RAISE EXCEPTION '{ALREADY}';
  END IF;
END $$;
"""


@contextlib.contextmanager
def snapshot(folder: Path) -> Iterator[Snapshot]:
    """What one transaction sees; nothing of it is on the disk before it is sealed."""
    link = connection.copy()
    try:
        link.set_autocommit(False)
        ask = _ask(link)
        with link.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        [(schema, name)] = ask("SELECT current_schema(), pg_export_snapshot()")
        told = figures(ask, _tables(ask))
        keys = [list(row) for row in ask(_KEYS)]
        yield Snapshot(
            figures=told,
            keys=keys,
            write=lambda sink: _dump(sink, schema, name),
            facts={"schema": schema},
        )
    finally:
        link.rollback()
        link.close()


def is_empty() -> bool:
    return not connection.introspection.table_names()


def refuse_company() -> None:
    others = _ask(connection)(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )[0][0]
    if others:
        raise BackupTrouble(
            f"{others} others are connected to the database: stop the service and its "
            "workers first."
        )


def put_back(
    contents: IO[bytes],
    manifest: dict[str, Any],
    keys: Iterator[KeyRow],
    *,
    over: bool,
) -> None:
    connections.close_all()
    first = ["SET lock_timeout = '10s'", *([] if over else [_EMPTY])]
    clearing = _clearing(str(manifest["facts"]["schema"]))
    _load(contents, manifest, keys, first=[*first, clearing, _ALONE])


@contextlib.contextmanager
def scratch(
    contents: IO[bytes], manifest: dict[str, Any], folder: Path
) -> Iterator[Ask]:
    """A database of its own on the same server, which is dropped afterwards."""
    sweep()
    name = f"{_scratches()}{secrets.token_hex(6)}"
    _on_server(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    link = connection.copy("scratch")
    link.settings_dict["NAME"] = name
    try:
        clearing = _clearing(str(manifest["facts"]["schema"]))
        _load(contents, manifest, iter(()), first=[clearing], database=name)
        yield _ask(link)
    finally:
        link.close()
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        _on_server(drop.format(sql.Identifier(name)))


def sweep() -> None:
    """Scratch databases of this one, unless somebody is at work in them."""
    names = _ask(connection)("SELECT datname FROM pg_database")
    for (name,) in names:
        if name.startswith(_scratches()):
            with contextlib.suppress(BackupTrouble):
                _on_server(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))


def _scratches() -> str:
    """How scratch databases of this one begin; others may be on the server."""
    own = str(connection.settings_dict["NAME"]).encode()
    return f"plugseller_scratch_{hashlib.sha256(own).hexdigest()[:12]}_"


def _on_server(statement: sql.Composed) -> None:
    try:
        with connection._nodb_cursor() as cursor:
            cursor.execute(statement)
    except DatabaseError as error:
        raise BackupTrouble(
            "A scratch database can't be made or dropped on the server "
            f"({type(error.__cause__ or error).__name__}): the role of DATABASE_URL "
            "needs CREATEDB for that."
        ) from error


def _dump(sink: Sink, schema: str, name: str) -> None:
    words = ["pg_dump", "--format=plain", "--no-owner", "--no-privileges"]
    words += [f"--snapshot={name}", f"--schema={schema}"]
    words += [f"--exclude-table-data={schema}.{table}" for table in LEFT_OUT]
    with _running(words, stdout=subprocess.PIPE) as (process, complaint):
        assert process.stdout is not None  # noqa: S101  it was asked for
        shutil.copyfileobj(process.stdout, sink, CHUNK)
        if process.wait():
            raise BackupTrouble(f"pg_dump gave up: {complaint()}")


def _load(
    contents: IO[bytes],
    manifest: dict[str, Any],
    keys: Iterator[KeyRow],
    *,
    first: Sequence[str],
    database: str = "",
) -> None:
    """One transaction, which begins with `first`. What is read from `contents` may turn
    out broken: then psql is killed before it could commit."""
    schema = str(manifest["facts"]["schema"])
    words = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "--single-transaction"]
    words += ["-o", os.devnull]
    words += [word for statement in first for word in ("-c", statement)]
    words += ["-f", "-"]
    with _running(words, stdin=subprocess.PIPE, database=database) as (
        process,
        complaint,
    ):
        assert process.stdin is not None  # noqa: S101  it was asked for
        try:
            shutil.copyfileobj(contents, process.stdin, CHUNK)
            for row in keys:
                process.stdin.write(_insert(schema, row))
            process.stdin.close()
        except BrokenPipeError:
            process.wait()
        if process.wait():
            raise BackupTrouble(
                f"PostgreSQL doesn't take the backup, so nothing was changed: "
                f"{complaint()}"
            )


def _clearing(schema: str) -> str:
    """The dump makes the schema itself, unless it is "public"."""
    named = sql.Identifier(schema)
    text = sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE;").format(named)
    return text.as_string()


def _insert(schema: str, row: KeyRow) -> bytes:
    values = [*row]
    values[2] = f"\\x{row[2] or ''}"
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({});\n").format(
        sql.Identifier(schema, DATA_KEYS),
        sql.SQL(_COLUMNS),
        sql.SQL(", ").join(map(sql.Literal, values)),
    )
    return statement.as_bytes()


@contextlib.contextmanager
def _running(
    words: Sequence[str],
    *,
    database: str = "",
    stdin: int | None = None,
    stdout: int | None = None,
) -> Iterator[tuple[subprocess.Popen[bytes], Any]]:
    """A program of PostgreSQL's, which doesn't outlive the block."""
    with tempfile.TemporaryFile() as errors:

        def complaint() -> str:
            errors.seek(0)
            lines = errors.read(4000).decode(errors="replace").splitlines()
            return lines[0] if lines else "it said nothing."

        try:
            process = subprocess.Popen(  # noqa: S603  our own words, no shell
                words,
                env=_environment(database),
                stdin=stdin,
                stdout=stdout,
                stderr=errors,
            )
        except FileNotFoundError:
            raise BackupTrouble(
                f"The program {words[0]} isn't installed: install PostgreSQL's client "
                "programs, of the server's version or newer."
            ) from None
        try:
            yield process, complaint
        finally:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    with contextlib.suppress(BrokenPipeError):
                        pipe.close()


def _environment(database: str) -> dict[str, str]:
    """Ours, and how to reach the database."""
    params = connection.get_connection_params()
    told = {
        variable: str(params[name])
        for name, variable in _VARIABLES.items()
        if params.get(name)
    }
    if database:
        told["PGDATABASE"] = database
    return {**os.environ, **told}


def _ask(link: Any) -> Ask:
    def ask(statement: str) -> list[tuple[Any, ...]]:
        with link.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())

    return ask


def _tables(ask: Ask) -> list[str]:
    rows = ask("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
    return [name for (name,) in rows]
