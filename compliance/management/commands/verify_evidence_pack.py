"""`manage.py verify_evidence_pack FILE`: is this an evidence pack as we signed it?"""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from compliance.pack.manifest import check_pack
from compliance.signing import keys_from
from plugseller.commands import Report, ReportCommand


class Command(ReportCommand):
    """Exit status 1 unless it is valid. With --keys nothing of the installation is
    needed: no database, and no key of ours."""

    help = "Check an evidence pack, with our own public keys or with given ones."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file", metavar="FILE")
        parser.add_argument(
            "--keys",
            metavar="FILE",
            help="public keys, a copy of the issuer's /policy/signing-keys.json",
        )

    def report(self, **options: Any) -> Report:
        try:
            keys = _keys(Path(options["keys"])) if options["keys"] else None
            found = check_pack(Path(options["file"]), keys)
        except OSError as error:
            raise CommandError(
                f"{error.filename} can't be read: {error.strerror}."
            ) from None
        body = found.body or {}
        row = {
            "pack": Path(options["file"]).name,
            "from": body.get("from", ""),
            "to": body.get("to", ""),
            "key": found.key_id,
            "verdict": found.verdict.value,
        }
        return Report(
            columns=tuple(row),
            rows=[row],
            facts={"valid": found.is_valid, "trouble": found.trouble},
            summary=found.trouble
            or f"It is as it was signed by {body['installation']}: "
            f"{len(body['files'])} files.",
            failed=not found.is_valid,
        )


def _keys(path: Path) -> dict[str, str]:
    try:
        return keys_from(path.read_bytes())
    except ValueError:
        raise CommandError(
            "The file of keys must be a copy of the issuer's /policy/signing-keys.json."
        ) from None
