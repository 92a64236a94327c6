"""Looking at keys and the embedded database before anything is served."""

from django.db import connection

from plugseller import keyprovider


def refuse_unusable_store() -> None:
    """Raise KeyTrouble or DatabaseRefused now, and not at the first request or job.

    A server's database is left alone: one that is late must not stop our start.
    """
    keyprovider.prove_keys()
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        connection.close()  # a process forked later needs one of its own
