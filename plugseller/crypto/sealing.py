"""Sealing bytes with AES-256-GCM, bound to the place they belong to (ENC-3).

An envelope is

    version 1 byte | key id 16 bytes | nonce 12 bytes | ciphertext | tag 16 bytes

Its associated data are version, key id and the context, so an envelope opens only
with its key and only in its place. The construction is that of NIST SP 800-38D
with random 96-bit nonces; a key must not seal more than 2^32 values.
"""

import secrets
from collections.abc import Sequence
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_VERSION = b"\x01"
_NONCE_BYTES = 12
_TAG_BYTES = 16
_HEADER_BYTES = 1 + 16
_SHORTEST = _HEADER_BYTES + _NONCE_BYTES + _TAG_BYTES


class Unopenable(Exception):
    """A sealed value can't be opened; the text never holds any of it."""


class SealBroken(Unopenable):
    """It was changed, cut, or moved from where it belongs, or the key is another."""


def seal(
    *, key: bytes, key_id: UUID, plaintext: bytes, context: Sequence[str]
) -> bytes:
    """An envelope that opens only with this key and in this context."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    header = _VERSION + key_id.bytes
    sealed = _cipher(key).encrypt(nonce, plaintext, bound(header, context))
    return header + nonce + sealed


def open_envelope(*, key: bytes, envelope: bytes, context: Sequence[str]) -> bytes:
    """What was sealed. Raises SealBroken."""
    key_id_of(envelope)
    header = envelope[:_HEADER_BYTES]
    nonce = envelope[_HEADER_BYTES : _HEADER_BYTES + _NONCE_BYTES]
    sealed = envelope[_HEADER_BYTES + _NONCE_BYTES :]
    try:
        return _cipher(key).decrypt(nonce, sealed, bound(header, context))
    except InvalidTag:
        raise SealBroken(
            "A sealed value doesn't open here: it was changed or belongs elsewhere."
        ) from None


def key_id_of(envelope: bytes) -> UUID:
    """The id of the key an envelope names. Raises SealBroken."""
    if len(envelope) < _SHORTEST:
        raise SealBroken("A sealed value has been cut.")
    if envelope[:1] != _VERSION:
        raise SealBroken("A sealed value has a version this program doesn't know.")
    return UUID(bytes=envelope[1:_HEADER_BYTES])


def _cipher(key: bytes) -> AESGCM:
    if len(key) != 32:
        raise ValueError("AES-256 needs a key of 32 bytes.")
    return AESGCM(key)


def bound(header: bytes, context: Sequence[str]) -> bytes:
    """The associated data of a place: its header, and each part of the context."""
    # Lengths go in front, so that no two contexts give the same bytes.
    parts = (part.encode() for part in context)
    return header + b"".join(len(part).to_bytes(4, "big") + part for part in parts)
