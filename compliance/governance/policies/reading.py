"""A policy as a page shows it: blocks of plain text, and what has changed.

Headings (`#`, `##`), lists (`- `) and paragraphs are all there is. No HTML is made
here: the template draws each block, and escapes it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

_SENTENCE_ENDS = re.compile(r"(?<=[.!?:])\s+(?=[A-Z“])")


@dataclass(frozen=True, slots=True)
class Block:
    """A heading, a paragraph, or the items of a list."""

    kind: str  # "title", "heading", "list", "paragraph"
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """Sentences that went, and those that stand in their place; either may be none."""

    before: tuple[str, ...]
    after: tuple[str, ...]


def blocks(content: str) -> list[Block]:
    """The text in blocks, which blank lines part."""
    parts = re.split(r"\n\s*\n", content.strip())
    return [_block(part.splitlines()) for part in parts if part.strip()]


def _block(lines: Sequence[str]) -> Block:
    first = lines[0]
    if first.startswith("## "):
        return Block("heading", (first[3:],))
    if first.startswith("# "):
        return Block("title", (first[2:],))
    if all(line.startswith("- ") for line in lines):
        return Block("list", tuple(line[2:] for line in lines))
    return Block("paragraph", (" ".join(lines),))


def changes(before: str, after: str) -> list[Change]:
    """What differs between two texts, sentence by sentence, in order."""
    old, new = _sentences(before), _sentences(after)
    steps = SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes()
    return [
        Change(tuple(old[a:b]), tuple(new[c:d]))
        for kind, a, b, c, d in steps
        if kind != "equal"
    ]


def count(found: Sequence[Change]) -> int:
    """In how many sentences they differ."""
    return sum(max(len(one.before), len(one.after)) for one in found)


def _sentences(content: str) -> list[str]:
    return [
        sentence
        for block in blocks(content)
        for line in block.lines
        for sentence in _SENTENCE_ENDS.split(line)
    ]
