"""`manage.py plant_canary`: a seller that nobody has a reason to open (INC-1)."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from compliance.incidents.detection.canaries import plant_canary


class Command(BaseCommand):
    help = (
        "Plant a seller of ours without people, accounts or data, under a name that "
        "looks like any other. Whoever opens it, or asks for access to it, is noticed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--name", required=True)
        parser.add_argument("--slug", required=True, help="its place in addresses")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            plant_canary(name=options["name"], slug=options["slug"], now=timezone.now())
        except ValidationError as error:
            reasons = " ".join(error.messages)
            raise CommandError(f"{reasons} Nothing was planted.") from None
        self.stdout.write("Planted. Tell nobody which one it is.")
