from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class ComplianceConfig(AppConfig):
    name = "compliance"
    verbose_name = "Compliance"

    def ready(self) -> None:
        # Settings that would break a promise stop the start: each floor has its own.
        import marketplaces.checks  # noqa: F401  registers by being imported
        import plugseller.checks  # noqa: F401
        from compliance.governance.policies import checks, gate  # noqa: F401
        from compliance.policy import checks as policy_checks  # noqa: F401

        autodiscover_modules("controls")  # each app says what it looks after
