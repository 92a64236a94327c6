"""Hashes and signatures cover everything, and nothing fits without the key."""

from dataclasses import replace

import pytest

from plugseller.audit.chain import ANCHOR, GENESIS, HEAD, Keys, Seal, link

KEY = b"k" * 32
CONTENT = ("2026-11-24 12:00:00.000000", "seller.created", 1, None, "person", "", 7)
KEYS = Keys.of({"0001-a": b"a" * 32, "0002-b": b"b" * 32})
SEAL = Seal(HEAD, 7, "ab" * 32, 7, "2026-11-24T12:00:00+00:00", "").signed_by(KEYS)


def test_a_hash_differs_when_anything_it_covers_does() -> None:
    changed = [
        (KEY, 2, GENESIS, CONTENT),
        (KEY, 1, "1" * 64, CONTENT),
        (b"x" * 32, 1, GENESIS, CONTENT),
        *((KEY, 1, GENESIS, (*CONTENT[:i], "!", *CONTENT[i + 1 :])) for i in range(7)),
        (KEY, 1, GENESIS, CONTENT[:-1]),
        (KEY, 1, GENESIS, (*CONTENT, None)),
    ]
    hashes = {link(*case) for case in [(KEY, 1, GENESIS, CONTENT), *changed]}
    assert len(hashes) == len(changed) + 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("ab", "c"), ("a", "bc")),
        ((None,), ("",)),
        ((1,), ("1",)),
        (('","',), ("", "")),
    ],
)
def test_no_two_contents_look_alike_to_the_hash(
    one: tuple[object, ...], other: tuple[object, ...]
) -> None:
    assert link(KEY, 1, GENESIS, one) != link(KEY, 1, GENESIS, other)


def test_the_hash_of_today_is_the_hash_of_ever() -> None:
    """Stored for years: another JSON library or key derivation must not change it."""
    text = (*CONTENT, 'ü"\\\n\u2028', '{"a":[1,null]}')
    assert link(KEYS.chaining, 3, "0" * 64, text) == (
        "7b16b1dd02babd9932dc45003630ecc32b8c66d0d06b97e872bc04dbcf7c5f87"
    )


def test_an_entry_of_an_older_key_still_fits() -> None:
    old = link(KEYS.chain["0001-a"], 1, GENESIS, CONTENT)
    assert KEYS.fits(old, 1, GENESIS, CONTENT)
    assert not Keys.of({"0002-b": b"b" * 32}).fits(old, 1, GENESIS, CONTENT)


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": ANCHOR},
        {"number": 8},
        {"hash": "ac" * 32},
        {"entries": 8},
        {"made_at": "2026-11-24T13:00:00+00:00"},
        {"key_id": "0001-a"},
        {"key_id": "0009-z"},
        {"signature": ""},
        {"signature": "zz"},
        {"signature": "00" * 64},
    ],
    ids=str,
)
def test_a_changed_checkpoint_is_not_genuine(changed: dict[str, object]) -> None:
    assert SEAL.is_genuine(KEYS)
    assert not replace(SEAL, **changed).is_genuine(KEYS)  # type: ignore[arg-type]  # any field


def test_a_checkpoint_comes_back_from_its_line() -> None:
    assert Seal.from_line(SEAL.line()) == SEAL


@pytest.mark.parametrize(
    "line",
    ["", "{}", "[]", "null", "x", SEAL.line()[:-1], SEAL.line().replace(":7", ':"7"')],
)
def test_a_line_that_is_no_checkpoint_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="not a checkpoint"):
        Seal.from_line(line)
