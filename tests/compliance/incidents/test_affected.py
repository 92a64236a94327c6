"""Whom an incident affects is computed, kept with its hash, and owes a notice."""

import csv
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from compliance.incidents.affected.models import AffectedList
from compliance.incidents.affected.reach import Window
from compliance.incidents.affected.services import (
    add_seller,
    compute,
    export,
    suggests_amazon,
    usual_window,
)
from compliance.incidents.casework import NoticeDuty
from compliance.incidents.evidence.services import add_file
from compliance.incidents.models import Incident
from compliance.incidents.services import IncidentRefused, advance, merge
from compliance.incidents.services.outcomes import follow_erasures
from compliance.incidents.services.reach import unreachable
from compliance.incidents.services.selfsending import watch
from compliance.incidents.services.sending import unreached_sellers
from marketplaces.models import Connection
from plugseller.accounts.models import Seller, User
from plugseller.audit.models import Entry
from plugseller.audit.services import record
from plugseller.custody.models import Tombstone
from plugseller.custody.services import bury
from tests.compliance.incidents.cases import deliver, duty_of, opened, sent_by
from tests.conftest import Cast, signed_in

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
SELLERS = NoticeDuty.Recipient.SELLERS


@pytest.fixture
def case(cast: Cast) -> Incident:
    return opened(cast.carl, timezone.now())


def read(who: User, seller: object, rows: int, event: str = "read.orders.list") -> None:
    record(event, actor=who, seller_id=seller.pk, rows=rows)  # type: ignore[attr-defined]  # a seller


def account(cast: Cast, marketplace: str = "amazon") -> Connection:
    return Connection.unfenced.create(
        seller=cast.north, marketplace=marketplace, region="eu", account_id="A1"
    )


def window(**narrowed: str) -> Window:
    now = timezone.now()
    return Window(now - HOUR, now + HOUR, **narrowed)


def test_who_was_read_in_the_time_is_affected_and_owed_a_notice(
    cast: Cast, case: Incident
) -> None:
    account(cast)
    read(cast.alice, cast.north, 7)
    read(cast.bob, cast.north, 3, "read.listings.export")
    record("sync.run", seller_id=cast.south.pk, rows=5)  # nobody saw anything
    now = timezone.now()
    found = compute(actor=cast.carl, incident=case, window=window(), now=now)
    [one] = found.sellers
    assert (one["seller"], one["reads"], one["rows"]) == (str(cast.north.pk), 2, 10)
    assert one["marketplaces"] == ["amazon"]
    case.refresh_from_db()
    assert case.marketplaces == ["amazon"]
    assert case.data_kinds == ["marketplace information"]
    assert case.amazon == Incident.Involved.UNKNOWN  # the officer decides
    assert "is involved" in suggests_amazon(found)
    assert duty_of(case, SELLERS).is_needed
    noted = case.timeline.get(what="affected computed").details
    assert (noted["sellers"], noted["sha256"]) == (1, found.sha256)


def test_it_narrows_to_a_person_a_key_a_kind_of_page(
    cast: Cast, case: Incident
) -> None:
    read(cast.alice, cast.north, 7)
    read(cast.charlie, cast.south, 1, "read.listings.list")
    now = timezone.now()

    def sellers(**narrowed: str) -> list[str]:
        found = compute(
            actor=cast.carl, incident=case, window=window(**narrowed), now=now
        )
        return [one["seller"] for one in found.sellers]

    assert sellers(actor=str(cast.charlie.pk)) == [str(cast.south.pk)]
    assert sellers(event="read.orders.") == [str(cast.north.pk)]
    assert sellers(token=str(cast.north.pk)) == []
    assert len(sellers()) == 2


def test_a_connection_reaches_its_seller_though_nobody_read(
    cast: Cast, case: Incident
) -> None:
    leaked = window(connection=str(account(cast).pk))
    now = timezone.now()
    found = compute(actor=cast.carl, incident=case, window=leaked, now=now)
    [one] = found.sellers
    assert (one["reads"], one["data"]) == (0, ["credential"])


def named_account(seller: Seller, name: str, **more: Any) -> Connection:
    """An account that was there the whole time, unless said otherwise."""
    given = {"connected_at": timezone.now() - 48 * HOUR, "region": "eu", **more}
    return Connection.unfenced.create(
        seller=seller, marketplace=name, account_id=uuid4().hex, **given
    )


