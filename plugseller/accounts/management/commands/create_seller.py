"""`manage.py create_seller`: a new tenant and the person who owns it."""

import sys
from getpass import getpass
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from plugseller.accounts.models import User
from plugseller.accounts.roles import Role
from plugseller.accounts.services import create_person, create_seller, join
from plugseller.commands import asked


class Command(BaseCommand):
    help = (
        "Make a seller and its owner. The owner's password is asked for, or read from "
        "standard input, never from arguments; for a person who is known already none "
        "is needed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--slug", required=True, help="short name, in addresses")
        parser.add_argument("--name", required=True)
        parser.add_argument("--owner", metavar="EMAIL", help="asked for if not given")
        parser.add_argument("--time-zone", default="UTC")

    def handle(self, *args: Any, **options: Any) -> None:
        email = (options["owner"] or asked("Owner's e-mail address: ")).strip().lower()
        known = User.objects.filter(email__iexact=email).first()
        try:
            with transaction.atomic():
                owner = known or _new_person(email)
                seller = create_seller(
                    actor=None,
                    name=options["name"],
                    slug=options["slug"],
                    time_zone=options["time_zone"],
                )
                join(actor=None, seller=seller, user=owner, role=Role.OWNER)
        except ValidationError as error:
            reasons = " ".join(error.messages)
            raise CommandError(f"{reasons} Nothing was made.") from None
        self.stdout.write(f"Made: seller {seller.slug}, owned by {owner.email}.")


def _new_person(email: str) -> User:
    """Raises ValidationError for an address or a password that won't do."""
    asks = sys.stdin.isatty()
    password = getpass("Password: ") if asks else sys.stdin.readline().rstrip("\r\n")
    name = email.partition("@")[0].title()
    validate_password(password, User(email=email, name=name))
    return create_person(actor=None, email=email, password=password, name=name)
