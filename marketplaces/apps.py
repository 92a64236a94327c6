from django.apps import AppConfig


class MarketplacesConfig(AppConfig):
    name = "marketplaces"
    verbose_name = "Marketplaces"

    def ready(self) -> None:
        from marketplaces.exporting import sealed  # noqa: F401  says what is sealed
