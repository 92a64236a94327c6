"""`manage.py connect`: an account whose secrets the seller made, for operators.

Secrets come from standard input only: what stands in arguments can be read by every
account of the machine, and lands in shell histories.
"""

import getpass
import json
import sys
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from marketplaces import shelf
from marketplaces.datamap import Feature
from marketplaces.services import (
    ConnectRefused,
    connect_with_secrets,
    secrets_asked,
)
from plugseller.accounts.models import Seller

_MOST = 20_000  # characters; secrets are far shorter


class Command(BaseCommand):
    """Exit status 1, and nothing stored, unless the marketplace accepts them."""

    help = (
        "Connect an account by the refresh token of a private Amazon app, or by a "
        "Walmart seller's own keys. They are asked for, or read from standard input: "
        "one value a line in the order of --asks, or one JSON object."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seller", required=True, metavar="SLUG")
        parser.add_argument("--marketplace", required=True, metavar="NAME")
        parser.add_argument("--region", metavar="NAME", help="the first by default")
        parser.add_argument(
            "--feature",
            action="append",
            metavar="NAME",
            help="switch on; again for more, none for all",
        )
        parser.add_argument(
            "--asks", action="store_true", help="only say what is asked for"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        seller = _seller(options["seller"])
        marketplace, region = _place(options["marketplace"], options["region"])
        features = _features(marketplace, options["feature"])
        asked = secrets_asked(marketplace)
        if options["asks"]:
            self.stdout.write("\n".join(asked))
            return
        secrets = _prompted(asked) if sys.stdin.isatty() else _piped(asked)
        try:
            connection = connect_with_secrets(
                actor=None,
                seller=seller,
                marketplace=marketplace,
                region=region,
                secrets=secrets,
                features=features,
                now=timezone.now(),
            )
        except ConnectRefused as refused:
            raise CommandError(str(refused)) from None
        names = ", ".join(feature.value for feature in features)
        self.stdout.write(
            f"Connected {seller.slug} to {marketplace} ({region}): {connection.pk}\n"
            f"Switched on: {names}. "
            f"Fetch with: manage.py sync --connection {connection.pk}"
        )


def _seller(slug: str) -> Seller:
    try:
        return Seller.objects.get(slug=slug)
    except Seller.DoesNotExist:
        raise CommandError(
            f"There is no seller “{slug}”. Nothing was connected."
        ) from None


def _place(marketplace: str, region: str | None) -> tuple[str, str]:
    try:
        adapter = shelf.adapter(marketplace)
    except KeyError:
        known = ", ".join(key for key, _ in shelf.choices())
        raise CommandError(
            f"There is no marketplace “{marketplace}”. There are: {known}."
        ) from None
    known_regions = [place.key for place in adapter.regions]
    if region is not None and region not in known_regions:
        raise CommandError(
            f"{adapter.label} has no region “{region}”. "
            f"There are: {', '.join(known_regions)}."
        )
    return marketplace, region or known_regions[0]


def _features(marketplace: str, names: Sequence[str] | None) -> list[Feature]:
    known = shelf.datamap().features(marketplace)
    if names is None:
        return list(known)
    for name in names:
        if name not in known:
            raise CommandError(
                f"There is no feature “{name}”. There are: {', '.join(known)}."
            )
    return [feature for feature in known if feature in names]


def _prompted(asked: Sequence[str]) -> dict[str, str]:
    return {name: getpass.getpass(f"{name} (not shown): ").strip() for name in asked}


def _piped(asked: Sequence[str]) -> dict[str, str]:
    try:
        text = sys.stdin.read(_MOST + 1).strip()
    except UnicodeDecodeError:
        text = ""
    shape = f"one line each for {', '.join(asked)}, or one JSON object with them"
    refused = CommandError(
        f"Standard input doesn't hold what is asked for: {shape}. Nothing was stored."
    )
    if not text or len(text) > _MOST:
        raise refused
    if text.startswith("{"):
        try:
            told = json.loads(text)
        except (ValueError, RecursionError):
            raise refused from None
        if set(told) != set(asked) or not all(
            isinstance(v, str) for v in told.values()
        ):
            raise refused
        return {name: told[name].strip() for name in asked}
    lines = [line.strip() for line in text.splitlines()]
    if len(lines) != len(asked):
        raise refused
    return dict(zip(asked, lines, strict=True))
