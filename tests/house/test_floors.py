"""The floors of the house: imports, foreign keys and names point downward."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import models

ROOT = Path(__file__).resolve().parents[2]
FLOORS = ("plugseller", "marketplaces", "compliance")
GROUND = ("crypto", "audit", "jobs", "accounts")  # who stands on whom, bottom first


def _sources(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def _height(model: type[models.Model]) -> tuple[int, int]:
    floor, _, rest = model.__module__.partition(".")
    if floor not in FLOORS:
        return -1, -1  # a package's table: below the house
    room = rest.partition(".")[0]
    return FLOORS.index(floor), GROUND.index(room) if room in GROUND else 0


def test_imports_keep_to_the_contracts() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout


@pytest.mark.parametrize("model", apps.get_models(), ids=lambda m: m._meta.label)
def test_foreign_keys_point_downward(model: type[models.Model]) -> None:
    upward = [
        field.name
        for field in model._meta.get_fields()
        if isinstance(field, models.ForeignKey)
        and field.remote_field.model is not apps.get_model(settings.AUTH_USER_MODEL)
        and _height(field.remote_field.model) > _height(model)
        and model.__module__.partition(".")[0] in FLOORS
    ]
    assert upward == []


@pytest.mark.parametrize("floor", FLOORS)
def test_names_in_strings_point_downward(floor: str) -> None:
    above = FLOORS[FLOORS.index(floor) + 1 :]
    found = []
    for path in _sources(floor):
        if path.name in ("settings.py", "urls.py") and path.parent.name == "plugseller":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                words = node.value.split()
                if len(words) == 1 and words[0].startswith(
                    tuple(f"{a}." for a in above)
                ):
                    found.append(f"{path.relative_to(ROOT)}:{node.lineno} {words[0]}")
    assert found == []


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_every_file_has_one_subject() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for floor in FLOORS
        for path in _sources(floor)
        if "migrations" not in path.parts
        and path.name != "settings.py"  # everything that can be set, in one place
        and (count := len(path.read_text().splitlines())) > 450
    }
    assert long == {}
