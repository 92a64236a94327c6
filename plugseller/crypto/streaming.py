"""Sealing a stream of any length with AES-256-GCM, a chunk at a time (ENC-2).

The construction is STREAM (Hoang, Reyhanitabar, Rogaway, Vizár 2015): the nonce of
each chunk is its number and whether it is the last one, so that a chunk that was
changed, moved, repeated or dropped doesn't open, nor does a stream that was cut. Each
stream has a key of its own, so that numbers may begin at nothing again.

    chunk, chunk, ..., last chunk      each 1 MiB and a tag; the last one is shorter
"""

import io
from typing import IO, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from plugseller.crypto.sealing import SealBroken

CHUNK = 1 << 20
_TAG_BYTES = 16


class Sink(Protocol):
    """Where bytes are written to."""

    def write(self, data: bytes, /) -> object: ...


class SealedWriter:
    """Seals what is written to it; nothing counts before `finish`."""

    def __init__(self, sink: Sink, *, key: bytes, bound: bytes) -> None:
        """`key` seals this stream alone; `bound` must be the same when it is read."""
        self._sink = sink
        self._cipher = AESGCM(key)
        self._bound = bound
        self._number = 0
        self._waiting = bytearray()

    def write(self, data: bytes) -> int:
        self._waiting += data
        # A whole chunk waits for what comes next: it may be the last one.
        while len(self._waiting) > CHUNK:
            self._seal(bytes(self._waiting[:CHUNK]), last=False)
            del self._waiting[:CHUNK]
        return len(data)

    def finish(self) -> None:
        """Write the last chunk, without which the stream doesn't open."""
        self._seal(bytes(self._waiting), last=True)
        self._waiting.clear()

    def _seal(self, chunk: bytes, *, last: bool) -> None:
        nonce = _nonce(self._number, last=last)
        self._sink.write(self._cipher.encrypt(nonce, chunk, self._bound))
        self._number += 1


class SealedReader(io.RawIOBase):
    """Reads what a SealedWriter wrote, each chunk proved before it is handed on.

    Reading raises SealBroken. That the stream is whole is known at its end only: what
    was read before must have had no effect that can't be taken back.
    """

    def __init__(self, source: IO[bytes], *, key: bytes, bound: bytes) -> None:
        super().__init__()
        self._source = source
        self._cipher = AESGCM(key)
        self._bound = bound
        self._number = 0
        self._next = source.read(CHUNK + _TAG_BYTES)
        self._opened = memoryview(b"")
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # any buffer
        while not self._opened and not self._ended:
            self._open_next()
        count = min(len(buffer), len(self._opened))
        buffer[:count] = self._opened[:count]
        self._opened = self._opened[count:]
        return count

    def _open_next(self) -> None:
        sealed, self._next = self._next, self._source.read(CHUNK + _TAG_BYTES)
        self._ended = not self._next
        nonce = _nonce(self._number, last=self._ended)
        try:
            chunk = self._cipher.decrypt(nonce, sealed, self._bound)
        except (InvalidTag, ValueError):  # ValueError: less than a tag
            raise SealBroken(
                "It was changed or cut, or it belongs to another key."
            ) from None
        self._number += 1
        self._opened = memoryview(chunk)


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
