from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class CustodyConfig(AppConfig):
    name = "plugseller.custody"
    label = "custody"
    verbose_name = "What is held"

    def ready(self) -> None:
        from plugseller.custody import checks  # noqa: F401  registers by being imported

        autodiscover_modules("custody")  # each app says what it holds in its own file
