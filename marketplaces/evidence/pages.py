"""Looks whether any page of ours would load something from elsewhere (USE-2)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.template.engine import Engine

# What a browser loads or sends by itself; a link that somebody clicks isn't one.
_LOADS = re.compile(
    r"""(?:\b(?:src|srcset|action|poster|data)\s*=\s*["']?|url\(\s*["']?|@import\s+["']|"""
    r"""<link\b[^>]*\bhref\s*=\s*["']?|\b(?:fetch|import|sendBeacon)\(\s*["'])"""
    r"""(?:https?:)?//[\w.-]+""",
    re.IGNORECASE,
)
_OURSELVES = {"'self'", "'none'", "data:"}
_TEXT = {".html", ".css", ".js", ".svg", ".txt"}


@dataclass(frozen=True, slots=True)
class Pages:
    """How many files were read, and what they would load from others."""

    files: int
    foreign: int
    policy_lets_in: int  # sources of others in the Content-Security-Policy


def look_at_pages() -> Pages:
    """Every template and every file of ours that a browser gets."""
    files = foreign = 0
    for path in _files():
        files += 1
        foreign += len(_LOADS.findall(path.read_text(errors="replace")))
    directives: dict[str, list[str]] = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    sources = {source for listed in directives.values() for source in listed}
    return Pages(files, foreign, len(sources - _OURSELVES))


def _files() -> Iterator[Path]:
    folders = [*Engine.get_default().dirs, *settings.STATICFILES_DIRS]
    for folder in map(str, folders):
        for path in sorted(Path(folder).rglob("*")):
            if path.suffix in _TEXT and path.is_file():
                yield path
