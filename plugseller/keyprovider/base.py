"""What the house asks of a place that keeps keys (ENC-2, ENC-3)."""

import hashlib
import re
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from django.core.exceptions import ImproperlyConfigured

KEY_BYTES = 32  # AES-256
_NUMBERED = re.compile(r"\d{4,}-[0-9a-f]{12}")


class Kind(StrEnum):
    """What a key is for. Master and audit keys are numbered, the others are one."""

    MASTER = "master"
    AUDIT = "audit"
    DATABASE = "database"
    WEB = "web"


class KeyTrouble(ImproperlyConfigured):
    """A key is missing, unusable or unsafe; the text is one sentence for operators.

    It names files and says what to do; it never holds a key or a part of one.
    """


class KeyProvider(Protocol):
    """Hands out the keys everything else hangs from.

    The master keys wrap data keys, the signing keys make the audit log provable,
    the database key encrypts the embedded database's file. They are never the same
    key, and none of them is ever in the database. Every method raises KeyTrouble when
    its key isn't held or can't be used. Each call looks anew, so that a key that
    another process made is known here without a restart.
    """

    @property
    def makes_keys(self) -> bool:
        """Whether it can make keys and put them away; else an operator does."""
        ...

    def make_missing(self) -> list[str]:
        """Make what a new installation needs and hasn't; the names of what was made.

        One that can't make keys raises KeyTrouble when some are missing.
        """
        ...

    def missing(self) -> list[str]:
        """Names of the keys that an installation needs and that aren't there."""
        ...

    def made_at(self, kind: Kind, key_id: str = "") -> datetime | None:
        """When a key was made, where the provider can tell."""
        ...

    def master_key(self, key_id: str) -> bytes:
        """The 32 bytes of one master key, current or not yet rotated away."""
        ...

    def current_master_id(self) -> str:
        """The id of the master key that wraps from now on."""
        ...

    def master_ids(self) -> list[str]:
        """The ids of all master keys held, the current one last."""
        ...

    def add_master_key(self) -> str:
        """Make a master key that wraps from now on; the older ones still open.

        Returns its id.
        """
        ...

    def retire_master_key(self, key_id: str) -> None:
        """Load it no longer; what is left of it may be deleted by an operator.

        The current one is refused. Nothing happens when it isn't held any more.
        """
        ...

    def signing_key(self, key_id: str) -> bytes:
        """The 32 bytes the audit log's keys are derived from (ACC-2)."""
        ...

    def current_signing_id(self) -> str:
        """The id of the key that signs from now on."""
        ...

    def signing_ids(self) -> list[str]:
        """The ids of all signing keys held, the current one last."""
        ...

    def add_signing_key(self) -> str:
        """Make a key that signs from now on; the older ones still verify.

        Returns its id.
        """
        ...

    def database_key(self) -> bytes:
        """The 32 bytes that open the embedded database."""
        ...

    def next_database_key(self) -> bytes | None:
        """The key the database is about to get, or has got if it opens no other way."""
        ...

    def make_next_database_key(self) -> bytes:
        """The next key, made if there is none yet."""
        ...

    def adopt_next_database_key(self) -> bool:
        """Let the next key be the key. False where an operator has to do it."""
        ...

    def web_key(self) -> str:
        """What signs sessions (SECRET_KEY); empty before `init`."""
        ...

    def replace_web_key(self, *, instead_of: str) -> None:
        """Another one for whoever starts from now on; the one before is put away.

        Raises KeyTrouble if the key held is another than the one to be replaced: then
        it comes from elsewhere, or somebody was faster.
        """
        ...


def fingerprint(kind: str, key: bytes) -> str:
    """The beginning of a hash: tells which key it is, and nothing else about it."""
    return hashlib.sha256(f"plugseller {kind} key ".encode() + key).hexdigest()[:12]


def numbered(kind: str, number: int, key: bytes) -> str:
    """The id of a numbered key, the same whatever provider holds it."""
    return f"{number:04d}-{fingerprint(kind, key)}"


def number_of(key_id: str) -> int:
    """The number at the beginning of an id."""
    return int(key_id.partition("-")[0])


def is_id(text: str) -> bool:
    """Whether a numbered key can have this id."""
    return bool(_NUMBERED.fullmatch(text))


def in_order(ids: Iterable[str]) -> list[str]:
    """Ids by their numbers: the current one is last."""
    return sorted(ids, key=lambda key_id: (number_of(key_id), key_id))


def refuse_to_retire(key_id: str, current: str) -> None:
    """Raise KeyTrouble if it is the key in use."""
    if key_id == current:
        raise KeyTrouble(
            f"The master key {key_id} is the one in use: run `manage.py rotate_keys` "
            "to have another one before this one goes."
        )
