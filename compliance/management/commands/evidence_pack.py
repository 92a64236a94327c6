"""`manage.py evidence_pack --from DATE --to DATE --out FOLDER`: for auditors."""

from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from compliance.pack.services import PackRefused, make_pack, period_of
from plugseller.commands import Report, ReportCommand


class Command(ReportCommand):
    """Exit status 1, and nothing written, when it is refused."""

    help = "Write a signed ZIP with what proves our promises in a period, in UTC."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--from", required=True, metavar="DATE", help="the first day: 2026-07-01"
        )
        parser.add_argument(
            "--to",
            required=True,
            metavar="DATE",
            help="the first day that isn't in it any more: 2026-10-01",
        )
        parser.add_argument(
            "--out", required=True, metavar="FOLDER", help="where to write it"
        )

    def report(self, **options: Any) -> Report:
        now = timezone.now()
        try:
            period = period_of(_day(options["from"]), _day(options["to"]), now=now)
            made = make_pack(
                actor=None, period=period, folder=Path(options["out"]), now=now
            )
        except PackRefused as refused:
            raise CommandError(" ".join(refused.messages)) from None
        return Report(
            columns=("file", "rows", "bytes"),
            rows=[
                {"file": one.name, "rows": one.rows, "bytes": one.bytes}
                for one in made.files
            ],
            facts={"path": str(made.path), "sha256": made.sha256},
            summary=f"Written to {made.path} (SHA-256 {made.sha256}).",
        )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CommandError(
            f"{text} isn't a day. Write it as year, month and day: 2026-07-01."
        ) from None
