"""Makes good answers bad: what each fault does to a body."""

import json
from typing import Any

EDGE_PAGE = (
    b"<!DOCTYPE html><html><head><title>Service Unavailable</title></head><body>"
    b"<h1>Service Unavailable</h1><p>Reference #18.6f1c2b17.1700000000.2a3b4c5d</p>"
    b"</body></html>"
)
GARBAGE = b"\x00\x7f not json " * (10 * 1024 * 1024 // 12)
_LONG = "x" * 5_000
_NAMES = ("title", "itemName", "productName", "name", "brand")


def with_wrong_types(body: bytes, row: int) -> bytes:
    """One row's texts become numbers, its numbers texts."""
    return _with_row(body, row, _swap_types)


def with_odd_values(body: bytes, row: int) -> bytes:
    """One row gets negative numbers, a currency nobody knows and endless names."""
    return _with_row(body, row, _odd)


def _with_row(body: bytes, row: int, change: Any) -> bytes:
    answer = json.loads(body)
    rows = _rows(answer)
    if not rows:
        return body
    rows[row % len(rows)] = change(rows[row % len(rows)])
    return json.dumps(answer, ensure_ascii=False).encode()


def _rows(answer: Any) -> list[Any] | None:
    """The outermost list of objects: the page's rows."""
    level = [answer]
    while level:
        for value in level:
            if isinstance(value, list) and value and isinstance(value[0], dict):
                return value
        level = [
            inner
            for value in level
            if isinstance(value, dict)
            for inner in value.values()
        ]
    return None


def _swap_types(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _swap_types(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_swap_types(inner) for inner in value]
    return 12345 if isinstance(value, str) else "not a number"


def _odd(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _odd(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [_odd(inner, key) for inner in value]
    if isinstance(value, bool) or value is None:
        return value
    if key.lower() in ("currency", "currencycode"):
        return "ZZZ9"
    if key in _NAMES:
        return _LONG
    if isinstance(value, int) and value < 1_000_000:  # times stay times
        return -1 - value
    return value
