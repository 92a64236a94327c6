"""Where the keys come from; `provider()` is the one asked by everything else."""

from functools import cache
from pathlib import Path

from django.conf import settings

from plugseller.keyprovider.base import KeyProvider, KeyTrouble
from plugseller.keyprovider.file import FileKeyProvider, make_keys

__all__ = [
    "FileKeyProvider",
    "KeyProvider",
    "KeyTrouble",
    "database_key",
    "keys_folder",
    "make_keys",
    "prove_keys",
    "provider",
]


def keys_folder() -> Path:
    """The folder of the key files, inside PLUGSELLER_HOME."""
    return Path(settings.PLUGSELLER_HOME) / "keys"


@cache
def provider() -> KeyProvider:
    """The key provider of this installation, built when first asked for.

    `provider.cache_clear()` makes it look at the settings again.
    """
    return FileKeyProvider(keys_folder())


def prove_keys() -> None:
    """Read the keys that sealing and the audit log need. Raises KeyTrouble."""
    keys = provider()
    keys.master_key(keys.current_master_id())
    keys.signing_key(keys.current_signing_id())


def database_key() -> str:
    """The embedded database's key as 64 hexadecimal digits.

    It stands in `DATABASES[...]["OPTIONS"]["key"]` as a callable, so that no
    setting holds a key. A set of keys that lacks a usable one is refused here,
    before the database is opened: what is read could not be unsealed, and what
    is done could not be logged. Raises KeyTrouble.
    """
    prove_keys()
    return provider().database_key().hex()