def test_the_accounts_of_the_time_are_named_in_the_list_the_page_and_the_file(
    cast: Cast, case: Incident
) -> None:
    now = timezone.now()
    amazon = named_account(cast.north, "amazon")
    ended_in_it = named_account(cast.north, "walmart", ended_at=now)
    beside = [
        named_account(cast.north, "amazon", ended_at=now - 2 * HOUR),
        named_account(cast.north, "walmart", connected_at=now + 2 * HOUR),
        named_account(cast.south, "amazon"),  # nobody read of it
    ]
    read(cast.alice, cast.north, 7)
    found = compute(actor=cast.carl, incident=case, window=window(), now=now)
    theirs = sorted([str(amazon.pk), str(ended_in_it.pk)])
    [one] = found.sellers
    assert one["seller"] == str(cast.north.pk)
    assert one["connections"] == theirs
    assert one["marketplaces"] == ["amazon", "walmart"]

    client = signed_in(cast.carl)
    home = f"/admin/compliance/incident/{case.pk}/"
    page = client.get(home + "change/").text
    assert f"<td>{', '.join(theirs)}</td>" in page
    taken = client.get(home + "verbs/affected-file/")
    lines = b"".join(taken.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]  # it streams
    [line] = csv.DictReader(lines)
    assert line["Seller"] == cast.north.name
    assert line["Id"] == str(cast.north.pk)
    assert line["Connections"] == ", ".join(theirs)
    assert line["Marketplaces"] == "amazon, walmart"
    for other in beside:
        assert str(other.pk) not in page + "".join(lines)


def test_a_leaked_account_alone_is_named_and_revoked_by_that_id(
    cast: Cast, case: Incident
) -> None:
    """What the list shows is what containment asks for."""
    leaked = named_account(cast.north, "amazon")
    other = named_account(cast.north, "walmart")
    read(cast.alice, cast.north, 7)
    client = signed_in(cast.carl)
    home = f"/admin/compliance/incident/{case.pk}/"
    asked = window(connection=str(leaked.pk))
    given = {
        "since": f"{asked.since:%Y-%m-%d %H:%M}",
        "until": f"{asked.until:%Y-%m-%d %H:%M}",
        "connection": asked.connection,
    }
    assert client.post(home + "verbs/affected/", given).status_code == 302
    [one] = AffectedList.objects.get().sellers
    assert one["connections"] == [str(leaked.pk)]
    assert one["marketplaces"] == ["amazon"]
    page = client.get(home + "change/").text
    assert f"<td>{leaked.pk}</td>" in page
    assert str(other.pk) not in page
    given = {"action": "revoke-connection", "target": one["connections"][0]}
    assert "amazon account of north" in client.get(home + "verbs/contain/", given).text


def test_who_is_deleted_since_is_listed_as_unreachable(
    cast: Cast, case: Incident
) -> None:
    record("read.orders.list", actor=cast.alice, seller_id=uuid4(), rows=1)
    now = timezone.now()
    found = compute(actor=cast.carl, incident=case, window=window(), now=now)
    assert [one["is_gone"] for one in found.sellers] == [True]
    assert "treat it as involved" in suggests_amazon(found)
    lines = export(
        actor=cast.carl, incident=case, found=found, zone=ZoneInfo("UTC"), now=now
    )
    assert b"unreachable: it isn't here any more" in b"".join(lines)
    assert not duty_of(case, SELLERS).is_needed
    assert "none can be told" in duty_of(case, SELLERS).because


def test_who_is_deleted_after_it_was_listed_holds_up_nothing_and_the_page_says_why(
    cast: Cast, case: Incident, production: Any
) -> None:
    read(cast.alice, cast.north, 7)
    read(cast.charlie, cast.south, 1)
    now = timezone.now()
    compute(actor=cast.carl, incident=case, window=window(), now=now)
    duty = duty_of(case, SELLERS)
    sent_by(cast.carl, duty, now, seller_id=cast.north.pk)
    deliver(now)
    watch(now)
    assert duty_of(case, SELLERS).met_at is None  # South isn't told yet
    bury(Tombstone.Kind.SELLER, cast.south.pk, request="DEL-7K3M-Q9XT", now=now)
    Seller.objects.filter(pk=cast.south.pk).delete()
    watch(now)
    assert duty_of(case, SELLERS).met_at
    page = signed_in(cast.carl).get(f"/admin/compliance/incident/{case.pk}/change/")
    assert f"deleted on {now:%Y-%m-%d} (DEL-7K3M-Q9XT)" in page.text
    assert unreached_sellers(duty) == []


def test_many_that_were_deleted_are_asked_for_once(
    cast: Cast, django_assert_num_queries: Any
) -> None:
    now, ids = timezone.now(), [uuid4() for _ in range(5)]
    for number, one in enumerate(ids[:4]):
        bury(Tombstone.Kind.SELLER, one, request=f"DEL-{number}", now=now)
    with django_assert_num_queries(2):
        gone = unreachable([*ids, cast.north.pk])
    assert [f"(DEL-{number})" in gone[one] for number, one in enumerate(ids)] == [
        *4 * [True],
        False,
    ]
    assert set(gone) == set(ids)
    with django_assert_num_queries(1):
        assert unreachable([cast.north.pk]) == {}


