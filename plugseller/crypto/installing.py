"""Making the data folder, the keys and the database: once, and never over others."""

from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from plugseller import keyprovider
from plugseller.crypto.models import DataKey
from plugseller.crypto.rotation import note_held_keys
from plugseller.crypto.sqlcipher.opening import create_database
from plugseller.crypto.sqlcipher.turns import DatabaseRefused
from plugseller.keyprovider import KeyTrouble


def install() -> list[str]:
    """Make what is missing of a new installation and migrate.

    Returns a line for each thing made; an empty list when everything was there.
    Raises KeyTrouble or DatabaseRefused when what is there doesn't fit together;
    then nothing was changed.
    """
    home = Path(settings.PLUGSELLER_HOME)
    database = _embedded_database()
    if database is not None:
        _refuse_half_an_installation(database)
    made = _make_home(home)
    made += [f"key {name}" for name in keyprovider.provider().make_missing()]
    if database is not None and not database.exists():
        create_database(database, keyprovider.database_key())
        made.append(f"encrypted database {database}")
    made += _migrate()
    _refuse_foreign_data_keys()
    note_held_keys(timezone.now())
    return made


def _embedded_database() -> Path | None:
    config = settings.DATABASES["default"]
    if config["ENGINE"] != "plugseller.crypto.sqlcipher":
        return None
    return Path(config["NAME"]).absolute()


def _refuse_half_an_installation(database: Path) -> None:
    log = database.with_name(f"{database.name}-wal")
    if log.exists() and not database.exists():
        raise DatabaseRefused(
            f"The database {database} is gone but its write-ahead log is there: put "
            "back your backup, or remove the log if the data isn't needed any more."
        )
    if not database.exists():
        return
    missing = [name for name in keyprovider.provider().missing() if "web" not in name]
    if missing:
        raise KeyTrouble(
            f"The database {database} is there but not all its keys are "
            f"({', '.join(missing)}): put back your copy of them, because new ones "
            "wouldn't fit it."
        )


def _make_home(home: Path) -> list[str]:
    if home.is_dir():
        return []
    try:
        home.mkdir(mode=0o700, parents=True)
    except OSError as error:
        raise DatabaseRefused(
            f"The data folder {home} can't be made ({error.strerror}): check "
            "PLUGSELLER_HOME and who owns the folder above."
        ) from error
    return [f"data folder {home}"]


def _migrate() -> list[str]:
    executor = MigrationExecutor(connection)
    steps = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if not steps:
        return []
    call_command("migrate", interactive=False, verbosity=0)
    return [f"{len(steps)} migrations applied"]


def _refuse_foreign_data_keys() -> None:
    provider = keyprovider.provider()
    used = set(
        DataKey.objects.filter(destroyed_at=None)
        .values_list("master_key_id", flat=True)
        .distinct()
    )
    if missing := sorted(used - set(provider.master_ids())):
        raise KeyTrouble(
            f"The master key {missing[0]} that data keys in the database were wrapped "
            "with isn't held: put back your copy of the keys."
        )
