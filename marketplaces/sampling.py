"""Looks through a sampled answer for fields that nobody decided about: USE-3, USE-4.

A marketplace adds fields without a word. What a structure doesn't name is never kept,
but a new field may hold personal data and then belongs among the unwanted ones, so a
sample of the answers is searched for it. Only names of fields come out, never a value.
"""

import re
from collections.abc import Collection
from functools import cache
from typing import Any

import msgspec

from marketplaces.datamap import kept_fields, unwanted_paths

MOST = 50  # names per answer: an answer that is wholly other needs no longer list
UNSPEAKABLE = "?"  # stands for a name that may itself be a value: "jo@example.com"

_decode = msgspec.json.Decoder().decode
_name = re.compile(r"[A-Za-z_@$][A-Za-z0-9_-]{0,63}")


def unknown_paths(
    body: bytes, structure: type[msgspec.Struct], known: Collection[str] = ()
) -> tuple[str, ...]:
    """The paths of a JSON answer that nothing covers, sorted; empty if it isn't JSON.

    A path is covered, with all that is below it, by a kept field or an unwanted path
    of the structure or by a path in `known` (fields the model names and we leave).
    Only the uppermost uncovered name is told: "orders[].surprise".
    """
    try:
        answer = _decode(body)
    except (msgspec.DecodeError, RecursionError):
        return ()
    found: set[str] = set()
    _search(answer, _covered(structure, frozenset(known)), "", found)
    return tuple(sorted(found)[:MOST])


@cache
def _covered(structure: type[msgspec.Struct], known: frozenset[str]) -> dict[str, Any]:
    """The covered paths as a tree; an empty branch covers everything below it."""
    tree: dict[str, Any] = {}
    kept = (field.path for field in kept_fields(structure))
    for path in (*kept, *unwanted_paths(structure), *known):
        branch = tree
        for step in path.replace("[]", ".[]").split("."):
            branch = branch.setdefault(step, {})
    for path in known:  # `known` may name a parent of what is kept: then all is told
        branch = tree
        for step in path.replace("[]", ".[]").split("."):
            branch = branch[step]
        branch.clear()
    return tree


def _search(value: Any, covered: dict[str, Any], path: str, found: set[str]) -> None:
    if not covered:
        return
    if isinstance(value, list):
        below = covered.get("[]")
        if below is None:
            found.add(f"{path}[]")
            return
        for entry in value:
            _search(entry, below, f"{path}[]", found)
    elif isinstance(value, dict):
        for name, inner in value.items():
            spoken = name if _name.fullmatch(name) else UNSPEAKABLE
            here = f"{path}.{spoken}" if path else spoken
            below = covered.get(name)
            if below is None:
                found.add(here)
            else:
                _search(inner, below, here, found)
