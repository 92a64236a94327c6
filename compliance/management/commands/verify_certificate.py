"""`manage.py verify_certificate FILE`: is this a deletion certificate we signed?"""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from compliance.deletion.certificates import check_file
from compliance.deletion.certified import Told
from compliance.signing import Verdict, keys_from, published_keys
from plugseller.commands import Report, ReportCommand

_MEANS = {
    Verdict.VALID: "It is as it was signed.",
    Verdict.CHANGED: "It was changed after it was signed, or never signed by that key.",
    Verdict.UNKNOWN_KEY: "No key of that id is known here: give the issuer's with "
    "--keys.",
    Verdict.NOT_ONE: "It isn't a deletion certificate of Plug Seller.",
}


class Command(ReportCommand):
    """Exit status 1 unless it is valid. With --keys nothing of the installation is
    needed: no database, and no key of ours."""

    help = "Check a deletion certificate, with our own public keys or with given ones."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file", nargs="?", metavar="FILE")
        parser.add_argument(
            "--keys",
            metavar="FILE",
            help="public keys, a copy of the issuer's /policy/signing-keys.json",
        )
        parser.add_argument(
            "--public-keys",
            action="store_true",
            help="print our own, as that address gives them",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["public_keys"]:
            self.stdout.write(json.dumps(published_keys(), indent=2))
            return
        super().handle(*args, **options)

    def report(self, **options: Any) -> Report:
        if not options["file"]:
            raise CommandError("Name the certificate's file.")
        keys = _keys(_bytes(options["keys"])) if options["keys"] else None
        found = check_file(_bytes(options["file"]), keys)
        told = Told(found.body) if found.body else None
        return Report(
            columns=("certificate", "version", "key", "verdict"),
            rows=[
                {
                    "certificate": found.reference,
                    "version": found.version,
                    "key": found.key_id,
                    "verdict": found.verdict.value,
                }
            ],
            facts={"valid": found.is_valid, "certificate": found.body},
            summary=_MEANS[found.verdict]
            + (f" {told.rows_erased:,} entries were deleted." if told else ""),
            failed=not found.is_valid,
        )


def _bytes(name: str) -> bytes:
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise CommandError(f"{name} can't be read: {error.strerror}.") from None


def _keys(raw: bytes) -> dict[str, str]:
    try:
        return keys_from(raw)
    except ValueError:
        raise CommandError(
            "The file of keys must be a copy of the issuer's /policy/signing-keys.json."
        ) from None
