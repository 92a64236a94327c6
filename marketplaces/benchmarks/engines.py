"""Fresh databases for measures: made once, copied for each."""

import contextlib
import os
import shutil
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings


class NoServer(Exception):
    """The database server can't be used; the text says what to do."""


class Engine(ABC):
    """A kind of database."""

    name: str

    @abstractmethod
    def prepared(self, work: Path) -> contextlib.AbstractContextManager[dict[str, str]]:
        """Make the pattern database; the environment that names it."""

    @abstractmethod
    def copy(
        self, work: Path, name: str
    ) -> contextlib.AbstractContextManager[dict[str, str]]:
        """A copy of the pattern, gone afterwards; the environment that names it."""


class Embedded(Engine):
    """SQLCipher files, each in a data folder of its own."""

    name = "sqlcipher"

    @contextlib.contextmanager
    def prepared(self, work: Path) -> Iterator[dict[str, str]]:
        environment = _home(work / "home") | {"DATABASE_URL": ""}
        _init(environment)
        yield environment

    @contextlib.contextmanager
    def copy(self, work: Path, name: str) -> Iterator[dict[str, str]]:
        home = work / f"home-{name}"
        shutil.copytree(work / "home", home)
        os.sync()  # or the first commit of the measure would wait for the copy
        try:
            yield {"PLUGSELLER_HOME": str(home)}
        finally:
            shutil.rmtree(home)


class PostgreSQL(Engine):
    """Databases of their own on the server that DATABASE_URL names."""

    name = "postgresql"

    def __init__(self, address: str) -> None:
        self._address = address
        self._pattern = f"plugseller_benchmark_{os.getpid()}"

    @contextlib.contextmanager
    def prepared(self, work: Path) -> Iterator[dict[str, str]]:
        self._run(f"CREATE DATABASE {self._pattern}")
        try:
            environment = _home(work / "home")
            environment["DATABASE_URL"] = self._at(self._pattern)
            _init(environment)
            yield environment
        finally:
            self._run(f"DROP DATABASE {self._pattern} WITH (FORCE)")

    @contextlib.contextmanager
    def copy(self, work: Path, name: str) -> Iterator[dict[str, str]]:
        database = f"{self._pattern}_{name}"
        self._run(f"CREATE DATABASE {database} TEMPLATE {self._pattern}")
        try:
            yield {"DATABASE_URL": self._at(database)}
        finally:
            self._run(f"DROP DATABASE {database} WITH (FORCE)")

    def _at(self, database: str) -> str:
        return urlunsplit(urlsplit(self._address)._replace(path=f"/{database}"))

    def _run(self, sql: str) -> None:
        import psycopg

        try:
            with psycopg.connect(self._address, autocommit=True) as line:
                line.execute(sql.encode())
        except psycopg.Error:
            raise NoServer(
                "DATABASE_URL must name a database that is there, on a PostgreSQL "
                "server where its user may make others."
            ) from None  # the driver's text may quote the address


def _home(folder: Path) -> dict[str, str]:
    return {"PLUGSELLER_HOME": str(folder), "PLUGSELLER_ENV": "demo"}


def _init(environment: dict[str, str]) -> None:
    subprocess.run(
        [sys.executable, "manage.py", "init"],
        env=os.environ | environment,
        cwd=settings.BASE_DIR,
        check=True,
        capture_output=True,
    )
