"""Puts a marketplace's own key into one segment of an address, whatever is in it.

SKUs hold `/ % + # ?`, quotes, dots, spaces and emoji. Percent-encoding doesn't survive:
servers decode it before Django looks, browsers resolve `..`, proxies join `//`. So
every byte that isn't a plain letter, digit or `-_.` is written as `~` and two hex
digits, which nothing on the way understands: "MUG/BLUE 11" is "MUG~2FBLUE~2011".
"""

import re

from django.urls import register_converter

_PLAIN = re.compile(r"[A-Za-z0-9_-]")
_ESCAPED = re.compile(rb"~([0-9A-F]{2})")
_EMPTY = "~"


class NaturalKey:
    """Path converter `key`; only the spelling that `to_url` makes is accepted."""

    regex = r"~|(?:[A-Za-z0-9_.-]|~[0-9A-F]{2})+"

    def to_python(self, value: str) -> str:
        if value == _EMPTY:
            return ""
        raw = _ESCAPED.sub(lambda m: bytes.fromhex(m[1].decode()), value.encode())
        key = raw.decode()  # UnicodeDecodeError is a ValueError: no such page
        if self.to_url(key) != value:
            raise ValueError(value)
        return key

    def to_url(self, value: str) -> str:
        if not value:
            return _EMPTY
        dotted = not value.strip(".")
        return "".join(
            c
            if _PLAIN.match(c) or (c == "." and not dotted)
            else "".join(f"~{byte:02X}" for byte in c.encode())
            for c in value
        )


register_converter(NaturalKey, "key")
