"""A new key for the embedded database.

The file is swapped first, then the key. Between the two the database opens with the
next key alone, which every process tries as well (`next_database_key`), and whoever
starts next finishes (`starting.py`).
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db import connection, connections, transaction

from plugseller import keyprovider
from plugseller.audit.services import record
from plugseller.crypto.rotation import note_held_keys
from plugseller.crypto.sqlcipher.rekeying import Rekeyed, rekey
from plugseller.crypto.sqlcipher.turns import DatabaseRefused


@dataclass(frozen=True, slots=True)
class Changed:
    """What came of it."""

    copied: Rekeyed
    adopted: bool  # False: an operator puts the new key in the old one's place


def rekey_database(*, now: datetime) -> Changed:
    """Encrypt the embedded database under a new key.

    Raises DatabaseRefused or KeyTrouble, and then it opens as before. PostgreSQL has
    no key of ours.
    """
    if connection.vendor != "sqlite":
        raise DatabaseRefused(
            "This installation is on PostgreSQL, which has no key of ours: change the "
            "key of its disk with the host, and sealed values with `rotate_keys`."
        )
    keys = keyprovider.provider()
    connections.close_all()
    old = keys.database_key().hex()
    new = keys.make_next_database_key().hex()
    copied = rekey(_path(), old, new)
    adopted = keys.adopt_next_database_key()
    with transaction.atomic():
        note_held_keys(now)
        record("database.rekeyed", rows=copied.rows, details={"tables": copied.tables})
    return Changed(copied, adopted)


def _path() -> Path:
    return Path(connection.settings_dict["NAME"]).absolute()
