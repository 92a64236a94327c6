"""Keeps counted keys of rows out of addresses: nobody can guess the next one."""

import re

from django.utils.crypto import constant_time_compare, salted_hmac

_SPELLING = re.compile(r"([1-9][0-9]*)-([0-9a-f]{16})")


class Unguessable:
    """Path converter `unguessable`: a number with a mark only we can make for it.

    For rows whose key is a counter. It hides nothing and allows nothing: who may see
    the row is decided where it is looked up.
    """

    regex = r"[1-9][0-9]*-[0-9a-f]{16}"

    def to_python(self, value: str) -> int:
        found = _SPELLING.fullmatch(value)
        if not found or not constant_time_compare(found[2], _mark(found[1])):
            raise ValueError("No such address.")
        return int(found[1])

    def to_url(self, value: int | str) -> str:
        return f"{value}-{_mark(str(value))}"


def _mark(number: str) -> str:
    made = salted_hmac("unguessable address", number, algorithm="sha256")
    return made.hexdigest()[:16]
