"""A seller's Activity page: everything done with its data, by whom, on what ground."""

import csv
import io
import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from plugseller.accounts.models import Grant, User
from plugseller.accounts.roles import Permission, Role
from plugseller.accounts.services import join, leave
from plugseller.audit.models import Entry
from plugseller.audit.services import Acting, acting, record, record_access
from plugseller.shelves import EVENTS, By
from tests.conftest import Cast, person, signed_in

PAGE, FILE = "/s/north/activity", "/s/north/activity.csv"


def text_of(answer: Any) -> str:
    body: str = answer.content.decode().replace("&#x27;", "'")
    return re.sub(r"\s+", " ", body)


def table_of(answer: Any) -> str:
    return text_of(answer).partition("<tbody>")[2].partition("</tbody>")[0]


def read_as(cast: Cast, who: User, **more: Any) -> None:
    with acting(Acting(kind=By.PERSON, user_id=who.pk, **more)):
        record_access("orders.list", actor=who, seller_id=cast.north.pk, rows=7)


@pytest.fixture
def grant(cast: Cast) -> Grant:
    now = timezone.now()
    return Grant.objects.create(
        seller=cast.north,
        person=cast.olga,
        permissions=[Permission.VIEW_ORDERS.value, Permission.VIEW_ACTIVITY.value],
        reason="A sync that stands still",
        ticket="T-77",
        hours=1,
        starts_at=now,
        ends_at=now + timedelta(hours=1),
    )


def test_everybody_who_did_something_is_named_as_the_seller_may_know(
    cast: Cast, grant: Grant
) -> None:
    read_as(cast, cast.bob, role="viewer")
    read_as(cast, cast.olga, role="support", grant_id=grant.pk)
    gone = person("gregor")
    join(actor=None, seller=cast.north, user=gone, role=Role.ANALYST)
    read_as(cast, gone, role="analyst")
    leave(actor=cast.alice, seller=cast.north, user=gone, now=timezone.now())
    with acting(Acting(kind=By.TOKEN, user_id=cast.alice.pk, via="token 1a2b")):
        record("sync.asked", seller_id=cast.north.pk)
    with acting(Acting(kind=By.JOB, via="sync.due")):
        record("sync.run", seller_id=cast.north.pk, rows=3)
    with acting(Acting(kind=By.COMMAND, via="sync as root")):
        record("sync.run", seller_id=cast.north.pk, rows=3)
    signed_in(cast.charlie).get("/s/north/orders")
    told = table_of(signed_in(cast.alice).get(PAGE))
    for words in (
        "Bob",
        "looked at orders",
        "Plug Seller staff, Support",
        "Access granted: A sync that stands still (ticket T-77)",
        "API key of Alice",
        "Plug Seller, by itself (sync.due)",
        "Plug Seller's operator (sync)",
        "fetched from the marketplace",
        "was refused a page",
    ):
        assert words in told, words
    assert re.search(r"Former member [0-9a-f]{6}", told)
    assert re.search(r"Somebody outside [0-9a-f]{6}", told)
    for hidden in ("Olga", "olga@", "Gregor", "gregor@", "Charlie", "root", "T-78"):
        assert hidden not in told, hidden


def test_our_staff_learns_what_was_done_and_nobodys_name(
    cast: Cast, grant: Grant
) -> None:
    read_as(cast, cast.bob, role="viewer")
    answer = signed_in(cast.olga).get(PAGE)
    assert answer.status_code == 200
    told = text_of(answer).replace("Olga", "").replace(cast.olga.email, "")
    assert re.search(r"Member [0-9a-f]{6}", told)
    assert "Viewer" in told
    assert not re.search(r"\bBob\b|\bAlice\b|example\.test", told)


def test_only_who_may_see_it_does_and_only_of_the_own_seller(cast: Cast) -> None:
    record("sync.run", seller_id=cast.south.pk, rows=4_711)
    ann = person("ann")
    join(actor=None, seller=cast.north, user=ann, role=Role.ANALYST)
    for path in (PAGE, FILE):
        for somebody, status in (
            (cast.alice, 200),
            (cast.bob, 403),
            (ann, 403),
            (cast.charlie, 404),
            (cast.olga, 404),
            (cast.carl, 404),
        ):
            answer = signed_in(somebody).get(path)
            assert answer.status_code == status, (path, somebody)
    page = text_of(signed_in(cast.alice).get(PAGE))
    assert "4,711" not in page
    assert 'aria-current="page">Activity' in page
    assert "/activity" not in text_of(signed_in(cast.bob).get("/s/north/"))


def test_reading_the_activity_is_logged_once_each_time(cast: Cast) -> None:
    client = signed_in(cast.alice)
    client.get(f"{PAGE}?kind=read")
    b"".join(client.get(f"{FILE}?event=sync.run"))
    found = Entry.objects.filter(event__startswith="read.activity").order_by("id")
    assert [(e.event, e.seller_id, e.additional_data) for e in found] == [
        ("read.activity.list", cast.north.pk, {"filters": ["kind"]}),
        ("read.activity.export", cast.north.pk, {"filters": ["event"]}),
    ]


