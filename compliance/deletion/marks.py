"""What to look for once something is erased: each id and address, in every disguise.

An id may stand as text with or without dashes, as its 16 bytes, and each of these again
in hexadecimal or base64, at whatever place within a longer value.
"""

import re
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from uuid import UUID


class What(StrEnum):
    """What was found."""

    ID = "an id"
    ADDRESS = "an e-mail address"


class Form(StrEnum):
    """How it stood there."""

    PLAIN = "plain"
    BYTES = "bytes"
    HEX = "hexadecimal"
    BASE64 = "base64"


@dataclass(frozen=True, slots=True)
class Mark:
    """One spelling of something that should be gone."""

    what: What
    form: Form
    text: str  # in small letters, but for base64
    number: int  # which of what is looked for; never told

    def stands_in(self, text: str, small: str) -> bool:
        """Whether it is there; an address within a longer one is another address."""
        if self.form is Form.BASE64:
            return self.text in text
        if self.text not in small:
            return False
        return self.form is not Form.PLAIN or self._is_whole(small)

    def _is_whole(self, small: str) -> bool:
        if self.what is What.ID:
            return True
        exactly = rf"(?<![\w.+-]){re.escape(self.text)}(?!\.?[\w-])"
        return re.search(exactly, small) is not None


@dataclass(frozen=True)
class Marks:
    """All spellings of all that should be gone."""

    ids: tuple[UUID, ...]
    addresses: tuple[str, ...]

    @cached_property
    def all(self) -> tuple[Mark, ...]:
        found: list[Mark] = []
        for number, one in enumerate(self.ids):
            spelt = [str(one).encode(), one.hex.encode(), one.bytes]
            found += _spellings(What.ID, number, spelt)
        for number, address in enumerate(self.addresses, start=len(self.ids)):
            spelt = [address.casefold().encode()]
            found += _spellings(What.ADDRESS, number, spelt)
        return tuple(found)

    def in_text(self, text: str) -> list[Mark]:
        """Which of them stand in a text; one for each thing that was looked for."""
        small = text.lower()
        hits: dict[int, Mark] = {}
        for mark in self.all:
            if mark.number not in hits and mark.stands_in(text, small):
                hits[mark.number] = mark
        return list(hits.values())

    def may_stand_in(self, text: str) -> bool:
        """A quick look at many values at once; `in_text` is asked about each then."""
        small = text.lower()
        return any(
            mark.text in (text if mark.form is Form.BASE64 else small)
            for mark in self.all
        )

    def in_bytes(self, raw: bytes) -> list[Mark]:
        """The same for what isn't text, such as a file's bytes."""
        return self.in_text(raw.decode("latin-1")) or self._in_hex(raw)

    def _in_hex(self, raw: bytes) -> list[Mark]:
        """The 16 bytes themselves, which no text can hold."""
        return [
            Mark(What.ID, Form.BYTES, "", number)
            for number, one in enumerate(self.ids)
            if one.bytes in raw
        ]


def _spellings(what: What, number: int, spelt: Iterable[bytes]) -> list[Mark]:
    marks = []
    for one in spelt:
        if one.isascii() and one.decode().isprintable():
            marks.append(Mark(what, Form.PLAIN, one.decode(), number))
        marks.append(Mark(what, Form.HEX, one.hex(), number))
        marks += [Mark(what, Form.BASE64, text, number) for text in _base64(one)]
    unique = {(mark.text, mark.form is Form.BASE64): mark for mark in reversed(marks)}
    return list(reversed(unique.values()))


def _base64(raw: bytes) -> list[str]:
    """What always stands in the base64 of a longer value, for each place it may begin,
    in both alphabets."""
    found = set()
    for before in range(3):
        text = b64encode(b"\0" * before + raw).decode().rstrip("=")
        first = -(-before * 8 // 6)  # digits that also hold bits of what is before
        last = (before + len(raw)) * 8 // 6  # those after hold bits of what follows
        inner = text[first:last]
        found |= {inner, inner.replace("+", "-").replace("/", "_")}
    return sorted(found)
