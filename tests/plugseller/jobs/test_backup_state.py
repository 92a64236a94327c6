"""What is wrong with backups is told: late, never proved, proved wrong (row 38)."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from plugseller.accounts.models import Seller
from plugseller.custody.models import Backup
from plugseller.jobs import backups
from plugseller.jobs.backups import BackupTrouble
from tests.plugseller.jobs.conftest import NOW, files_of

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def row(**fields: Any) -> Backup:
    """A record of a backup; `fields` say how old and how proved."""
    told = {"made_at": NOW, "outcome": "made", **fields}
    return Backup.objects.create(
        id=uuid4(), period="2026-11-28", expires_at=NOW + 28 * DAY, **told
    )


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("backup_places")
def test_the_job_makes_one_and_the_next_proves_it_and_both_are_told_when_missing(
    north: Seller, settings: Any
) -> None:
    assert "No backup was made yet" in backups.state(NOW).sentence
    assert backups.verify_due(NOW) is None
    assert backups.make_due(NOW) is not None
    assert "No backup was proved yet" in backups.state(NOW).sentence
    assert backups.verify_due(NOW) is not None
    assert backups.verify_due(NOW + 6 * DAY) is None  # weekly, not hourly
    assert backups.state(NOW).ok
    late = backups.state(NOW + 27 * HOUR)
    assert not late.ok
    assert "The last backup is of 2026-11-28 13:30" in late.sentence
    settings.BACKUP_FOLDER = ""
    assert backups.make_due(NOW) is None
    assert "BACKUP_FOLDER is empty" in backups.state(NOW).sentence
    assert backups.trouble(NOW) == ""
    settings.PRODUCTION = True
    assert "BACKUP_FOLDER is empty" in backups.trouble(NOW)
    with pytest.raises(CommandError, match="BACKUP_FOLDER=/backup/plugseller"):
        call_command("backup")


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("backup_places")
def test_one_that_proves_wrong_is_told_until_another_proves_right(
    north: Seller,
) -> None:
    file, _ = files_of(backups.make(NOW))
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(BackupTrouble, match="was changed or cut"):
        backups.verify_due(NOW)
    assert "isn't right" in backups.state(NOW).sentence
    assert backups.verify_due(NOW + HOUR) is None  # that one is known to be broken
    backups.make(NOW + DAY)
    assert "isn't right" in backups.state(NOW + DAY).sentence
    assert backups.verify_due(NOW + DAY) is not None
    assert backups.state(NOW + DAY).ok


@pytest.mark.django_db
@pytest.mark.usefixtures("backup_places")
def test_a_proof_that_was_missed_is_told() -> None:
    row(verified_at=NOW - 14 * DAY, verified=True)
    assert backups.state(NOW).ok
    assert "No backup was proved since" in backups.state(NOW + HOUR).sentence


@pytest.mark.django_db
@pytest.mark.usefixtures("backup_places")
def test_a_backup_of_a_clock_that_was_ahead_hides_no_missing_one() -> None:
    row(made_at=NOW + 400 * DAY, verified_at=NOW + 400 * DAY, verified=True)
    assert "No backup was made yet" in backups.state(NOW).sentence
    row(made_at=NOW, verified_at=NOW, verified=True)
    assert "The last backup is of" in backups.state(NOW + 2 * DAY).sentence
