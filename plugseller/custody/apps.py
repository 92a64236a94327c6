from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate
from django.utils.module_loading import autodiscover_modules


class CustodyConfig(AppConfig):
    name = "plugseller.custody"
    label = "custody"
    verbose_name = "What is held"

    def ready(self) -> None:
        from plugseller.custody import checks  # noqa: F401  registers by being imported
        from plugseller.custody.gate import note_connection, note_new_database

        # Each app says in files of its own what it holds, and which credentials.
        autodiscover_modules("custody", "inventory")
        connection_created.connect(note_connection)
        post_migrate.connect(note_new_database, sender=self)
