"""`manage.py verify_encryption`: evidence for ENC-2 and ENC-3."""

from dataclasses import asdict
from typing import Any

from django.utils import timezone

from plugseller.commands import Report, ReportCommand
from plugseller.crypto.verifying import verify_encryption


class Command(ReportCommand):
    help = "Look whether everything that should be encrypted is; exit 1 if not."
    requires_system_checks = ()  # it must tell when something else is wrong too

    def report(self, **options: Any) -> Report:
        findings = verify_encryption(timezone.now())
        missed = sum(not finding.kept for finding in findings)
        return Report(
            columns=("check", "found", "kept"),
            rows=[asdict(finding) for finding in findings],
            facts={"checks": len(findings), "missed": missed},
            summary=f"{len(findings)} checks, {missed} missed.",
            failed=missed > 0,
        )
