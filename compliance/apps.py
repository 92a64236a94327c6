from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class ComplianceConfig(AppConfig):
    name = "compliance"
    verbose_name = "Compliance"

    def ready(self) -> None:
        # Settings that would break a promise stop the start: each floor has its own.
        from compliance.policy import checks  # noqa: F401  register by being imported

        autodiscover_modules("controls")  # each app says what it looks after
