"""These tests are about the embedded database's file."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

EMBEDDED = settings.DATABASES["default"]["ENGINE"] == "plugseller.crypto.sqlcipher"
HERE = Path(__file__).parent
Finished = subprocess.CompletedProcess[str]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if EMBEDDED:
        return
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.skip(reason="only for the embedded database"))


@pytest.fixture
def database_file(transactional_db: None) -> Path:
    return Path(connection.settings_dict["NAME"])


def manage(home: Path, *arguments: str, **environment: str) -> Finished:
    """Run manage.py as an operator would, on an installation of its own."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=settings.BASE_DIR,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "plugseller.settings",
            "PLUGSELLER_ENV": "demo",
            "PLUGSELLER_HOME": str(home),
            "DATABASE_URL": "",
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def fingerprint(home: Path) -> dict[str, tuple[int, str]]:
    """Mode and hash of everything in a folder."""
    return {
        str(path.relative_to(home)): (
            path.stat().st_mode,
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
        )
        for path in sorted(home.rglob("*"))
    }


@pytest.fixture(scope="session")
def fresh_installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once by `manage.py init`; tests take copies."""
    home = tmp_path_factory.mktemp("installation") / "var"
    made = manage(home, "init")
    assert made.returncode == 0, made.stderr
    assert "encrypted database" in made.stdout
    return home


@pytest.fixture
def home(fresh_installation: Path, tmp_path: Path) -> Path:
    return shutil.copytree(fresh_installation, tmp_path / "var")


@pytest.fixture
def found_on_disk() -> Callable[..., dict[str, int]]:
    """How often words stand in files, read by another process.

    Reading them here would drop the locks SQLite holds on them.
    """

    def search(files: list[Path], words: list[bytes]) -> dict[str, int]:
        code = (
            "import sys\n"
            "data = b''.join(open(p, 'rb').read() for p in sys.argv[2:])\n"
            "words = [bytes.fromhex(w) for w in sys.argv[1].split(',')]\n"
            "print(len(data), *(data.count(w) for w in words))"
        )
        answer = subprocess.run(
            [
                sys.executable,
                "-I",
                "-c",
                code,
                ",".join(word.hex() for word in words),
                *map(str, files),
            ],
            check=True,
            capture_output=True,
            text=True,
        )
        size, *counts = map(int, answer.stdout.split())
        return {"size": size, "hits": sum(counts)}

    return search
