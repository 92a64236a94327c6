"""`manage.py demo_desk`: part of `make demo`, for the officers of the demonstration."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from compliance.demodesk import furnish_desk


class Command(BaseCommand):
    help = "Lay made-up work on the officers' desk of the demonstration."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PLUGSELLER_ENV != "demo":
            raise CommandError(
                "Made-up work is for the demonstration only. Start it with: make demo"
            )
        if made := furnish_desk(timezone.now()):
            self.stdout.write(f"On the officers' desk: {', '.join(made)}.")