def test_filters_narrow_by_kind_person_event_and_period(cast: Cast) -> None:
    read_as(cast, cast.bob, role="viewer")
    with acting(Acting(kind=By.JOB, via="sync.due")):
        record("sync.run", seller_id=cast.north.pk, rows=3)
    client = signed_in(cast.alice)
    today = timezone.now().date()
    for asked, count in (
        ("kind=read", 1),
        (f"who={cast.bob.pk}", 1),
        ("who=ours", 0),
        ("who=programs", 0),
        ("event=sync.run", 1),
        (f"event=sync.run&since={today}&until={today}", 1),
        (f"event=sync.run&until={today - timedelta(days=1)}", 0),
        ("event=sync.run&who=ourselves", 1),
    ):
        Entry.objects.latest()
        page = client.get(f"{PAGE}?{asked}")
        rows = [line for line in page.context["lines"] if "activity" not in line.what]
        assert len(rows) == count, asked
    for nonsense in ("kind=x", f"who={cast.charlie.pk}", "event=x", "since=0001-01-01"):
        assert client.get(f"{PAGE}?{nonsense}").status_code == 400, nonsense
    assert "Nothing fits this filter" in text_of(
        client.get(f"{PAGE}?event=data_key.destroyed&until=2001-01-01")
    )


def test_all_pages_together_hold_each_entry_once(cast: Cast) -> None:
    for count in range(120):
        record("sync.run", seller_id=cast.north.pk, rows=count)
    client, link, seen = signed_in(cast.alice), "?event=sync.run", []
    while link:
        page = client.get(PAGE + link)
        seen += [line.rows for line in page.context["lines"]]
        link = page.context["after"]
    assert seen == list(range(119, -1, -1))
    assert client.get(f"{PAGE}?cursor=nonsense").status_code == 200


def test_queries_do_not_grow_with_entries(cast: Cast, grant: Grant) -> None:
    client = signed_in(cast.alice)
    client.get(PAGE)

    def asked() -> int:
        with CaptureQueriesContext(database) as queries:
            client.get(PAGE)
        return len(queries)

    read_as(cast, cast.olga, role="support", grant_id=grant.pk)
    few = asked()
    for number in range(40):
        somebody = User.objects.create_user(email=f"p{number}@example.test")
        read_as(cast, somebody, role="viewer")
        read_as(cast, cast.olga, role="support", grant_id=grant.pk)
    assert asked() == few


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "?kind=read",
        "?event=sync.run",
        "?who=ours",
        "?since=2026-01-01&until=2099-01-01",
    ],
)
def test_the_sellers_index_serves_the_page(cast: Cast, asked: str) -> None:
    others = [uuid4() for _ in range(20)]
    Entry.objects.bulk_create(
        Entry(event="sync.run", action=1, actor_kind="job", seller_id=others[n % 20])
        for n in range(2_000)
    )
    for count in range(60):
        record("sync.run", seller_id=cast.north.pk, rows=count)
    client = signed_in(cast.alice)
    with database.cursor() as cursor:
        cursor.execute("ANALYZE audit_entry")
    first = client.get(f"{PAGE}{asked}")
    for link in filter(None, (asked or "?", first.context["after"])):
        with CaptureQueriesContext(database) as queries:
            assert client.get(f"{PAGE}{link}").status_code == 200
        (sql,) = [
            q["sql"]
            for q in queries
            if q["sql"].startswith("SELECT") and f"LIMIT {50 + 1}" in q["sql"]
        ]
        prefix = "EXPLAIN QUERY PLAN" if database.vendor == "sqlite" else "EXPLAIN"
        with database.cursor() as cursor:
            cursor.execute(f"{prefix} {sql}")
            plan = " ".join(str(line[-1]) for line in cursor.fetchall())
        assert "audit_of_seller" in plan, plan


def test_the_file_says_the_same_asks_for_the_second_factor_and_is_safe(
    cast: Cast, grant: Grant
) -> None:
    Grant.objects.filter(pk=grant.pk).update(reason='=HYPERLINK("https://x.test")')
    read_as(cast, cast.olga, role="support", grant_id=grant.pk)
    cast.bob.name = "=cmd|' /C calc'!A0"
    cast.bob.save()
    read_as(cast, cast.bob, role="viewer")
    asked = signed_in(cast.alice, confirmed=False).get(FILE)
    assert (asked.status_code, asked["Location"].split("?")[0]) == (
        302,
        "/account/confirm/code",
    )
    answer: Any = signed_in(cast.alice).get(FILE)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    day = timezone.now().date().isoformat()
    assert f"north-activity-{day}.csv" in answer["Content-Disposition"]
    body = b"".join(answer.streaming_content).decode().removeprefix("\ufeff")
    lines = list(csv.DictReader(io.StringIO(body, newline=""), strict=True))
    assert len(lines) == Entry.objects.get(event="read.activity.export").rows
    (by_bob,) = [line for line in lines if line["As"] == "Viewer"]
    assert by_bob["Who"].startswith("'=cmd")
    assert by_bob["What"] == "looked at orders"
    assert not any(cell.startswith("=") for line in lines for cell in line.values())


def test_a_seller_without_entries_is_told_so(cast: Cast) -> None:
    from django.template.loader import render_to_string

    assert "Nothing has been done yet" in render_to_string(
        "accounts/activity.html", {"seller": cast.north, "lines": [], "form": None}
    )


def test_the_page_lists_the_whole_catalogue(cast: Cast) -> None:
    page = text_of(signed_in(cast.alice).get(PAGE))
    told = page.partition("What is logged")[2]
    for event in EVENTS.values():
        assert event.sentence in told, event.name
