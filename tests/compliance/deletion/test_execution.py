"""A deletion is carried out, place by place, and proved (RET-2)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from compliance import clocks
from compliance.deletion import certificates, execution
from compliance.deletion.execution import (
    DeletionsFailed,
    due,
    execute,
    process,
    process_due,
)
from compliance.deletion.models import DeletionRequest
from compliance.deletion.services import (
    DeletionRefused,
    withdraw,
)
from marketplaces.models import Connection, Order
from plugseller.accounts.models import Seller, User
from plugseller.audit.models import Entry
from plugseller.crypto.models import DataKey
from plugseller.custody import ledger
from plugseller.custody.models import Tombstone
from plugseller.custody.services import is_buried
from plugseller.shelves import HOLDINGS
from tests.compliance.deletion.asked import (
    GRACE,
    by_letter,
    by_owner,
    subjects_to,
)
from tests.compliance.deletion.carrying_out import _apart, carl, gone, hold, two
from tests.compliance.inhabited import EMPTY, Lived, apart, held

__all__ = ["_apart", "carl", "two"]  # fixtures

Status = DeletionRequest.Status
DAY = timedelta(days=1)


def test_a_whole_account_goes_and_is_certified(
    two: tuple[Lived, Lived], now: datetime
) -> None:
    north, south = two
    request = by_owner(north.owner, north.seller, now=now)
    assert not due(now).exists()
    of_south = held(south.whole())

    done = execute(request, now + GRACE)

    assert (done.outcome, done.failed, done.found) == (Status.COMPLETED, False, 0)
    request.refresh_from_db()
    assert (request.status, request.is_open) == (Status.COMPLETED, False)
    assert held(south.whole()) == of_south
    assert not Seller.objects.filter(pk=north.seller.pk).exists()
    assert not User.objects.filter(pk__in=[one.pk for one in north.people]).exists()
    for outcome in request.outcomes.all():
        assert outcome.after == 0, outcome.holding
        assert outcome.erased == outcome.before, outcome.holding
        assert outcome.before or outcome.holding in EMPTY, outcome.holding
    assert done.rows == sum(outcome.erased for outcome in request.outcomes.all())
    assert list(clocks.running()) == []


def test_everything_happens_in_its_order(
    two: tuple[Lived, Lived], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Buried, then the ledger, then copies, keys and the rest; the certificate last."""
    north, _ = two
    happened: list[str] = []

    def watched(where: Any, name: str, says: Callable[..., str]) -> None:
        does = getattr(where, name)

        def wrapper(*args: Any, **kwargs: Any) -> Any:
            if said := says(*args, **kwargs):
                happened.append(said)
            return does(*args, **kwargs)

        monkeypatch.setattr(where, name, wrapper)

    watched(execution, "fix", lambda *_, **__: "fixed")
    watched(ledger, "write", lambda *_, **__: "ledger")
    watched(execution, "destroy_data_key", lambda *_, **__: "key")
    watched(execution, "erase_holding", lambda holding, *_, **__: holding.name)
    watched(execution, "findings", lambda *_, **__: "looked")
    watched(certificates, "issue", lambda *_, **__: "certified")
    gone(north, now=now)

    one = dict.fromkeys(happened)
    assert list(one)[:6] == [
        *("fixed", "ledger", "exports", "marketplaces.DataExport", "key"),
        "crypto.DataKey",
    ]
    assert list(one)[-2:] == ["looked", "certified"]
    ranks = [HOLDINGS[name].rank for name in one if name in HOLDINGS]
    assert ranks == sorted(ranks)


def test_the_log_tells_of_each_place_in_numbers_and_names_nobody(
    two: tuple[Lived, Lived], now: datetime
) -> None:
    north, _ = two
    addresses = [one.email for one in north.people]
    request = gone(north, now=now)
    told = Entry.objects.filter(event="deletion.holding_erased")
    places = {entry.additional_data["holding"]: entry for entry in told}
    erased = {one.holding for one in request.outcomes.all() if one.erased}
    assert places.keys() == erased
    orders = places["marketplaces.Order"].additional_data
    assert (orders["before"], orders["erased"], orders["after"]) == (6, 6, 0)
    for event in ("deletion.keys_destroyed", "deletion.certified"):
        assert Entry.objects.filter(event=event).count() == 1
    for entry in Entry.objects.all():
        for address in addresses:
            assert address not in str(vars(entry))
        assert "north" not in str(entry.changes) + str(entry.additional_data)


def test_keys_are_destroyed(two: tuple[Lived, Lived], now: datetime) -> None:
    north, south = two
    owners = [north.seller.pk, *(one.pk for one in north.people)]
    request = gone(north, now=now)
    keys = DataKey.objects.filter(owner__in=owners)
    assert keys.count() == 3
    assert {bytes(key.wrapped) for key in keys} == {b""}
    assert not DataKey.objects.get(owner=south.seller.pk).destroyed_at
    assert request.keys_destroyed_at is not None


