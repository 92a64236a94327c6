"""Envelopes open with their key and in their place, and in no other way."""

import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugseller.crypto.sealing import SealBroken, key_id_of, open_envelope, seal

KEY = bytes(range(32))
KEY_ID = uuid.UUID("11111111-2222-4333-8444-555555555555")
PLACE = ("owner", "app.model", "field", "row")

contexts = st.lists(st.text(st.characters(codec="utf-8")), max_size=5)


def sealed(plaintext: bytes = b"token") -> bytes:
    return seal(key=KEY, key_id=KEY_ID, plaintext=plaintext, context=PLACE)


@given(st.binary(max_size=5_000), contexts)
def test_what_was_sealed_comes_back(plaintext: bytes, context: list[str]) -> None:
    envelope = seal(key=KEY, key_id=KEY_ID, plaintext=plaintext, context=context)
    assert open_envelope(key=KEY, envelope=envelope, context=context) == plaintext
    assert key_id_of(envelope) == KEY_ID


@given(contexts, contexts)
def test_another_context_opens_nothing(one: list[str], other: list[str]) -> None:
    envelope = seal(key=KEY, key_id=KEY_ID, plaintext=b"token", context=one)
    if one == other:
        assert open_envelope(key=KEY, envelope=envelope, context=other) == b"token"
        return
    with pytest.raises(SealBroken):
        open_envelope(key=KEY, envelope=envelope, context=other)


def test_parts_of_a_context_do_not_run_together() -> None:
    envelope = seal(key=KEY, key_id=KEY_ID, plaintext=b"x", context=("ab", "c"))
    with pytest.raises(SealBroken):
        open_envelope(key=KEY, envelope=envelope, context=("a", "bc"))


def test_an_envelope_cut_at_any_byte_opens_nothing() -> None:
    envelope = sealed()
    for length in range(len(envelope)):
        with pytest.raises(SealBroken):
            open_envelope(key=KEY, envelope=envelope[:length], context=PLACE)


def test_an_envelope_with_any_bit_flipped_opens_nothing() -> None:
    envelope = sealed()
    for position in range(len(envelope) * 8):
        changed = bytearray(envelope)
        changed[position // 8] ^= 1 << position % 8
        with pytest.raises(SealBroken):
            open_envelope(key=KEY, envelope=bytes(changed), context=PLACE)


@given(st.binary(max_size=200))
def test_rubbish_opens_nothing(rubbish: bytes) -> None:
    with pytest.raises(SealBroken):
        open_envelope(key=KEY, envelope=rubbish, context=PLACE)


@settings(max_examples=50)
@given(st.binary(min_size=32, max_size=32).filter(lambda key: key != KEY))
def test_another_key_opens_nothing(key: bytes) -> None:
    with pytest.raises(SealBroken):
        open_envelope(key=key, envelope=sealed(), context=PLACE)


def test_the_same_value_is_never_sealed_the_same_way_twice() -> None:
    envelopes = {sealed() for _ in range(20_000)}
    assert len(envelopes) == 20_000
    assert len({envelope[17:29] for envelope in envelopes}) == 20_000


def test_the_error_of_a_broken_seal_holds_no_value() -> None:
    with pytest.raises(SealBroken) as trouble:
        open_envelope(key=bytes(32), envelope=sealed(b"ZEBRA"), context=PLACE)
    assert "ZEBRA" not in str(trouble.value)


def test_a_known_vector_opens() -> None:
    """NIST GCM test case 15's key and nonce, with our header as associated data.

    The tag comes from an independent AES-GCM (OpenSSL through `hazmat` ciphers).
    """
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    key = bytes.fromhex(
        "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"
    )
    nonce = bytes.fromhex("cafebabefacedbaddecaf888")
    header = b"\x01" + KEY_ID.bytes
    encryptor = Cipher(algorithms.AES(key), modes.GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(header + b"\0\0\0\x03row")
    ciphertext = encryptor.update(b"token") + encryptor.finalize()
    envelope = header + nonce + ciphertext + encryptor.tag
    assert open_envelope(key=key, envelope=envelope, context=("row",)) == b"token"


@pytest.mark.parametrize("length", [0, 16, 24, 31, 33])
def test_only_keys_of_256_bits_seal(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        seal(key=bytes(length), key_id=KEY_ID, plaintext=b"", context=())
