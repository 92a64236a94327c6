"""Test databases: encrypted files too, so that tests run on the real thing."""

from pathlib import Path
from typing import TYPE_CHECKING, cast

from django.db.backends.sqlite3 import creation

from plugseller.crypto.sqlcipher.opening import create_database

if TYPE_CHECKING:
    from plugseller.crypto.sqlcipher.base import DatabaseWrapper

_SIDE_FILES = ("-wal", "-shm", "-journal")


class DatabaseCreation(creation.DatabaseCreation):
    """Makes the test database explicitly; opening never makes one."""

    def _get_test_db_name(self) -> str:
        settings = self.connection.settings_dict
        if settings["TEST"]["NAME"]:
            return str(settings["TEST"]["NAME"])
        path = Path(settings["NAME"])
        return str(path.with_name(f"test_{path.name}"))

    def _create_test_db(
        self, verbosity: int, autoclobber: bool, keepdb: bool = False
    ) -> str:
        name: str = super()._create_test_db(  # type: ignore[misc]  # not in the stubs
            verbosity, autoclobber, keepdb
        )
        path = Path(name).absolute()
        if keepdb and path.exists():
            return name
        _remove_side_files(path)
        create_database(path, cast("DatabaseWrapper", self.connection).database_key())
        return name

    def _destroy_test_db(self, test_database_name: str, verbosity: int) -> None:
        super()._destroy_test_db(  # type: ignore[misc]  # not in the stubs
            test_database_name, verbosity
        )
        _remove_side_files(Path(test_database_name))


def _remove_side_files(path: Path) -> None:
    for suffix in _SIDE_FILES:
        path.with_name(path.name + suffix).unlink(missing_ok=True)
