"""Addresses of marketplaces that production would never use stop the start (USE-2)."""

from typing import Any

from django.core import checks

from marketplaces.consent import consent_address_errors
from marketplaces.secretqueue import queue_errors
from marketplaces.transport import address_errors
from plugseller.checks import START


@checks.register(START)
def check_addresses(
    app_configs: Any = None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """One error for each address from the environment that isn't allowed."""
    return [
        checks.Error(
            message,
            hint="Unset the variable: what is the marketplace's own is the default.",
            id="marketplaces.E001",
        )
        for message in [
            *address_errors(),
            *consent_address_errors(),
            *queue_errors(),
        ]
    ]
