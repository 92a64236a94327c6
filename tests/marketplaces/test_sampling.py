"""New fields are told by name, never by value."""

import json
from typing import Any

import msgspec

from marketplaces.datamap import ABSENT, Unwanted
from marketplaces.sampling import MOST, unknown_paths


class Person(msgspec.Struct):
    sku: str
    tags: list[str] = []
    buyer: Unwanted = ABSENT


class Answer(msgspec.Struct):
    rows: list[Person]


def unknown(rows: Any, *known: str) -> tuple[str, ...]:
    return unknown_paths(json.dumps({"rows": rows}).encode(), Answer, known)


def test_what_is_kept_unwanted_or_known_is_not_told() -> None:
    row = {"sku": "A", "tags": ["x"], "buyer": {"name": "x"}, "left": {"a": [1]}}

    assert unknown([row], "rows[].left") == ()


def test_only_the_uppermost_new_name_is_told_once() -> None:
    row = {"sku": "A", "new": {"deep": {"deeper": 1}}}

    assert unknown([row, row]) == ("rows[].new",)


def test_a_known_parent_of_what_is_kept_covers_all_of_it() -> None:
    assert unknown([{"sku": "A", "new": 1}], "rows") == ()


def test_a_name_that_may_be_a_value_is_not_spoken() -> None:
    assert unknown([{"sku": "A", "jo@example.test": 1}]) == ("rows[].?",)


def test_no_value_is_told() -> None:
    assert "CANARY" not in repr(unknown([{"sku": "CANARY", "new": "CANARY"}]))


def test_a_list_where_none_was_and_other_shapes_are_told_or_left() -> None:
    assert unknown_paths(b'[{"sku": 1}]', Answer) == ("[]",)
    assert unknown("text") == ()
    assert unknown(None) == ()


def test_the_list_has_an_end() -> None:
    row = {"sku": "A", **{f"new{n}": 1 for n in range(500)}}

    assert len(unknown([row])) == MOST


def test_what_is_no_json_has_no_fields() -> None:
    for body in (b"", b"<html>", b'{"rows":', b"\xff", b"[" * 100_000):
        assert unknown_paths(body, Answer) == ()
