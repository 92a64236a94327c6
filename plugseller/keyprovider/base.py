"""What the house asks of a place that keeps keys (ENC-2, ENC-3)."""

from typing import Protocol

from django.core.exceptions import ImproperlyConfigured

KEY_BYTES = 32  # AES-256


class KeyTrouble(ImproperlyConfigured):
    """A key is missing, unusable or unsafe; the text is one sentence for operators.

    It names files and says what to do; it never holds a key or a part of one.
    """


class KeyProvider(Protocol):
    """Hands out the keys everything else hangs from.

    The master keys wrap data keys, the signing keys make the audit log provable,
    the database key encrypts the embedded database's file. They are never the same
    key, and none of them is ever in the database.
    """

    def master_key(self, key_id: str) -> bytes:
        """The 32 bytes of one master key, current or not yet rotated away.

        Raises KeyTrouble when it isn't held or can't be used.
        """
        ...

    def current_master_id(self) -> str:
        """The id of the master key that wraps from now on. Raises KeyTrouble."""
        ...

    def signing_key(self, key_id: str) -> bytes:
        """The 32 bytes the audit log's keys are derived from (ACC-2).

        Raises KeyTrouble when it isn't held or can't be used.
        """
        ...

    def current_signing_id(self) -> str:
        """The id of the key that signs from now on. Raises KeyTrouble."""
        ...

    def signing_ids(self) -> list[str]:
        """The ids of all signing keys held, the current one last."""
        ...

    def database_key(self) -> bytes:
        """The 32 bytes that open the embedded database. Raises KeyTrouble."""
        ...
