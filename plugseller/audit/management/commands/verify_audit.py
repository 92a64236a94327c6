"""manage.py verify_audit: is the audit log whole?"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from plugseller.audit.append import keys
from plugseller.audit.verify import Verification, verify
from plugseller.audit.witness import WitnessTrouble
from plugseller.commands import Report, ReportCommand


class Command(ReportCommand):
    """Checks every entry, checkpoint and the witness; exit status 1 on a fault."""

    help = (
        "Check that no audit entry was changed, added, removed or moved: the chain, "
        "the signed checkpoints, and the witness file outside the database."
    )
    requires_system_checks = ()  # it tells what is missing of a restored database

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--witness",
            type=Path,
            help="a copy of the witness file to compare with, instead of our own",
        )

    def report(self, *, witness: Path | None = None, **options: Any) -> Report:
        if witness is not None and not witness.exists():
            raise CommandError(f"There is no file {witness}.")
        try:
            seen = verify(witness_file=witness)
        except WitnessTrouble as error:
            raise CommandError(str(error)) from error
        return Report(
            columns=["entry", "what"],
            rows=[
                {"entry": finding.number, "what": finding.what}
                for finding in seen.findings
            ],
            facts=_facts(seen),
            summary=_summary(seen),
            failed=not seen.is_whole,
        )


def _facts(seen: Verification) -> dict[str, Any]:
    facts = asdict(seen)
    del facts["findings"]  # they are the rows
    return {
        **facts,
        "whole": seen.is_whole,
        "first_bad": seen.first_bad,
        "public_keys": keys().public(),
    }


def _summary(seen: Verification) -> str:
    scope = (
        f"{seen.entries:,} entries, {seen.checkpoints:,} checkpoints; the witness saw "
        f"entry {seen.witnessed_to:,}."
    )
    notes = "".join(f"\n{note}" for note in seen.notes)
    if seen.is_whole:
        return f"The audit log is whole: {scope}{notes}"
    where = f" The first bad entry is {seen.first_bad}." if seen.first_bad else ""
    return (
        f"The audit log is NOT whole: {seen.faults:,} faults in {scope}{where}{notes}"
    )
