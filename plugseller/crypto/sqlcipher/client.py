"""`manage.py dbshell` is switched off."""

from collections.abc import Iterable

from django.core.management.base import CommandError
from django.db.backends.sqlite3 import client


class DatabaseClient(client.DatabaseClient):
    """Says why there is no shell instead of starting one that can't open the file."""

    def runshell(self, parameters: Iterable[str]) -> None:
        raise CommandError(
            "There is no database shell for the encrypted database, because its key "
            "would stand on a command line: use `manage.py shell`."
        )
