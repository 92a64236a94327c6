"""Looking at keys and the embedded database before anything is served."""

from pathlib import Path

from django.db import connection

from plugseller import keyprovider
from plugseller.crypto.models import DataKey
from plugseller.crypto.sqlcipher.opening import opens


def refuse_unusable_store() -> None:
    """Raise KeyTrouble or DatabaseRefused now, and not at the first request or job.

    A server's database is left alone: one that is late must not stop our start.
    """
    keyprovider.prove_keys()
    if connection.vendor == "sqlite":
        finish_rekeying()
        connection.ensure_connection()
        if DataKey._meta.db_table in connection.introspection.table_names():
            for master in lacking_masters():
                keyprovider.provider().master_key(master)  # says what to do
        connection.close()  # a process forked later needs one of its own


def masters_in_use() -> set[str]:
    """The master keys that data keys are wrapped with; by the index, so that it costs
    as many questions as there are master keys."""
    names = DataKey.objects.order_by("master_key_id").values_list(
        "master_key_id", flat=True
    )
    found, name = set(), names.first()
    while name is not None:
        if DataKey.objects.filter(master_key_id=name, destroyed_at=None).exists():
            found.add(name)
        name = names.filter(master_key_id__gt=name).first()
    return found


def lacking_masters() -> list[str]:
    """Those of them that the provider doesn't have: what they seal opens no more."""
    return sorted(masters_in_use() - set(keyprovider.provider().master_ids()))


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
