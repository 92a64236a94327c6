"""Files sealed piece by piece: nothing of them can be changed, moved or cut (ENC-2)."""

import io
import tracemalloc
from uuid import uuid4

import pytest

from plugseller.crypto.sealedfiles import HEADER_BYTES as HEADER
from plugseller.crypto.sealedfiles import opened_file, sealed_file
from plugseller.crypto.sealing import SealBroken
from plugseller.crypto.services import (
    KeyDestroyed,
    create_data_key,
    destroy_data_key,
    opened_file_for,
    rotate_data_key,
    sealed_file_for,
)
from plugseller.crypto.streaming import CHUNK as PIECE

KEY, KEY_ID, PLACE = b"k" * 32, uuid4(), ("export", "1")
WHOLE = PIECE + 16


def sealed(plain: bytes, *, key: bytes = KEY) -> bytes:
    out = io.BytesIO()
    stream = sealed_file(out, key=key, key_id=KEY_ID, context=PLACE)
    for start in range(0, len(plain), 10_000):
        stream.write(plain[start : start + 10_000])
    stream.finish()
    return out.getvalue()


def opened(held: bytes, *, key: bytes = KEY, context: tuple[str, ...] = PLACE) -> bytes:
    source = io.BytesIO(held)
    return opened_file(source, key_of=lambda _: key, context=context).readall()


@pytest.mark.parametrize("length", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
def test_what_was_sealed_comes_back(length: int) -> None:
    plain = bytes(n % 251 for n in range(length))
    held = sealed(plain)
    assert opened(held) == plain
    if length > 16:
        assert plain[:16] not in held


def test_the_same_bytes_never_give_the_same_file() -> None:
    assert sealed(b"same")[HEADER:] != sealed(b"same")[HEADER:]


def _pieces() -> tuple[bytes, bytes, bytes, bytes]:
    held = sealed(b"a" * PIECE + b"b" * PIECE + b"c" * 10)
    ends = HEADER, HEADER + WHOLE, HEADER + 2 * WHOLE
    return (
        held[: ends[0]],
        held[ends[0] : ends[1]],
        held[ends[1] : ends[2]],
        held[ends[2] :],
    )


def test_no_piece_can_be_left_out_moved_repeated_or_cut_off() -> None:
    head, a, b, c = _pieces()
    assert opened(head + a + b + c)
    for other in (
        head + a + b,  # the end is missing, exactly at a piece
        head + a + c,
        head + b + a + c,
        head + a + a + b + c,
        head + a + b + c + c,
        head + a + b + c + b"\x00",
        head + a + b + c[:-1],
        head + a[:-1] + b + c,
        head + a + b[:100],
        head,
        head[:-1],
        b"",
    ):
        with pytest.raises(SealBroken):
            opened(other)


def test_no_bit_can_be_changed() -> None:
    held = sealed(b"hello")
    for place in range(len(held)):
        changed = bytearray(held)
        changed[place] ^= 1
        with pytest.raises(SealBroken):
            opened(bytes(changed))


def test_it_opens_only_with_its_key_and_in_its_place() -> None:
    held = sealed(b"hello")
    with pytest.raises(SealBroken):
        opened(held, key=b"x" * 32)
    for place in ((), ("export", "2"), ("export1",), ("export", "1", "")):
        with pytest.raises(SealBroken):
            opened(held, context=place)


def test_a_piece_is_checked_before_it_is_given_away() -> None:
    held = bytearray(sealed(b"a" * (2 * PIECE)))
    held[HEADER + WHOLE + 5] ^= 1
    source = io.BytesIO(held)
    file = opened_file(source, key_of=lambda _: KEY, context=PLACE)
    assert file.read(PIECE) == b"a" * PIECE
    with pytest.raises(SealBroken):
        file.read(PIECE)


def test_memory_stays_the_same_however_long_the_stream() -> None:
    class Nowhere:
        def write(self, data: bytes, /) -> None:
            pass

    stream = sealed_file(Nowhere(), key=KEY, key_id=KEY_ID, context=PLACE)
    tracemalloc.start()
    for _ in range(300):
        stream.write(b"x" * 100_000)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 8_000_000


@pytest.mark.django_db
def test_a_file_opens_for_its_owner_until_the_key_is_destroyed() -> None:
    mine, other = uuid4(), uuid4()
    for owner in (mine, other):
        create_data_key(owner)
    out = io.BytesIO()
    stream = sealed_file_for(mine, out, PLACE)
    stream.write(b"rows")
    stream.finish()
    rotate_data_key(mine)

    def read(owner: object) -> bytes:
        out.seek(0)
        return opened_file_for(owner, out, PLACE).readall()  # type: ignore[arg-type]

    assert read(mine) == b"rows"
    with pytest.raises(SealBroken):
        read(other)
    destroy_data_key(mine)
    with pytest.raises(KeyDestroyed):
        read(mine)
