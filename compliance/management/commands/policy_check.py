"""`manage.py policy_check`: look now whether each sentence of the promise holds."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from compliance.policy.models import ControlResult
from compliance.policy.promises import BY_ID
from compliance.policy.services import run
from plugseller.commands import Report, ReportCommand
from plugseller.shelves import CONTROLS, Verdict

_WORST_LAST = [verdict.value for verdict in Verdict]


class Command(ReportCommand):
    """Exit status 1 if a sentence doesn't hold."""

    help = "Run the controls of every promise, or of one, and keep what they found."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--id", help="one promise only. Example: ENC-1")

    def report(self, **options: Any) -> Report:
        asked = (options["id"] or "").upper()
        if asked and asked not in BY_ID:
            raise CommandError(
                f"There is no promise {asked}. Take one of: {', '.join(BY_ID)}."
            )
        wanted = [one for one in CONTROLS.values() if asked in ("", one.promise)]
        results = run(wanted, now=timezone.now())
        rows = [_row(promise, results) for promise in ([asked] if asked else BY_ID)]
        broken = sum(row["verdict"] == Verdict.FAIL for row in rows)
        return Report(
            columns=("promise", "verdict", "controls", "found"),
            rows=rows,
            facts={"results": [_told(result) for result in results]},
            summary=f"{len(rows)} sentences looked at, {broken} don't hold.",
            failed=bool(broken),
        )


def _row(promise: str, results: list[ControlResult]) -> dict[str, Any]:
    own = [result for result in results if result.promise == promise]
    own.sort(key=lambda result: _WORST_LAST.index(result.verdict))
    if not own:
        nothing = "Nothing looks after it."
        return {
            "promise": promise,
            "verdict": Verdict.FAIL,
            "controls": 0,
            "found": nothing,
        }
    worst = own[-1]
    return {
        "promise": promise,
        "verdict": worst.verdict,
        "controls": len(own),
        "found": worst.sentence,
    }


def _told(result: ControlResult) -> dict[str, Any]:
    return {
        "control": result.name,
        "promise": result.promise,
        "verdict": result.verdict,
        "sentence": result.sentence,
        "evidence": result.evidence,
        "at": result.at,
        "seconds": result.took,
    }
