from django.apps import AppConfig


class ComplianceConfig(AppConfig):
    name = "compliance"
    verbose_name = "Compliance"

    def ready(self) -> None:
        # Settings that would break a promise stop the start: each floor has its own.
        import marketplaces.checks  # noqa: F401  registers by being imported
        import plugseller.checks  # noqa: F401
        from compliance.governance.policies import checks, gate  # noqa: F401
