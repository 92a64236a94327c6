"""`manage.py open_incident`: for scripts that notice something (INC-1)."""

import sys
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from compliance.incidents.models import Incident
from compliance.incidents.services import open_incident, tell
from plugseller.commands import Report, ReportCommand

_HOW = [one for one in Incident.Detected if one is not Incident.Detected.RULE]


class Command(ReportCommand):
    """What happened comes on standard input, where no list of processes shows it: the
    title in the first line, the facts below."""

    help = "Open an incident: its title and, below it, the facts on standard input."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--kind", default="unknown", choices=Incident.Kind.values)
        parser.add_argument(
            "--severity", default="medium", choices=Incident.Severity.values
        )
        parser.add_argument(
            "--detected-at", help="when it was noticed, as 2026-11-24T09:30:00+00:00"
        )
        parser.add_argument(
            "--detected-by",
            default=Incident.Detected.OUTSIDE,
            choices=[one.value for one in _HOW],
            help="how it was noticed; one of our own rules opens its incident itself",
        )
        parser.add_argument("--drill", action="store_true", help="for nobody real")

    def report(self, **options: Any) -> Report:
        title, _, what = sys.stdin.read().strip().partition("\n")
        now = timezone.now()
        try:
            incident = open_incident(
                actor=None,
                title=title,
                what=what.strip(),
                detected_by=Incident.Detected(options["detected_by"]),
                detected_at=_instant(options["detected_at"]),
                kind=Incident.Kind(options["kind"]),
                severity=Incident.Severity(options["severity"]),
                is_drill=options["drill"],
                now=now,
            )
        except ValidationError as refused:
            raise CommandError(" ".join(refused.messages)) from refused
        tell(
            incident,
            subject=f"An incident was opened by a script: {incident.reference}",
            text="Look at it at the desk, under Incidents. Its clock runs.",
            now=now,
        )
        row = {"reference": incident.reference, "detected": incident.detected_at}
        return Report(columns=("reference", "detected"), rows=[row])


def _instant(given: str | None) -> datetime | None:
    if given is None:
        return None
    try:
        found = parse_datetime(given)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise CommandError(
            "--detected-at needs a time with its zone: 2026-11-24T09:30:00+00:00"
        )
    return found
