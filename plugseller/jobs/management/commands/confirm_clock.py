"""`manage.py confirm_clock`: somebody looked, and the clock is right."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from plugseller.jobs import clock


class Command(BaseCommand):
    help = (
        "Say that the machines' clocks are right, after one leapt forward or Plug "
        "Seller stood still for more than a week. What waited goes on: retention, "
        "deletions whose time has come, the end of backups. Look at the clock first."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        clock.confirm(now)
        self.stdout.write(f"It is {now:%Y-%m-%d %H:%M} UTC. What waited goes on.")
