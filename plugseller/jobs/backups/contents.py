"""What a backup holds, told the same way of every database: figures and data keys."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Protocol

from plugseller.crypto.streaming import Sink

Ask = Callable[[str], list[tuple[Any, ...]]]  # SQL -> rows
KeyRow = list[str | None]
"""A data key as text: id, owner, wrapped (hexadecimal), master key's id, created,
retired, destroyed."""

DATA_KEYS = "crypto_datakey"
LEFT_OUT = {
    DATA_KEYS: "kept apart, so that a destroyed one is destroyed here too",
    "custody_standing": "its absence shuts the gate of what is put back",
    "django_session": "who has signed out since mustn't be signed in again",
    "usersessions_usersession": "the list of those",
    "jobs_clockreading": "of machines, and long ago when it is put back",
    "shared_cache": "it can be made anew",
}
"""Tables whose rows stay out of the database's part of a backup, and why."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What can be compared after putting back."""

    counts: dict[str, int]  # table -> rows, without those left out
    head: dict[str, Any]  # of the audit log: {"number", "hash"}
    migrations: list[str]  # "custody.0001_initial"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A database as it was at one instant."""

    figures: Figures
    keys: Sequence[KeyRow]
    write: Callable[[Sink], None]  # all of it but what is left out
    facts: dict[str, Any] = field(default_factory=dict, repr=False)
    """What putting back needs to know; in the sealed manifest, it may be secret."""


class Kind(Protocol):
    """A kind of database: how it is copied while in use, and put back."""

    NAME: str

    def snapshot(self, folder: Path) -> Any:
        """A context with the Snapshot; what it needs on the disk lies in `folder`."""
        ...

    def is_empty(self) -> bool:
        """Whether there is nothing that putting back would replace."""
        ...

    def refuse_company(self) -> None:
        """Raise BackupTrouble while somebody else uses the database."""
        ...

    def put_back(
        self,
        contents: IO[bytes],
        manifest: dict[str, Any],
        keys: Iterator[KeyRow],
        *,
        over: bool,
    ) -> None:
        """Have these contents and nothing else in the database: all or nothing.

        Raises BackupTrouble if somebody uses it by then, or if there is one by then
        and it isn't to be replaced.
        """
        ...

    def sweep(self) -> None:
        """Remove what a killed proof left, apart from files in PLUGSELLER_HOME."""
        ...

    def scratch(
        self, contents: IO[bytes], manifest: dict[str, Any], folder: Path
    ) -> Any:
        """A context with an Ask of these contents, put back to a place of their own."""
        ...


def figures(ask: Ask, tables: Sequence[str]) -> Figures:
    """Count and look, inside one transaction of the caller's."""
    kept = [table for table in sorted(tables) if table not in LEFT_OUT]
    head = ask("SELECT id, hash FROM audit_entry ORDER BY id DESC LIMIT 1")
    applied = ask("SELECT app, name FROM django_migrations ORDER BY app, name")
    return Figures(
        counts={
            table: ask(f'SELECT count(*) FROM "{table}"')[0][0]  # noqa: S608  a table
            for table in kept
        },
        head={"number": head[0][0], "hash": head[0][1]} if head else {},
        migrations=[f"{app}.{name}" for app, name in applied],
    )
