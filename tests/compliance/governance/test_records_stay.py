"""GOV-1, GOV-2: what controls found and what our staff acknowledged, took and signed
can't be changed, removed or replaced, and goes when its time is over."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from compliance.governance.policies.services import register_versions
from compliance.governance.registers.services import sign_off_risks
from compliance.governance.training.services import record_training
from compliance.models import (
    Acknowledgement,
    ControlResult,
    PolicyVersion,
    RiskSignOff,
    Training,
)
from plugseller.audit import guards, triggers
from plugseller.crypto.fields import reseal
from plugseller.crypto.services import INSTALLATION, rotate_data_key
from plugseller.custody.rules import RULES
from plugseller.shelves import HOLDINGS
from tests.compliance.governance.governed import DAY, a_risk
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
KEEP = RULES["incidents"].keep or timedelta()
CHANGES: dict[type[Any], str] = {  # what somebody would like to be otherwise
    ControlResult: "verdict = 'pass'",
    Acknowledgement: "at = '2020-01-01 00:00:00'",
    Training: "expires_on = '2099-01-01'",
    RiskSignOff: "risks = 0",
    PolicyVersion: "sha256 = 'x'",
}
TABLES = pytest.mark.parametrize("model", CHANGES, ids=lambda one: one.__name__)


def record_all(cast: Cast, now: datetime) -> None:
    """A row of each; the cast's staff have acknowledged as they came."""
    told = {"name": "x.y", "promise": "USE-1", "verdict": "fail", "sentence": "No."}
    ControlResult.objects.create(**told, at=now, took=0.1)
    a_risk(cast.carl, now=now)
    sign_off_risks(actor=cast.carl, now=now)
    register_versions(now)
    record_training(
        actor=cast.carl,
        person=cast.olga,
        course=Training.Course.DATA_PROTECTION,
        taken_on=now.date(),
        evidence="A certificate.",
        now=now,
    )


def refused(statement: str) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    except DatabaseError:
        return True
    return False


@TABLES
def test_the_database_refuses_to_change_or_remove_it(
    cast: Cast, model: type[Any]
) -> None:
    record_all(cast, timezone.now())
    table, rows = model._meta.db_table, model._base_manager.count()
    assert rows
    assert refused(f"UPDATE {table} SET {CHANGES[model]}")  # noqa: S608  ours
    assert refused(f"DELETE FROM {table}")  # noqa: S608  ours
    if connection.vendor == "sqlite":
        assert refused(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")  # noqa: S608  ours
    with pytest.raises(DatabaseError), transaction.atomic():
        model._base_manager.all()._raw_delete("default")
    assert model._base_manager.count() == rows


@TABLES
def test_without_the_triggers_it_would_be_done(cast: Cast, model: type[Any]) -> None:
    record_all(cast, timezone.now())
    triggers.lift("default")
    table = model._meta.db_table
    assert not refused(f"DELETE FROM {table}")  # noqa: S608  ours


@pytest.mark.parametrize("vendor", ["sqlite", "postgresql"])
def test_both_databases_have_a_guard_of_each_kind(vendor: str) -> None:
    asked = guards.guards()
    for model in CHANGES:
        for kind in ("no_change", "no_delete", "no_replace"):
            entry = asked[f"{model._meta.model_name}_{kind}"]
            assert entry.table == model._meta.db_table
            assert guards.creating(entry, vendor)


@TABLES
def test_retention_takes_it_when_its_time_is_over_and_not_before(
    cast: Cast, model: type[Any]
) -> None:
    now = timezone.now()
    record_all(cast, now - KEEP - DAY)
    Acknowledgement.objects.create(
        person_id=cast.olga.pk, name="x", number=1, sha256="x", at=now - KEEP - DAY
    )
    holding = HOLDINGS[model._meta.label]
    if model is PolicyVersion:
        assert RULES[holding.rule].keep is None
        return
    assert holding.store.purge(now - KEEP, at_most=100) == 1
    assert holding.store.overdue(now - KEEP) == 0


def test_a_sealed_column_may_be_sealed_anew(cast: Cast) -> None:
    record_all(cast, timezone.now())
    rotate_data_key(INSTALLATION)
    training = Training.objects.get()
    field: Any = Training._meta.get_field("evidence")
    assert reseal(training, field)
    assert Training.objects.get().evidence.reveal() == "A certificate."