def test_as_long_as_others_wait_an_erasure_changes_nothing(
    cast: Cast, case: Incident
) -> None:
    read(cast.alice, cast.north, 7)
    read(cast.charlie, cast.south, 1)
    now = timezone.now()
    compute(actor=cast.carl, incident=case, window=window(), now=now)
    bury(Tombstone.Kind.SELLER, cast.south.pk, request="DEL-1", now=now)
    Seller.objects.filter(pk=cast.south.pk).delete()
    with CaptureQueriesContext(connection) as asked:
        assert follow_erasures(now) == 0
    assert {query["sql"].split()[0] for query in asked} == {"SELECT"}
    Seller.objects.filter(pk=cast.north.pk).delete()
    assert follow_erasures(now) == 1
    assert follow_erasures(now) == 0


def test_what_a_case_took_in_is_asked_for_once(
    cast: Cast, case: Incident, django_assert_num_queries: Any
) -> None:
    case.refresh_from_db()
    with django_assert_num_queries(1):
        assert case.cases == case.cases == [case.pk]
    part, now = opened(cast.carl, timezone.now()), timezone.now()
    merge(actor=cast.carl, incident=part, into=case, why="One cause.", now=now)
    assert case.cases == [case.pk, part.pk]
    advance(actor=cast.carl, incident=part, status=Incident.Status.TRIAGED, now=now)
    case.refresh_from_db()
    assert case.cases == [case.pk]


def test_the_whole_shows_what_its_part_found_and_owes_its_sellers(
    cast: Cast, case: Incident, production: Any, tmp_path: Path
) -> None:
    production.EVIDENCE_FOLDER = tmp_path
    part, now = opened(cast.carl, timezone.now()), timezone.now()
    read(cast.alice, cast.north, 7)
    found = compute(actor=cast.carl, incident=part, window=window(), now=now)
    kept = add_file(
        actor=cast.carl, incident=part, name="a.txt", content=[b"proof"], now=now
    )
    duty = duty_of(part, SELLERS)
    merge(actor=cast.carl, incident=part, into=case, why="One cause.", now=now)
    assert duty_of(case, SELLERS).is_needed
    assert not duty_of(part, SELLERS).is_needed
    client = signed_in(cast.carl)
    page = client.get(f"/admin/compliance/incident/{case.pk}/change/").text
    assert found.sha256 in page
    assert f"As {part.reference} found" in page
    assert kept.sha256 in page
    assert f"/admin/compliance/incident/{part.pk}/verbs/evidence-open/" in page
    # Who was told of the part isn't told again.
    advance(actor=cast.carl, incident=part, status=Incident.Status.TRIAGED, now=now)
    sent_by(cast.carl, duty, now, seller_id=cast.north.pk)
    deliver(now)
    watch(now)
    part.refresh_from_db()
    merge(actor=cast.carl, incident=part, into=case, why="One cause.", now=now)
    assert unreached_sellers(duty_of(case, SELLERS)) == []
    assert duty_of(case, SELLERS).met_at


def test_who_was_added_by_hand_stays_when_it_is_computed_again(
    cast: Cast, case: Incident
) -> None:
    now = timezone.now()
    add_seller(actor=cast.carl, incident=case, slug="south", now=now)
    with pytest.raises(IncidentRefused, match="already"):
        add_seller(actor=cast.carl, incident=case, slug="south", now=now)
    found = compute(actor=cast.carl, incident=case, window=window(), now=now)
    assert [(one["seller"], one["by_hand"]) for one in found.sellers] == [
        (str(cast.south.pk), True)
    ]
    assert found.number == 2


def test_the_file_is_safe_to_open_and_its_taking_is_noted(
    cast: Cast, case: Incident
) -> None:
    type(cast.north).objects.filter(pk=cast.north.pk).update(name="=1+1")
    read(cast.alice, cast.north, 7)
    now = timezone.now()
    found = compute(actor=cast.carl, incident=case, window=window(), now=now)
    lines = export(
        actor=cast.carl, incident=case, found=found, zone=ZoneInfo("UTC"), now=now
    )
    assert b'"\'=1+1"' in b"".join(lines)
    assert case.timeline.filter(what="affected exported").count() == 1


@pytest.mark.parametrize(
    ("since", "until", "why"),
    [(1, -1, "begins after"), (2, 3, "hasn't come"), (-24 * 800, 0, "two years")],
)
def test_a_time_that_cannot_be_is_refused(
    cast: Cast, case: Incident, since: int, until: int, why: str
) -> None:
    now = timezone.now()
    asked = Window(now + since * HOUR, now + until * HOUR)
    with pytest.raises(IncidentRefused, match=why):
        compute(actor=cast.carl, incident=case, window=asked, now=now)


def test_the_barred_and_others_compute_nothing(
    cast: Cast, case: Incident, clara: User
) -> None:
    case.barred = [str(clara.pk)]
    case.save()
    before = Entry.objects.count()
    now = timezone.now()
    asked = usual_window(case, now)
    for who in (clara, cast.olga, cast.alice):
        with pytest.raises(PermissionDenied):
            compute(actor=who, incident=case, window=asked, now=now)
    assert Entry.objects.count() == before
