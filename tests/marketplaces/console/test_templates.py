"""What no template may hold: raw text, inline script or style, foreign addresses."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
ASSETS = sorted(p for p in (ROOT / "static").rglob("*") if p.is_file())
FORBIDDEN = {
    "text that isn't escaped": r"\|\s*safe\b|autoescape\s+off|safeseq|mark_safe",
    "inline style": r"<[^>{]*\sstyle\s*=|<style",
    "inline script": r"<script(?![^>]*\ssrc=)|\son[a-z]+\s*=|javascript:",
    "htmx that evaluates": r"hx-on|hx-vals|js:|hx-trigger=\"[^\"]*\[",
    "an address elsewhere": r"(?:src|href|action)=[\"']?(?:https?:)?//",
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_template_holds(what: str) -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in TEMPLATES
        if re.search(FORBIDDEN[what], path.read_text(encoding="utf-8"), re.IGNORECASE)
    ]
    assert found == []


def test_no_asset_calls_elsewhere() -> None:
    for path in ASSETS:
        text = path.read_text(encoding="utf-8")
        outside = re.findall(r"https?://[^\s\"')]+|@import|url\(", text)
        assert [u for u in outside if u != "http://www.w3.org/2000/svg"] == [], path


def test_every_page_names_whom_to_ask() -> None:
    base = (ROOT / "templates" / "base.html").read_text(encoding="utf-8")
    assert "mailto:support@plugakademi.org" in base
    standing_alone = [
        str(path.relative_to(ROOT))
        for path in TEMPLATES
        if not path.name.startswith("_")
        and path.name not in ("base.html", "public.html", "console.html")
        and "admin" not in path.parts
        and not re.match(
            r'\{% extends "(?:public|console|admin/\w+)\.html" %\}',
            path.read_text(encoding="utf-8"),
        )
    ]
    assert standing_alone == []
