"""What the two commands that end with the replay of the ledger share."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError

from plugseller.audit.witness import WitnessTrouble
from plugseller.commands import Report, asked
from plugseller.custody.ledger import LedgerBroken, told_end
from plugseller.custody.replay import Replayed, ReplayTrouble
from plugseller.jobs.backups import BackupTrouble

_CONFIRMED = "there is no copy"


def confirm_lost_ledger() -> None:
    """Have it typed that the ledger is lost for good. Raises CommandError."""
    given = asked(
        "Without the ledger, what was erased after the backup isn't known and would "
        f"stay. Type “{_CONFIRMED}” to go on: "
    )
    if given != _CONFIRMED:
        raise CommandError("Nothing was changed: put back your copy of the ledger.")


@contextmanager
def told_plainly() -> Iterator[None]:
    """Whatever keeps the gate shut is told in its own sentence."""
    try:
        yield
    except (BackupTrouble, LedgerBroken, ReplayTrouble, WitnessTrouble) as error:
        raise CommandError(str(error)) from error


def report_of(done: Replayed, summary: str) -> Report:
    """What the replay found and erased, and which copy of the ledger told it so."""
    row = {
        "lines of the ledger": done.lines,
        "found here": done.matched,
        "rows erased": done.rows,
    }
    return Report(columns=tuple(row), rows=[row], summary=f"{summary} {told_end()}")
