"""`manage.py qcluster`: django-q2's workers, started only where they can work."""

from typing import Any

from django.core.management.base import CommandError
from django.db import connections
from django_q.management.commands.qcluster import Command as Library

from plugseller.crypto.starting import refuse_unusable_store
from plugseller.custody.gate import why_shut


class Command(Library):  # type: ignore[misc]  # the package has no types
    """Says in one sentence what is wrong; the workers would die of it one by one."""

    def handle(self, *args: Any, **options: Any) -> None:
        if why := why_shut():
            raise CommandError(why)
        connections.close_all()  # each worker needs one of its own
        refuse_unusable_store()
        super().handle(*args, **options)
