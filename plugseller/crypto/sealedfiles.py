"""Files sealed under the data key of whom they belong to (ENC-3).

A sealed file is

    version 1 byte | key id 16 bytes | salt 32 bytes | chunks as in `streaming`

The salt gives each file a key of its own (HKDF-SHA-256), laid out as in age. Header
and context are bound to each chunk, so a file opens only with its key and in its place.
"""

import secrets
from collections.abc import Callable, Sequence
from typing import IO
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from plugseller.crypto.sealing import SealBroken, bound
from plugseller.crypto.streaming import SealedReader, SealedWriter, Sink

_VERSION = b"\x01"
_SALT_BYTES = 32
HEADER_BYTES = 1 + 16 + _SALT_BYTES


def sealed_file(
    out: Sink, *, key: bytes, key_id: UUID, context: Sequence[str]
) -> SealedWriter:
    """What seals bytes into a file; it is whole only once `finish` was called."""
    header = _VERSION + key_id.bytes + secrets.token_bytes(_SALT_BYTES)
    out.write(header)
    own = _own_key(key, header)
    return SealedWriter(out, key=own, bound=bound(header, context))


def opened_file(
    source: IO[bytes], *, key_of: Callable[[UUID], bytes], context: Sequence[str]
) -> SealedReader:
    """What was sealed, to be read; `key_of` gives the key the header names.

    This and reading raise SealBroken; what SealedReader says of the end holds.
    """
    header = _header(source)
    own = _own_key(key_of(UUID(bytes=header[1:17])), header)
    return SealedReader(source, key=own, bound=bound(header, context))


def key_id_in(source: IO[bytes]) -> UUID:
    """The data key a sealed file names. Raises SealBroken."""
    return UUID(bytes=_header(source)[1:17])


def _header(source: IO[bytes]) -> bytes:
    header = source.read(HEADER_BYTES)
    if len(header) != HEADER_BYTES or header[:1] != _VERSION:
        raise SealBroken("This isn't a sealed file, or its beginning is missing.")
    return header


def _own_key(key: bytes, header: bytes) -> bytes:
    if len(key) != 32:
        raise ValueError("AES-256 needs a key of 32 bytes.")
    salt = header[-_SALT_BYTES:]
    derive = HKDF(algorithm=SHA256(), length=32, salt=salt, info=b"sealed file v1")
    return derive.derive(key)
