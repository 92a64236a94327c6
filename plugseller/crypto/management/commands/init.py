"""`manage.py init`: a new installation, or nothing."""

from typing import Any

from django.core.management.base import BaseCommand

from plugseller.crypto.installing import install


class Command(BaseCommand):
    help = "Make the data folder, the keys and the encrypted database, and migrate."
    requires_system_checks = ()  # they may ask for what is only made here

    def handle(self, *args: Any, **options: Any) -> None:
        made = install()
        for line in made:
            self.stdout.write(f"Made: {line}")
        if made:
            self.stdout.write("Keep a copy of the keys apart from the data.")
        else:
            self.stdout.write("Everything is in place; nothing was changed.")
