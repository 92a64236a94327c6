"""`manage.py rotate_keys`: a new master key, and every data key wrapped with it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from plugseller.crypto.services import rewrap_data_keys
from plugseller.crypto.starting import refuse_unusable_store
from plugseller.keyprovider import FileKeyProvider, provider


class Command(BaseCommand):
    help = "Make a new master key and wrap every data key with it (ACC-3)."
    requires_system_checks = ()  # a leaked key must be replaceable at any time

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--finish",
            action="store_true",
            help="make no new key, only finish a rotation that was interrupted",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        keys = provider()
        if not isinstance(keys, FileKeyProvider):
            raise CommandError("Master keys that aren't files are made in their store.")
        refuse_unusable_store()  # before a key is made that would wrap nothing
        if not options["finish"]:
            keys.add_master_key()
        changed = rewrap_data_keys()
        self.stdout.write(
            f"{changed} data keys are now wrapped with {keys.current_master_id()}. "
            "Copy the new key file, restart the workers, then see with "
            "`manage.py verify_encryption` which older files are no longer needed."
        )
