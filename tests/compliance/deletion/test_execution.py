"""A deletion is carried out, place by place, and proved (RET-2)."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from compliance import clocks
from compliance.deletion import certificates, execution
from compliance.deletion.execution import (
    DeletionsFailed,
    due,
    execute,
    process,
    process_due,
    start_soon,
)
from compliance.deletion.models import DeletionRequest, LegalHold
from compliance.deletion.services import (
    DeletionRefused,
    approve_hold,
    ask_hold,
    release_hold,
    withdraw,
)
from compliance.deletion.verification import findings
from marketplaces.models import Connection, Order
from plugseller.accounts.models import Seller, User
from plugseller.audit.models import Entry
from plugseller.crypto.models import DataKey
from plugseller.custody import ledger
from plugseller.custody.models import Tombstone
from plugseller.custody.services import is_buried
from plugseller.custody.walking import erase_holding
from plugseller.jobs import leases
from plugseller.jobs.models import Lease, OutgoingMail
from plugseller.shelves import HOLDINGS, Scope
from tests.compliance.deletion.asked import (
    GRACE,
    by_letter,
    by_owner,
    mails_to,
    subjects_to,
)
from tests.compliance.inhabited import EMPTY, Lived, apart, held, lived_in
from tests.conftest import person

Status = DeletionRequest.Status
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _apart(settings: Any, tmp_path: Path) -> None:
    apart(settings, tmp_path)


@pytest.fixture
def carl(db: None) -> User:
    return person("carl", staff_role="officer")


@pytest.fixture
def two(carl: User) -> tuple[Lived, Lived]:
    return lived_in("north", staff=carl), lived_in("south", staff=carl)


def gone(lived: Lived, *, now: datetime, **more: Any) -> DeletionRequest:
    """The account's deletion, asked for and carried out."""
    request = by_owner(lived.owner, lived.seller, now=now, **more)
    execute(request, now + GRACE)
    request.refresh_from_db()
    return request


def hold(
    request: DeletionRequest, carl: User, places: list[str], now: datetime
) -> LegalHold:
    other = User.objects.filter(email="otto@example.test").first() or person(
        "otto", staff_role="officer"
    )
    asked = ask_hold(
        actor=carl,
        request=request,
        holdings=places,
        reason="A court asks for the orders",
        legal_basis="Section 147 of the fiscal code",
        ends_at=now + 80 * DAY,
        now=now,
    )
    return approve_hold(actor=other, hold=asked, now=now)


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


# Legal holds.


def test_a_hold_on_orders_keeps_them_and_what_they_hang_on(
    two: tuple[Lived, Lived], carl: User, now: datetime
) -> None:
    """The rest is deleted; the certificate says what stays, and why (edge 10)."""
    north, _ = two
    request = by_owner(north.owner, north.seller, now=now)
    hold(request, carl, ["marketplaces.Order"], now)
    then = now + GRACE

    done = execute(request, then)

    request.refresh_from_db()
    assert (done.outcome, request.status) == (Status.ON_HOLD, Status.ON_HOLD)
    kept = set(request.outcomes.filter(ended_at=None).values_list("holding", flat=True))
    assert kept == {
        "marketplaces.Order",
        "marketplaces.Connection",
        "accounts.Seller",
    }
    orders = Order.objects.across_sellers(reason="test")
    assert orders.filter(seller=north.seller).count() == 6
    assert not User.objects.filter(pk=north.owner.pk).exists()
    keys = DataKey.objects.filter(owner=north.seller.pk)
    assert keys.exclude(destroyed_at=None).count() == 1
    [certificate] = request.certificates.all()
    listed = {one["place"]: one for one in certificate.body["on_hold"]}
    assert listed.keys() == kept
    assert "Section 147" in listed["marketplaces.Order"]["why"]
    assert listed["marketplaces.Order"]["left"] == 6
    assert listed["marketplaces.Order"]["ends_or_is_reviewed_at"]
    assert list(clocks.running())  # the promise's clock has no pause
    # Looked at again, nothing more happens.
    assert [one.outcome for one in process_due(then + DAY)] == [Status.ON_HOLD]
    assert request.certificates.count() == 1


def test_a_released_hold_finishes_by_itself_and_a_new_version_is_issued(
    two: tuple[Lived, Lived], carl: User, now: datetime
) -> None:
    north, _ = two
    request = by_owner(north.owner, north.seller, now=now)
    standing = hold(request, carl, ["marketplaces.Order"], now)
    execute(request, now + GRACE)
    release_hold(actor=carl, hold=standing, now=now + 4 * DAY)

    [done] = process_due(now + 4 * DAY)

    assert done.outcome == Status.COMPLETED
    versions = list(request.certificates.all())
    assert [one.version for one in versions] == [2, 1]
    assert versions[0].body["on_hold"] == []
    assert not Seller.objects.filter(pk=north.seller.pk).exists()
    places = {one["place"]: one for one in versions[0].body["places"]}
    assert places["marketplaces.Order"]["erased"] == 6


def test_a_hold_that_is_placed_while_it_runs_stops_before_the_next_place(
    two: tuple[Lived, Lived],
    carl: User,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is gone by then is listed (edge 11)."""
    north, _ = two
    request = by_owner(north.owner, north.seller, now=now)
    does = erase_holding

    def held_in_between(holding: Any, *args: Any, **kwargs: Any) -> int:
        removed = does(holding, *args, **kwargs)
        if holding.name == "marketplaces.OrderItem":
            request.refresh_from_db()
            hold(request, carl, [], now + GRACE)
        return removed

    monkeypatch.setattr(execution, "erase_holding", held_in_between)
    done = execute(request, now + GRACE)
    request.refresh_from_db()
    assert (done.outcome, request.status) == (Status.ON_HOLD, Status.ON_HOLD)
    orders = Order.objects.across_sellers(reason="test")
    assert orders.filter(seller=north.seller).count() == 6
    [certificate] = request.certificates.all()
    places = {one["place"]: one for one in certificate.body["places"]}
    assert places["marketplaces.OrderItem"]["erased"] == 12
    assert places["marketplaces.Order"]["erased"] == 0
    assert places["marketplaces.Order"]["after"] == 6


def test_a_hold_on_everything_lets_nothing_begin(
    two: tuple[Lived, Lived], carl: User, now: datetime
) -> None:
    north, _ = two
    request = by_owner(north.owner, north.seller, now=now)
    before = held(north.whole())
    hold(request, carl, [], now)
    assert process_due(now + GRACE) == []
    after = held(north.whole())
    assert {n for n in before if before[n] > after[n]} == set()


def test_a_held_sealed_value_keeps_its_key(
    two: tuple[Lived, Lived], carl: User, now: datetime
) -> None:
    north, _ = two
    request = by_owner(north.owner, north.seller, now=now)
    hold(request, carl, ["jobs.OutgoingMail"], now)
    execute(request, now + GRACE)
    request.refresh_from_db()
    assert request.status == Status.ON_HOLD
    assert DataKey.objects.get(owner=north.seller.pk).destroyed_at is None
    mail = OutgoingMail.objects.filter(owner=north.seller.pk).first()
    assert mail is not None
    assert mail.content.reveal()["to"] == north.owner.email


# Two workers, late things, and the end.


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
