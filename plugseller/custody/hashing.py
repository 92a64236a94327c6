"""Keyed hashes of ids: they tell nothing to who hasn't our keys (RET-2)."""

import hmac
from hashlib import sha256
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from plugseller.keyprovider import provider


def keyed(kind: str, value: UUID, *, key_id: str) -> str:
    """The hash of an id under one of our signing keys, as 64 hexadecimal digits.

    Raises KeyTrouble when that key isn't held.
    """
    text = f"{kind} {value}".encode()
    return hmac.new(_key(key_id), text, sha256).hexdigest()


def keyed_now(kind: str, value: UUID) -> tuple[str, str]:
    """The hash under the current signing key, and that key's id."""
    key_id = provider().current_signing_id()
    return keyed(kind, value, key_id=key_id), key_id


def all_hashes(kind: str, value: UUID) -> list[str]:
    """The hashes under every signing key held: one of them is what was kept."""
    return [keyed(kind, value, key_id=one) for one in provider().signing_ids()]


def mac(text: bytes, *, key_id: str, purpose: str) -> str:
    """A keyed checksum of a line, for what is kept outside the database."""
    return hmac.new(_key(key_id, purpose), text, sha256).hexdigest()


def _key(key_id: str, purpose: str = "hashes of erased ids v1") -> bytes:
    derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode())
    return derive.derive(provider().signing_key(key_id))
