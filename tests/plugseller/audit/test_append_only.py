"""Nothing but an insert passes: not the ORM, not SQL, not a command, not a cascade."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, connection, models, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.models import ProtectedError
from pytest_django.fixtures import Settings

from plugseller.audit import triggers
from plugseller.audit.apps import guard_tables
from plugseller.audit.checkpoints import sign_checkpoint
from plugseller.audit.checks import check_triggers
from plugseller.audit.models import Checkpoint, Entry
from plugseller.audit.services import AppendOnly
from plugseller.audit.verify import verify
from tests.conftest import NOW, Cast


def _sql(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET event = 'x' WHERE id = 3",
        "UPDATE audit_entry SET rows = rows",
        "DELETE FROM audit_entry WHERE id = 40",
        "DELETE FROM audit_entry",
    ],
)
def test_the_database_refuses(log: list[int], statement: str) -> None:
    before = list(Entry.objects.values())
    with pytest.raises(DatabaseError, match="append-only"):
        _sql(statement)
    assert list(Entry.objects.values()) == before


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's own statement")
def test_replacing_an_entry_is_refused(log: list[int]) -> None:
    with pytest.raises(DatabaseError, match="append-only"):
        _sql("REPLACE INTO audit_entry SELECT * FROM audit_entry WHERE id = 3")


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no TRUNCATE")
@pytest.mark.parametrize("cascade", ["", " CASCADE"])
def test_truncating_is_refused(log: list[int], cascade: str) -> None:
    with pytest.raises(DatabaseError, match="append-only"):
        _sql(f"TRUNCATE audit_entry{cascade}")


@pytest.mark.parametrize(
    "act",
    [
        lambda: Entry.objects.all().delete(),
        lambda: Entry.objects.filter(pk=3).update(event="x"),
        lambda: Entry.objects.bulk_update([Entry.objects.get(pk=3)], ["event"]),
        lambda: Entry.objects.get(pk=3).delete(),
        lambda: Entry.objects.get(pk=3).save(),
        lambda: Entry.objects.all()._raw_delete("default"),
    ],
)
def test_the_orm_refuses_in_one_sentence(
    log: list[int], act: Callable[[], object]
) -> None:
    with pytest.raises(AppendOnly, match="only ever added"):
        act()
    assert Entry.objects.count() == 40


@pytest.mark.parametrize(
    "act",
    [
        lambda: models.QuerySet(Entry).delete(),
        lambda: models.QuerySet(Entry).update(event="x"),
        lambda: models.Model.save(Entry.objects.get(pk=3), force_update=True),
    ],
)
def test_round_our_own_queryset_the_database_still_refuses(
    log: list[int], act: Callable[[], object]
) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        act()
    assert Entry.objects.count() == 40


def test_checkpoints_are_guarded_as_well(log: list[int]) -> None:
    sign_checkpoint(NOW)
    row = Checkpoint.objects.get()
    for act in (row.save, row.delete, Checkpoint.objects.all().delete):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            act()
    assert Checkpoint.objects.count() == 1


@pytest.mark.parametrize("options", [{"yes": True}, {"yes": True, "before_date": None}])
def test_auditlogs_own_flush_removes_nothing(
    log: list[int], options: dict[str, Any]
) -> None:
    refusals = (AppendOnly, CommandError, DatabaseError)
    with (
        pytest.raises(refusals, match=r"append-only|only ever added"),
        transaction.atomic(),
    ):
        call_command("auditlogflush", **options)
    assert Entry.objects.count() == 40


def test_an_installation_can_not_be_flushed(log: list[int], settings: Settings) -> None:
    settings.PLUGSELLER_ENV = "production"
    with pytest.raises(CommandError, match="append-only"):
        call_command("flush", interactive=False)
    assert Entry.objects.count() == 40


def test_what_an_entry_speaks_of_goes_and_the_entry_stays(cast: Cast) -> None:
    before = list(Entry.objects.order_by("id").values())
    cast.alice.delete()
    cast.north.delete()
    assert list(Entry.objects.order_by("id").values()[: len(before)]) == before
    assert verify().is_whole


def test_a_table_that_entries_speak_of_can_not_take_them_along(cast: Cast) -> None:
    """`remove_stale_contenttypes` deletes content types, and Django cascades."""
    with pytest.raises(ProtectedError):
        ContentType.objects.get_for_model(cast.north).delete()


def test_a_later_migration_gets_its_triggers_back(log: list[int]) -> None:
    """SQLite rebuilds a table to alter it, and forgets the triggers."""
    triggers.lift("default")
    assert [check.id for check in check_triggers("default")] == ["audit.E002"]
    guard_tables(using="default")
    assert check_triggers("default") == []
    with pytest.raises(DatabaseError, match="append-only"):
        _sql("DELETE FROM audit_entry")


@pytest.mark.django_db(transaction=True)
def test_migrating_a_column_keeps_the_table_guarded() -> None:
    entry: Any = (
        MigrationLoader(connection).project_state().apps.get_model("audit", "Entry")
    )
    wider = models.CharField(max_length=61)
    wider.set_attributes_from_name("event")
    for old, new in (
        (entry._meta.get_field("event"), wider),
        (wider, entry._meta.get_field("event")),
    ):
        with connection.schema_editor() as editor:
            editor.alter_field(entry, old, new)
    call_command("migrate", "audit", verbosity=0)
    assert check_triggers("default") == []


@pytest.mark.django_db(transaction=True)
def test_tests_that_empty_the_database_can(cast: Cast) -> None:
    call_command("flush", interactive=False, verbosity=0)
    assert not Entry.objects.exists()
    assert check_triggers("default") == []
