"""Secrets at rest (ENC-2, ENC-3)."""

from typing import Any

from django.apps import AppConfig
from django.db.backends.signals import connection_created

from plugseller import keyprovider


class CryptoConfig(AppConfig):
    name = "plugseller.crypto"
    label = "crypto"

    def ready(self) -> None:
        connection_created.connect(refuse_without_keys)


def refuse_without_keys(connection: Any, **kwargs: object) -> None:
    """Without its master key no process works on a database, PostgreSQL included.

    The embedded database asks before it opens the file. Raises KeyTrouble.
    """
    if connection.vendor == "postgresql":
        keys = keyprovider.provider()
        keys.master_key(keys.current_master_id())
