"""A database put back from a backup certifies nothing that it doesn't know (RET-2)."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from compliance.deletion.certificates import as_file, check_file
from compliance.deletion.execution import process_due
from compliance.deletion.fixing import named
from compliance.deletion.models import DeletionRequest
from compliance.deletion.services import go_on_unattended, withdraw
from plugseller.accounts.models import Seller
from plugseller.custody import ledger
from plugseller.custody.replay import replay
from tests.compliance.deletion.asked import (
    DAY,
    GRACE,
    by_letter,
    by_owner,
    mails_to,
    subjects_to,
)
from tests.compliance.inhabited import Lived, apart, lived_in
from tests.conftest import person
from tests.plugseller.custody.test_gate import put_back as shut

pytestmark = pytest.mark.django_db
Source, Status = DeletionRequest.Source, DeletionRequest.Status
MINUTE = timedelta(minutes=1)


@pytest.fixture
def north(settings: Any, tmp_path: Path, db: None) -> Lived:
    apart(settings, tmp_path)
    return lived_in("north", staff=person("carl", staff_role="officer"))


def put_back(now: datetime) -> None:
    """A restore leaves the row away that opens the gate, and the ledger is replayed."""
    shut()
    replay(now)


def erased_since(request: DeletionRequest, now: datetime, by: str = "") -> None:
    """What the ledger got after the backup: the deletion was carried out."""
    request.connections = []
    for kind, ids in named(request).items():
        ledger.write(kind, ids, request=by or request.reference, now=now)


@pytest.mark.parametrize("by", ["", "DEL-2222-2222"])
def test_what_was_carried_out_after_the_backup_is_certified_as_that(
    north: Lived, now: datetime, by: str
) -> None:
    """By the request itself, or by another one that the backup doesn't hold."""
    request = by_owner(north.owner, north.seller, now=now)
    erased_since(request, now + GRACE, by)
    put_back(now + 3 * DAY)
    assert not Seller.objects.filter(pk=north.seller.pk).exists()

    [done] = process_due(now + 3 * DAY + MINUTE)

    assert done.outcome == Status.COMPLETED
    [certificate] = request.certificates.all()
    told = certificate.body["put_back"]
    assert told["erased_first"] == (now + GRACE).isoformat(timespec="seconds")
    assert told["ledger_lines"] == [1]
    assert "not of the deletion itself" in told["told"]
    assert certificate.version == 2  # the first is in somebody's hands
    assert check_file(as_file(certificate)).is_valid
    assert "further pass" in mails_to(north.owner.email)[-1]["text"]


@pytest.mark.parametrize("verified", [False, True])
def test_it_ends_wherever_it_stood_in_the_backup(
    north: Lived, now: datetime, verified: bool
) -> None:
    """It isn't answered that nothing was deleted."""
    carl = person("clara", staff_role="officer")
    source = Source.MARKETPLACE if verified else Source.LETTER
    request = by_letter(
        carl, now=now, seller=north.seller, source=source, verified=verified
    )
    erased_since(request, now + DAY)
    put_back(now + 2 * DAY)
    process_due(now + 2 * DAY + MINUTE)
    request.refresh_from_db()
    assert request.status == Status.COMPLETED


def test_what_may_have_been_withdrawn_since_the_backup_waits_anew(
    north: Lived, now: datetime
) -> None:
    request = by_owner(north.owner, north.seller, now=now)
    at = now + 5 * DAY
    put_back(at)
    assert process_due(at + MINUTE) == process_due(at + 2 * MINUTE) == []
    request.refresh_from_db()
    assert request.starts_at == at + GRACE
    assert request.steps.filter(what="database put back").count() == 1
    assert "from a backup" in subjects_to("carl@example.test")[-1]
    withdraw(actor=north.owner, request=request, now=at + DAY)
    assert process_due(at + 3 * DAY) == []
    assert Seller.objects.filter(pk=north.seller.pk, frozen_at=None).exists()


def test_without_a_withdrawal_it_goes_on(north: Lived, now: datetime) -> None:
    by_owner(north.owner, north.seller, now=now)
    at = now + 5 * DAY
    put_back(at)
    process_due(at + MINUTE)
    [done] = process_due(at + GRACE)
    assert done.outcome == Status.COMPLETED
    [certificate] = DeletionRequest.objects.get().certificates.all()
    assert certificate.version == 1
    assert "put_back" not in certificate.body


def test_an_objection_lost_with_the_database_can_be_made_again(
    north: Lived, now: datetime
) -> None:
    clara = person("clara", staff_role="officer")
    request = by_letter(
        clara, now=now, seller=north.seller, source=Source.MARKETPLACE, verified=True
    )
    put_back(now + 28 * DAY)
    process_due(now + 28 * DAY + MINUTE)
    go_on_unattended(now + 30 * DAY)
    request.refresh_from_db()
    assert request.status == Status.VERIFIED
    assert request.starts_at == now + 35 * DAY
