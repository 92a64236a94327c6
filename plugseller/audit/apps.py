"""The audit log (ACC-2)."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.module_loading import autodiscover_modules


class AuditConfig(AppConfig):
    name = "plugseller.audit"
    label = "audit"
    verbose_name = "Audit"

    def ready(self) -> None:
        from plugseller.audit import checks  # noqa: F401  registers them

        # Each app says in its own files what it logs: names of events, fields of rows.
        autodiscover_modules("events", "audited")
        post_migrate.connect(guard_tables, sender=self)


def guard_tables(using: str, **kwargs: Any) -> None:
    """A migration may have rebuilt the tables without their triggers."""
    from plugseller.audit import triggers

    triggers.install(using)
