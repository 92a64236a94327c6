"""What is installed is used: each package has its reason, its pin and a user."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FLOORS = ("plugseller", "marketplaces", "compliance")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PINNED = re.compile(r"([A-Za-z0-9-]+)(?:\[[\w,-]+\])?==([\w.]+)")
# Nobody imports these by name; each is used all the same.
BY_OTHERS = {
    "argon2-cffi": "Django's hasher of passwords",
    "croniter": "django-q2",
    "psycopg": "Django's backend",
    "redis": "Django's cache and django-q2",
    "gunicorn": "the command that serves",
}
TOOLS = {
    "pytest-django",
    "pytest-xdist",
    "ruff",
    "mypy",
    "django-stubs",
    "uv",
    "djlint",
}
TOOLS |= {"djangorestframework-stubs", "types-requests", "import-linter"}


def direct(*, dev: bool) -> dict[str, str]:
    """Name -> version of what pyproject.toml asks for."""
    extra = PROJECT["optional-dependencies"]["dev"]
    found = {}
    for entry in extra if dev else PROJECT["dependencies"]:
        match = PINNED.fullmatch(entry)
        assert match, f"{entry} isn't pinned exactly"
        found[match[1].lower()] = match[2]
    return found


PARTS = {"botocore"}  # the lower half of boto3, which pins it


def imported(*folders: str) -> set[str]:
    """Distributions whose modules are imported there."""
    names = {name for folder in folders for name in _modules(ROOT / folder)}
    names -= set(sys.stdlib_module_names) | {*FLOORS, "tests", *PARTS}
    known = packages_distributions()
    return {dist.lower() for name in names for dist in known.get(name, [name])}


def _modules(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module.partition(".")[0]


def in_settings() -> set[str]:
    """Distributions whose apps and middleware the settings name."""
    text = (ROOT / "plugseller" / "settings.py").read_text()
    named = set(re.findall(r'"(\w+)[."]', text))
    found = packages_distributions()
    return {dist.lower() for name in named for dist in found.get(name, ())}


def test_what_the_product_imports_it_asks_for() -> None:
    assert imported(*FLOORS) <= direct(dev=False).keys()


def test_what_the_tests_import_they_ask_for() -> None:
    asked = {*direct(dev=False), *direct(dev=True)}
    assert imported("tests") <= asked


def test_what_is_asked_for_is_used() -> None:
    used = imported(*FLOORS) | in_settings() | BY_OTHERS.keys()
    assert direct(dev=False).keys() - used == set()
    assert direct(dev=True).keys() - imported("tests") - TOOLS == set()


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_each_pin_has_a_hash_and_each_direct_one_its_reason(name: str) -> None:
    text = (ROOT / name).read_text()
    packages = direct(dev=False)
    if name == "requirements-dev.txt":
        packages |= direct(dev=True)
    for package, version in packages.items():
        words = map(re.escape, (package, package, version))
        pin = r"^# {}: \S.+\n{}(\[.*\])?=={} ".format(*words)
        assert re.search(pin, text, re.MULTILINE | re.IGNORECASE), package
    for pin in re.split(r"^(?=[a-z])", text, flags=re.MULTILINE)[1:]:
        assert "==" in pin.splitlines()[0]
        assert "--hash=sha256:" in pin
