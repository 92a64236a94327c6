from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate


class MarketplacesConfig(AppConfig):
    name = "marketplaces"
    verbose_name = "Marketplaces"

    def ready(self) -> None:
        post_migrate.connect(put_timetable_into_queue, sender=self)


def put_timetable_into_queue(*, using: str, **_: Any) -> None:
    """After each migration the queue knows our jobs, so an operator can't forget it."""
    from marketplaces.jobs import schedule

    if "django_q_schedule" in connections[using].introspection.table_names():
        schedule()
