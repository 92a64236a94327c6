"""Sealing what is too long for memory, piece by piece (ENC-2).

A sealed stream is

    version 1 byte | key id 16 bytes | salt 32 bytes | pieces

and each piece AES-256-GCM of up to 64 KiB. It is the STREAM construction of Hoang,
Reyhanitabar, Rogaway and Vizár, laid out as in age: the salt gives each stream a key
of its own (HKDF-SHA-256), a piece's nonce is its number and whether it is the last.
So pieces can't be changed, moved, left out, repeated or cut off at the end, and none
is given away before it was checked. Associated data are the header and the context,
as in `sealing`.
"""

import secrets
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO, Protocol
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from plugseller.crypto.sealing import SealBroken, bound

PIECE = 64 * 1024  # bytes of plaintext
_VERSION = b"\x01"
_SALT_BYTES = 32
_TAG_BYTES = 16
_HEADER_BYTES = 1 + 16 + _SALT_BYTES


class Sink(Protocol):
    """Where sealed bytes go."""

    def write(self, data: bytes, /) -> object: ...


class SealedStream:
    """Takes plain bytes and writes them sealed; whole only once `finish` was called.

    Holds no more than one piece in memory. Never rewinds, so that it can stand before
    a pipe or a socket.
    """

    def __init__(
        self, out: Sink, *, key: bytes, key_id: UUID, context: Sequence[str]
    ) -> None:
        header = _VERSION + key_id.bytes + secrets.token_bytes(_SALT_BYTES)
        self._out = out
        self._cipher = _cipher(key, header)
        self._bound = bound(header, context)
        self._waiting = bytearray()
        self._number = 0
        out.write(header)

    def write(self, data: bytes, /) -> int:
        self._waiting += data
        while len(self._waiting) > PIECE:  # the last piece is told apart: keep one back
            self._seal(bytes(self._waiting[:PIECE]), last=False)
            del self._waiting[:PIECE]
        return len(data)

    def flush(self) -> None:
        """Nothing: a piece is written when it is full."""

    def close(self) -> None:
        """Nothing: only `finish` makes the stream whole."""

    def finish(self) -> None:
        """Write the last piece, by which a reader knows that none is missing."""
        self._seal(bytes(self._waiting), last=True)
        self._waiting.clear()

    def _seal(self, plain: bytes, *, last: bool) -> None:
        nonce = _nonce(self._number, last=last)
        self._out.write(self._cipher.encrypt(nonce, plain, self._bound))
        self._number += 1


def open_pieces(
    source: BinaryIO, *, key_of: Callable[[UUID], bytes], context: Sequence[str]
) -> Iterator[bytes]:
    """What was sealed, piece by piece; `key_of` gives the key the header names.

    Raises SealBroken where it was changed, cut or belongs elsewhere, after the pieces
    before that were given away: who uses them waits for the end where that matters.
    """
    header = source.read(_HEADER_BYTES)
    if len(header) != _HEADER_BYTES or header[:1] != _VERSION:
        raise SealBroken("This isn't a sealed file, or its beginning is missing.")
    cipher = _cipher(key_of(UUID(bytes=header[1:17])), header)
    tied = bound(header, context)
    number, piece = 0, source.read(PIECE + _TAG_BYTES)
    while True:
        following = source.read(PIECE + _TAG_BYTES)
        try:
            nonce = _nonce(number, last=not following)
            plain = cipher.decrypt(nonce, piece, tied)
        except (InvalidTag, ValueError):  # ValueError: shorter than a tag
            raise SealBroken(
                "A sealed file doesn't open: it was changed, cut or belongs elsewhere."
            ) from None
        yield plain
        if not following:
            return
        number, piece = number + 1, following


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + (b"\x01" if last else b"\x00")


def _cipher(key: bytes, header: bytes) -> AESGCM:
    if len(key) != 32:
        raise ValueError("AES-256 needs a key of 32 bytes.")
    salt = header[-_SALT_BYTES:]
    derive = HKDF(algorithm=SHA256(), length=32, salt=salt, info=b"sealed stream v1")
    return AESGCM(derive.derive(key))