def test_after_the_first_key_nobody_can_withdraw(
    two: tuple[Lived, Lived], carl: User, now: datetime
) -> None:
    """Refused with the instant (edge 5)."""
    north, _ = two
    request = by_owner(north.owner, north.seller, now=now, keeps_requester=True)
    hold(request, carl, ["marketplaces.Order"], now)
    execute(request, now + GRACE)
    request.refresh_from_db()
    with pytest.raises(DeletionRefused, match="key was destroyed at 2026-11-26 12:00"):
        withdraw(actor=north.owner, request=request, now=now + GRACE)


def test_what_is_gone_is_in_the_ledger_and_on_the_suppression_list(
    two: tuple[Lived, Lived], now: datetime
) -> None:
    north, _ = two
    ids = {
        Tombstone.Kind.SELLER: [north.seller.pk],
        Tombstone.Kind.CONNECTION: [one.pk for one in north.connections],
        Tombstone.Kind.PERSON: [one.pk for one in north.people],
    }
    request = gone(north, now=now)
    lines = ledger.read()
    assert {line.request for line in lines} == {request.reference}
    for kind, values in ids.items():
        for value in values:
            assert is_buried(kind, value)
            assert any(line.kind == kind and line.names(value) for line in lines)
    assert len(lines) == sum(map(len, ids.values()))


def test_nothing_is_erased_without_the_ledger(
    two: tuple[Lived, Lived], now: datetime, settings: Any, tmp_path: Path
) -> None:
    """And the request stays open, is tried again, and officers are told, not twice."""
    north, _ = two
    request = by_owner(north.owner, north.seller, now=now)
    before = held(north.whole())
    (tmp_path / "file").write_text("")
    settings.DELETION_LEDGER = tmp_path / "file" / "deletions.jsonl"

    for later in (GRACE, GRACE + timedelta(minutes=5)):
        [done] = process_due(now + later)
        assert (done.outcome, done.failed) == ("failed", True)
    with pytest.raises(DeletionsFailed, match=request.reference):
        process(now + GRACE)

    request.refresh_from_db()
    assert request.status == Status.EXECUTING
    after = held(north.whole())
    changed = {name for name in before if before[name] != after[name]}
    assert changed <= {"jobs.OutgoingMail", "django_q.OrmQ", "mail files"}
    failed = [s for s in subjects_to("carl@example.test") if "can't be carried" in s]
    assert failed == [f"{request.reference} can't be carried out"]
    assert Entry.objects.filter(event="deletion.failed").exists()
    apart(settings, tmp_path)
    [done] = process_due(now + GRACE)
    assert done.outcome == Status.COMPLETED


def test_who_keeps_their_account_stays_with_it(
    two: tuple[Lived, Lived], now: datetime
) -> None:
    north, _ = two
    request = gone(north, now=now, keeps_requester=True)
    assert request.status == Status.COMPLETED
    north.owner.refresh_from_db()
    assert north.owner.is_active
    assert not User.objects.filter(pk=north.viewer.pk).exists()
    assert DataKey.objects.get(owner=north.owner.pk).destroyed_at is None


def test_who_belongs_to_another_seller_as_well_stays(
    two: tuple[Lived, Lived], now: datetime
) -> None:
    north, south = two
    from plugseller.accounts.roles import Role
    from plugseller.accounts.services import join

    join(actor=None, seller=south.seller, user=north.viewer, role=Role.VIEWER)
    request = gone(north, now=now)
    assert request.status == Status.COMPLETED
    assert request.people == [str(north.owner.pk)]
    north.viewer.refresh_from_db()
    assert north.viewer.is_active


def test_one_of_two_connections_goes(two: tuple[Lived, Lived], now: datetime) -> None:
    north, _ = two
    first, second = north.connections
    request = gone(north, now=now, connection=first)
    assert request.status == Status.COMPLETED
    assert not Connection.objects.of_seller(north.seller, frozen=True).filter(
        pk=first.pk
    )
    orders = Order.objects.across_sellers(reason="test")
    assert not orders.filter(connection=first).exists()
    assert orders.filter(connection=second).count() == 3
    assert DataKey.objects.get(owner=north.seller.pk).destroyed_at is None
    assert User.objects.filter(pk=north.owner.pk, is_active=True).exists()
    assert request.keys_destroyed_at is not None  # the point of no return


def test_an_address_of_nobody_we_know_is_searched_and_goes(
    two: tuple[Lived, Lived], carl: User, now: datetime
) -> None:
    from compliance.deletion.services import verify_requester

    address = "invited@elsewhere.test"
    request = by_letter(carl, now=now, email=address)
    verify_requester(actor=carl, request=request, identity="By mail", now=now)
    request.refresh_from_db()
    execute(request, now + GRACE)
    request.refresh_from_db()
    assert request.status == Status.COMPLETED
    [place] = request.outcomes.filter(erased__gt=0)
    assert (place.holding, place.erased) == ("accounts.Invitation", 2)
