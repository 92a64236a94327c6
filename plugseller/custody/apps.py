from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class CustodyConfig(AppConfig):
    name = "plugseller.custody"
    label = "custody"
    verbose_name = "What is held"

    def ready(self) -> None:
        from plugseller.custody import checks  # noqa: F401  registers by being imported

        # Each app says in files of its own what it holds, and which credentials.
        autodiscover_modules("custody", "inventory")
