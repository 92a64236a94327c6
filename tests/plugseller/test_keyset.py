"""Cursors from addresses: each part is checked before a database sees it."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from plugseller.keyset import BadCursor, Cursor, Ordering, cursor_from

BY_TIME = Ordering("newest", "Newest", "placed_at", datetime, descending=True)
BY_SKU = Ordering("sku", "SKU", "sku", str)
BY_COUNT = Ordering("lowest", "Lowest", "available", int)
ORDERINGS = (BY_TIME, BY_SKU, BY_COUNT)


def spoken(*parts: Any) -> str:
    """A cursor as somebody could write one by hand."""
    raw = json.dumps(parts).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@pytest.mark.parametrize(
    ("ordering", "told", "value"),
    [
        (BY_SKU, "MUG/🧦 =", "MUG/🧦 ="),
        (BY_SKU, "", ""),
        (BY_COUNT, -3, -3),
        (
            BY_TIME,
            "2026-11-24T12:00:00.000001+00:00",
            datetime(2026, 11, 24, 12, 0, 0, 1, tzinfo=UTC),
        ),
    ],
)
def test_a_true_cursor_is_read(ordering: Ordering, told: Any, value: Any) -> None:
    found = cursor_from(spoken(ordering.key, True, told, 7), ordering)
    assert found == Cursor(back=True, value=value, id=7)


def test_no_cursor_is_the_first_page() -> None:
    assert cursor_from("", BY_SKU) is None


@pytest.mark.parametrize(
    ("ordering", "told"),
    [
        (BY_SKU, "a\x00b"),
        (BY_SKU, "\ud800"),
        (BY_SKU, "s" * 256),
        (BY_SKU, 5),
        (BY_SKU, None),
        (BY_SKU, ["a"]),
        (BY_SKU, {"a": 1}),
        (BY_COUNT, 2**63),
        (BY_COUNT, -(2**63)),
        (BY_COUNT, 1.5),
        (BY_COUNT, True),
        (BY_COUNT, "5"),
        (BY_TIME, "2026-11-24T12:00:00"),  # no zone
        (BY_TIME, "0001-01-01T00:00:00+23:59"),
        (BY_TIME, "9999-12-31T23:59:59-23:59"),
        (BY_TIME, "yesterday"),
        (BY_TIME, 1_790_000_000),
    ],
)
def test_a_value_no_row_can_have_is_refused(ordering: Ordering, told: Any) -> None:
    with pytest.raises(BadCursor):
        cursor_from(spoken(ordering.key, False, told, 7), ordering)


@pytest.mark.parametrize("ordering", ORDERINGS)
@pytest.mark.parametrize(
    "text",
    [
        "x",
        "=",
        "%%%",
        "é",
        "A" * 100_000,
        spoken(),
        spoken("sku"),
        spoken("sku", False, "a", 7, 8),
        spoken("sku", 0, "a", 7),
        spoken("sku", False, "a", "7"),
        spoken("sku", False, "a", True),
        spoken("sku", False, "a", -1),
        spoken("sku", False, "a", 2**63),
        spoken("-sku", False, "a", 7),
        base64.urlsafe_b64encode(b"[" * 50_000).decode(),
        base64.urlsafe_b64encode(b'{"a":1}').decode(),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
        base64.urlsafe_b64encode(b"[" + b"9" * 5_000 + b"]").decode(),
    ],
)
def test_what_is_no_cursor_is_refused(ordering: Ordering, text: str) -> None:
    with pytest.raises(BadCursor):
        cursor_from(text, ordering)
