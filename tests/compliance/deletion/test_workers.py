"""Two workers, what comes late, and the end of a deletion (RET-2)."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from compliance.deletion import execution
from compliance.deletion.execution import (
    execute,
    process_due,
    start_soon,
)
from compliance.deletion.models import DeletionRequest
from compliance.deletion.verification import findings
from marketplaces.models import Order
from plugseller.accounts.models import Seller, User
from plugseller.audit.models import Entry
from plugseller.crypto.models import DataKey
from plugseller.custody.walking import erase_holding
from plugseller.jobs import leases
from plugseller.jobs.models import Lease, OutgoingMail
from plugseller.shelves import Scope
from tests.compliance.deletion.asked import (
    GRACE,
    by_letter,
    by_owner,
    mails_to,
)
from tests.compliance.deletion.carrying_out import _apart, carl, gone, two
from tests.compliance.inhabited import Lived

__all__ = ["_apart", "carl", "two"]  # fixtures

Status = DeletionRequest.Status
DAY = timedelta(days=1)


def test_a_request_that_another_worker_is_at_is_left_to_it(
    two: tuple[Lived, Lived], now: datetime
) -> None:
    north, _ = two
    request = by_owner(north.owner, north.seller, now=now)
    assert leases.take(f"deletion {request.pk}", now=timezone.now())
    assert execute(request, now + GRACE).outcome == "busy elsewhere"
    assert Seller.objects.filter(pk=north.seller.pk).exists()


def test_a_worker_that_lost_its_lease_removes_nothing_more(
    two: tuple[Lived, Lived], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    north, _ = two
    request = by_owner(north.owner, north.seller, now=now)
    does = erase_holding

    def overslept(holding: Any, *args: Any, **kwargs: Any) -> int:
        if holding.name == "marketplaces.Order":
            ours = Lease.objects.filter(name=f"deletion {request.pk}")
            ours.update(fence=1_000)
        return does(holding, *args, **kwargs)

    monkeypatch.setattr(execution, "erase_holding", overslept)
    with pytest.raises(leases.LeaseLost):
        execute(request, now + GRACE)
    orders = Order.objects.across_sellers(reason="test")
    assert orders.filter(seller=north.seller).count() == 6


def test_what_arrives_while_it_runs_is_found_and_the_places_are_walked_again(
    two: tuple[Lived, Lived], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    north, _ = two
    request = by_owner(north.owner, north.seller, now=now)
    does = findings

    def late(*args: Any, **kwargs: Any) -> Any:
        if not request.steps.filter(what="something was found").exists():
            OutgoingMail.objects.all().update(attempts=0)
            Lease.objects.create(name=f"sync:{north.connections[0].pk}")
        return does(*args, **kwargs)

    monkeypatch.setattr(execution, "findings", late)
    [done] = process_due(now + GRACE)
    assert (done.outcome, done.failed, done.found) == ("something was found", True, 1)
    request.refresh_from_db()
    assert request.status == Status.VERIFYING
    assert not request.certificates.exists()
    [mail] = [m for m in mails_to("carl@example.test") if "still there" in m["subject"]]
    assert "jobs_lease.name" in mail["text"]
    assert str(north.connections[0].pk) not in mail["text"]
    assert Entry.objects.filter(event="deletion.something_found").count() == 1

    [done] = process_due(now + GRACE)
    assert done.outcome == Status.COMPLETED
    place = request.outcomes.get(holding="jobs.Lease")
    assert (place.before, place.erased, place.after) == (2, 3, 0)


def test_who_asked_is_told_and_then_forgotten(
    two: tuple[Lived, Lived], now: datetime
) -> None:
    north, _ = two
    address = north.owner.email
    request = gone(north, now=now)
    last = mails_to(address)[-1]
    assert last["subject"] == f"Done: {request.reference} was carried out"
    process_due(now + 3 * DAY)
    request.refresh_from_db()
    assert request.contact is not None  # the mail hasn't left yet
    OutgoingMail.objects.filter(owner=request.pk).update(state="accepted", done_at=now)

    process_due(now + 3 * DAY)

    request.refresh_from_db()
    assert request.contact is None
    assert DataKey.objects.get(owner=request.pk).destroyed_at is not None
    assert mails_to(address) == []
    assert Entry.objects.filter(event="deletion.requester_forgotten").count() == 1


def test_requests_that_are_joined_are_completed_with_the_one_that_leads(
    two: tuple[Lived, Lived], carl: User, now: datetime
) -> None:
    """By both doors, on one certificate, at the earlier date (edge 17)."""
    north, _ = two
    first = by_owner(north.owner, north.seller, now=now)
    second = by_letter(
        carl,
        now=now + DAY,
        seller=north.seller,
        source=DeletionRequest.Source.MARKETPLACE,
        verified=True,
    )
    second.refresh_from_db()
    assert second.joined_to == first
    execute(first, now + GRACE)
    for one in (first, second):
        one.refresh_from_db()
        assert one.status == Status.COMPLETED
    [certificate] = first.certificates.all()
    assert len(certificate.body["asked_by"]) == 2


def test_the_command_tells_what_became_of_each(
    two: tuple[Lived, Lived], capsys: pytest.CaptureFixture[str]
) -> None:
    north, _ = two
    request = by_owner(north.owner, north.seller, now=timezone.now() - 3 * DAY)
    call_command("process_deletions", "--json")
    [row] = json.loads(capsys.readouterr().out)["rows"]
    assert (row["request"], row["outcome"]) == (request.reference, "completed")
    call_command("process_deletions")
    assert "0 requests were due." in capsys.readouterr().out


def test_the_command_fails_when_one_did(
    two: tuple[Lived, Lived],
    capsys: pytest.CaptureFixture[str],
    settings: Any,
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("")
    settings.DELETION_LEDGER = tmp_path / "file" / "deletions.jsonl"
    north, _ = two
    by_owner(north.owner, north.seller, now=timezone.now() - 3 * DAY)
    with pytest.raises(SystemExit) as ended:
        call_command("process_deletions")
    assert ended.value.code == 1
    assert "LedgerBroken" in capsys.readouterr().out


def test_an_officer_can_have_it_carried_out_now(
    two: tuple[Lived, Lived], carl: User, now: datetime
) -> None:
    from django_q.models import OrmQ

    request = by_owner(two[0].owner, two[0].seller, now=now)
    start_soon(actor=carl, request=request, now=now)
    assert request.steps.filter(what="asked to run", actor_id=carl.pk).exists()
    assert OrmQ.objects.exists()


def test_a_scope_says_nothing_of_addresses() -> None:
    assert "@" not in repr(Scope(addresses=frozenset({"a@example.test"})))
