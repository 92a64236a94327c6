from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class AccountsConfig(AppConfig):
    name = "plugseller.accounts"
    label = "accounts"
    verbose_name = "People and sellers"

    def ready(self) -> None:
        from plugseller.accounts import (
            receivers,  # noqa: F401  connects them
            sealed,  # noqa: F401  says what else is sealed
        )

        autodiscover_modules("portable")  # each app says what a seller takes along
