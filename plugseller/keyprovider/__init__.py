"""Where the keys come from; `provider()` is the one asked by everything else."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from django.conf import settings

from plugseller.keyprovider.base import KeyProvider, KeyTrouble, Kind
from plugseller.keyprovider.env import EnvironmentKeyProvider
from plugseller.keyprovider.file import FileKeyProvider, make_keys

__all__ = [
    "PROVIDERS",
    "EnvironmentKeyProvider",
    "FileKeyProvider",
    "KeyProvider",
    "KeyTrouble",
    "Kind",
    "Where",
    "choose",
    "database_key",
    "keys_folder",
    "make_keys",
    "next_database_key",
    "prove_keys",
    "provider",
]

PROVIDERS = ("file", "environment", "kms")  # what KEY_PROVIDER may be


@dataclass(frozen=True, slots=True)
class Where:
    """Where keys come from, as `settings.py` says it in KEYS."""

    variables: Mapping[str, Callable[[], str]] = field(default_factory=dict, repr=False)
    kms_key: str = ""
    kms_region: str = ""
    kms_endpoint: str = ""  # empty: AWS's own


def choose(name: str, *, folder: Path, where: Where, embedded: bool) -> KeyProvider:
    """The provider of that name; settings.py asks it for the web's key."""
    if name == "environment":
        return EnvironmentKeyProvider(where.variables, embedded=embedded)
    if name == "kms":
        # AWS's library takes 50 MB and half a second; nobody else should pay.
        from plugseller.keyprovider.kms import KmsKeyProvider

        return KmsKeyProvider(
            folder,
            key=where.kms_key,
            region=where.kms_region,
            endpoint=where.kms_endpoint,
        )
    return FileKeyProvider(folder)


def keys_folder() -> Path:
    """The folder of the key files, inside PLUGSELLER_HOME."""
    return Path(settings.PLUGSELLER_HOME) / "keys"


@cache
def provider() -> KeyProvider:
    """The key provider of this installation, built when first asked for.

    `provider.cache_clear()` makes it look at the settings again.
    """
    return choose(
        settings.KEY_PROVIDER,
        folder=keys_folder(),
        where=settings.KEYS,
        embedded=settings.DATABASES["default"]["ENGINE"]
        == "plugseller.crypto.sqlcipher",
    )


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


def next_database_key() -> str | None:
    """The key that the database opens with if `rekey_database` was stopped midway."""
    key = provider().next_database_key()
    return None if key is None else key.hex()
