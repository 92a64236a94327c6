"""`manage.py create_officer`: the first compliance officer, by a link."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from plugseller.accounts.services import create_officer
from plugseller.commands import asked


class Command(BaseCommand):
    help = (
        "Make a compliance officer and print a link that sets up the account: once, "
        "within 24 hours. Officers invite everybody else of our staff themselves."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", help="asked for if it isn't given")
        parser.add_argument("--name", help="asked for if it isn't given")

    def handle(self, *args: Any, **options: Any) -> None:
        email = options["email"] or asked("E-mail address: ")
        name = options["name"] or asked("Name: ")
        try:
            link = create_officer(email=email, name=name, now=timezone.now())
        except ValidationError as error:
            reasons = " ".join(error.messages)
            raise CommandError(f"{reasons} Nothing was made.") from None
        self.stdout.write(f"Open within 24 hours, it works once:\n{link}")
