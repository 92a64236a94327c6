"""A sealed stream opens whole and as it was written, or not at all."""

import io
import secrets

import pytest

from plugseller.crypto.sealing import SealBroken
from plugseller.crypto.streaming import CHUNK, SealedReader, SealedWriter

KEY = secrets.token_bytes(32)
SEALED_CHUNK = CHUNK + 16


def sealed(content: bytes, *, key: bytes = KEY, bound: bytes = b"here") -> bytes:
    out = io.BytesIO()
    writer = SealedWriter(out, key=key, bound=bound)
    for start in range(0, len(content), 300_000):
        writer.write(content[start : start + 300_000])
    writer.finish()
    return out.getvalue()


def opened(stream: bytes, *, key: bytes = KEY, bound: bytes = b"here") -> bytes:
    reader = SealedReader(io.BytesIO(stream), key=key, bound=bound)
    return io.BufferedReader(reader, 1 << 16).read()


@pytest.mark.parametrize(
    "size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 77]
)
def test_what_was_written_is_read(size: int) -> None:
    content = secrets.token_bytes(size)
    assert opened(sealed(content)) == content


def test_the_same_content_of_two_streams_has_nothing_in_common() -> None:
    content = bytes(CHUNK * 2)
    stream = sealed(content)
    assert stream[:100] != stream[SEALED_CHUNK : SEALED_CHUNK + 100]
    assert sealed(content, key=secrets.token_bytes(32))[:100] != stream[:100]


@pytest.mark.parametrize(
    "cut",
    [
        lambda s: b"",
        lambda s: s[:5],
        lambda s: s[:-1],
        lambda s: s[:SEALED_CHUNK],
        lambda s: s[: 2 * SEALED_CHUNK],
        lambda s: s[SEALED_CHUNK:],
        lambda s: s[SEALED_CHUNK : 2 * SEALED_CHUNK] + s[:SEALED_CHUNK] + s[-316:],
        lambda s: s[:SEALED_CHUNK] + s[:SEALED_CHUNK] + s[2 * SEALED_CHUNK :],
        lambda s: s + b"\0",
        lambda s: s + s,
    ],
    ids=[
        *("nothing", "a piece", "a byte less", "one chunk", "two chunks"),
        *("no first", "swapped", "repeated", "a byte more", "twice"),
    ],
)
def test_a_stream_that_is_not_whole_does_not_open(cut: object) -> None:
    stream = sealed(secrets.token_bytes(2 * CHUNK + 300))
    with pytest.raises(SealBroken):
        opened(cut(stream))  # type: ignore[operator]  # one of the functions above


def test_another_key_or_another_place_does_not_open() -> None:
    stream = sealed(b"x" * 100)
    with pytest.raises(SealBroken):
        opened(stream, key=secrets.token_bytes(32))
    with pytest.raises(SealBroken):
        opened(stream, bound=b"there")
