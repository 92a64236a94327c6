"""What the README says exists, and what exists it says."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
PAPERS = ("README.md", "THREAT_MODEL.md")
FLOORS = ("plugseller", "marketplaces", "compliance")
REFUSED = {"flush", "auditlogflush"}  # named to say no


def section(title: str) -> str:
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def variables() -> set[str]:
    """What `settings.py` reads from the environment."""
    settings = ast.parse((ROOT / "plugseller" / "settings.py").read_text())
    return {
        str(node.args[0].value)
        for node in ast.walk(settings)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and getattr(node.func.value, "id", "") == "env"
        and isinstance(node.args[0], ast.Constant)
    }


def commands() -> set[str]:
    return {
        path.stem
        for floor in FLOORS
        for path in (ROOT / floor).rglob("management/commands/*.py")
        if path.stem != "__init__"
    }


def test_every_variable_is_in_the_table() -> None:
    told = re.findall(r"`([A-Z_*]+)`", section("Configuration"))
    families = tuple(name[:-1] for name in told if name.endswith("*"))
    missing = {
        name
        for name in variables()
        if name not in told and not (families and name.startswith(families))
    }
    assert missing == set()


def test_every_command_is_in_the_table() -> None:
    rows = re.findall(r"^\| (`.+?`) \|", section("Commands"), re.M)
    told = {name for row in rows[1:] for name in re.findall(r"`([a-z_]+)[^`]*`", row)}
    assert commands() - REFUSED - told == set()
    assert told - commands() == set()


@pytest.mark.parametrize("paper", PAPERS)
def test_every_file_that_is_named_exists(paper: str) -> None:
    """From the root, or beside or above the file that was named before it."""
    missing, last = [], ROOT
    for name in re.findall(r"`([\w*/-]+\.py|[\w*-]+/[\w*/-]*)`", _told(paper)):
        if name.startswith("PLUGSELLER_HOME"):
            continue
        rooms = (ROOT, last.parent, last.parent.parent)
        found = [path for room in rooms for path in room.glob(name.rstrip("/"))]
        if not found:
            missing.append(name)
            continue
        last = found[0] / "_" if found[0].is_dir() else found[0]
    assert missing == []


def _told(paper: str) -> str:
    return (ROOT / paper).read_text()


def test_one_page_says_what_is_enforced_where() -> None:
    rows = re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \|$", section("Security"), re.M)
    assert {subject for subject, _, _ in rows} >= {
        *("TLS to us", "hosts", "headers", "bodies", "coming in", "sessions"),
        *("rights", "secrets", "jobs", "log of reads", "log of changes"),
        *("not logged, not done", "append-only", "outside witness", "proof"),
    }
    assert [subject for subject, _, where in rows[1:] if "`" not in where] == []
