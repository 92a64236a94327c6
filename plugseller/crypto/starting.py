"""Looking at keys and the embedded database before anything is served."""

from pathlib import Path

from django.db import connection

from plugseller import keyprovider
from plugseller.crypto.sqlcipher.opening import opens


def refuse_unusable_store() -> None:
    """Raise KeyTrouble or DatabaseRefused now, and not at the first request or job.

    A server's database is left alone: one that is late must not stop our start.
    """
    keyprovider.prove_keys()
    if connection.vendor == "sqlite":
        finish_rekeying()
        connection.ensure_connection()
        connection.close()  # a process forked later needs one of its own


def finish_rekeying() -> None:
    """Let the next key be the key if the file is under it already.

    While another process is still copying the file isn't, and nothing happens.
    """
    keys = keyprovider.provider()
    new = keys.next_database_key()
    path = Path(connection.settings_dict["NAME"]).absolute()
    if new is None or not path.exists():
        return
    if opens(path, new.hex()) and not opens(path, keys.database_key().hex()):
        keys.adopt_next_database_key()
