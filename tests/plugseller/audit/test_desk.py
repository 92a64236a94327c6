"""The officer's view of the log: finds by person, seller, kind, time; logged itself."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from plugseller.accounts.admin import audit as auditdesk
from plugseller.audit.checkpoints import sign_checkpoint
from plugseller.audit.jobs import check
from plugseller.audit.models import Entry
from plugseller.audit.services import Acting, acting, record, record_access
from plugseller.shelves import By
from tests.conftest import Cast, signed_in

LIST = "/admin/audit/entry/"
SEARCH = f"{LIST}search/"


@pytest.fixture
def carl(cast: Cast) -> Client:
    with acting(Acting(kind=By.PERSON, user_id=cast.bob.pk)):
        record_access("orders.list", actor=cast.bob, seller_id=cast.north.pk, rows=7)
    with acting(Acting(kind=By.JOB, via="sync.due")):
        record("sync.run", seller_id=cast.south.pk, rows=3)
    return signed_in(cast.carl)


def found(client: Client, **asked: str) -> list[str]:
    answer: Any = client.post(SEARCH, asked, follow=True)
    assert answer.status_code == 200
    return [entry.event for entry in answer.context["cl"].result_list]


def test_it_finds_by_person_seller_kind_event_and_time(
    cast: Cast, carl: Client
) -> None:
    today = timezone.now().date()
    assert found(carl, person="BOB@example.test") == ["read.orders.list"]
    assert "sync.run" in found(carl, seller="south")
    assert "read.orders.list" not in found(carl, seller="south")
    assert found(carl, kind="read") == ["read.orders.list"]
    assert found(carl, event="sync.run") == ["sync.run"]
    assert found(carl, event="sync.run", since=f"{today}", until=f"{today}") != []
    assert found(carl, event="sync.run", until=f"{today - timedelta(days=1)}") == []
    assert len(found(carl)) > 2


def test_no_e_mail_address_gets_into_an_address_or_an_entry(
    cast: Cast, carl: Client
) -> None:
    answer = carl.post(SEARCH, {"person": "bob@example.test", "kind": "read"})
    assert answer["Location"] == f"{LIST}?person={cast.bob.pk}&kind=read"
    unknown: Any = carl.post(SEARCH, {"person": "no@example.test"}, follow=True)
    assert "There is no such person." in unknown.content.decode()
    assert "no@example.test" not in unknown.content.decode()
    for entry in Entry.objects.filter(event="audit.read"):
        assert "@" not in str(entry.additional_data)


def test_reading_the_log_is_logged(cast: Cast, carl: Client) -> None:
    entry = Entry.objects.filter(event="read.orders.list").get()
    carl.get(f"{LIST}?seller={cast.north.pk}&kind=read")
    carl.get(f"{LIST}{entry.pk}/change/")
    listed, opened = Entry.objects.filter(event="audit.read").order_by("id")
    assert (listed.actor_id, listed.seller_id, listed.rows) == (
        cast.carl.pk,
        cast.north.pk,
        1,
    )
    assert listed.additional_data == {"filters": ["kind", "seller"]}
    assert (opened.seller_id, opened.object_pk) == (cast.north.pk, str(entry.pk))


@pytest.mark.parametrize(
    "query",
    [
        "person=x",
        "seller=1",
        "kind=x",
        "until=9999-12-31",
        "since=x",
        "agent__contains=a",
        "actor__password__startswith=a",
    ],
)
def test_nonsense_and_other_look_ups_find_nothing(carl: Client, query: str) -> None:
    answer = carl.get(f"{LIST}?{query}")
    assert answer.status_code in (302, 400)


def test_nobody_else_searches(cast: Cast, carl: Client) -> None:
    for person in (cast.alice, cast.olga):
        client = signed_in(person)
        assert client.get(LIST).status_code in (302, 403)
        answer = client.post(SEARCH, {"person": "bob@example.test"})
        assert str(cast.bob.pk) not in answer.get("Location", "")
    assert Client().post(SEARCH).status_code == 302
    assert carl.get(SEARCH).status_code == 405


def test_it_shows_the_last_proof(carl: Client) -> None:
    assert "There is no checkpoint yet" in carl.get(LIST).content.decode()
    sign_checkpoint(timezone.now())
    seen = check(timezone.now())
    page = carl.get(LIST).content.decode()
    assert "the log is whole" in page
    assert f"({seen.entries} entries)" in page
    entry = Entry.objects.get(event="audit.verified")
    assert entry.additional_data["whole"] is True
    assert f"Last checkpoint: entry {seen.witnessed_to}" in page


def test_nothing_is_counted_to_its_end(
    carl: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auditdesk, "MOST", 60)
    Entry.objects.bulk_create(
        Entry(event="sync.run", action=1, actor_kind="job") for _ in range(200)
    )
    with CaptureQueriesContext(database) as queries:
        answer: Any = carl.get(f"{LIST}?event=sync.run")
    assert answer.context["cl"].result_count == 60
    counts = [q["sql"] for q in queries if "COUNT(*)" in q["sql"]]
    assert counts
    assert all("LIMIT 60" in sql for sql in counts if "audit_entry" in sql)


def test_each_search_is_served_by_an_index(cast: Cast, carl: Client) -> None:
    Entry.objects.bulk_create(
        Entry(event=("sync.run", "row.changed")[n % 2], action=1, actor_kind="job")
        for n in range(3_000)
    )
    with database.cursor() as cursor:
        cursor.execute("ANALYZE audit_entry")
        if database.vendor == "postgresql":
            cursor.execute("SET enable_seqscan = off")
    try:
        for query in (
            "",
            f"person={cast.bob.pk}",
            f"seller={cast.north.pk}",
            "kind=read",
            "event=sync.asked",
            "since=2026-01-01",
        ):
            with CaptureQueriesContext(database) as queries:
                assert carl.get(f"{LIST}?{query}").status_code == 200
            for sql in [q["sql"] for q in queries]:
                if "COUNT" in sql and query in ("", "since=2026-01-01"):
                    continue  # the first so many rows of whatever order
                if 'FROM "audit_entry"' in sql and sql.startswith("SELECT"):
                    assert not _reads_all(sql), (query, sql)
    finally:
        if database.vendor == "postgresql":
            with database.cursor() as cursor:
                cursor.execute("RESET enable_seqscan")


def _reads_all(sql: str) -> bool:
    prefix = "EXPLAIN QUERY PLAN" if database.vendor == "sqlite" else "EXPLAIN"
    with database.cursor() as cursor:
        cursor.execute(f"{prefix} {sql}")
        plan = [str(line[-1]).strip() for line in cursor.fetchall()]
    return any(
        line in ("SCAN audit_entry",) or "Seq Scan on audit_entry" in line
        for line in plan
    )


def test_the_catalogue_is_printed_for_people_and_programs(capsys: Any) -> None:
    import json

    from plugseller.shelves import EVENTS

    call_command("audit_catalogue")
    assert "looked at orders" in capsys.readouterr().out
    call_command("audit_catalogue", "--json")
    told = json.loads(capsys.readouterr().out)
    assert told["events"] == len(EVENTS) == len(told["rows"])
    assert {row["event"] for row in told["rows"]} == set(EVENTS)
    assert all(row["by"] and row["sentence"] for row in told["rows"])
