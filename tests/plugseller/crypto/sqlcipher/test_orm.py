"""What the project asks of a database, asked of the encrypted one."""

import datetime as dt
import threading
import uuid
from decimal import Decimal
from urllib.request import urlopen

import pytest
from django.db import (
    DatabaseError,
    IntegrityError,
    OperationalError,
    connection,
    connections,
    transaction,
)
from django.db.models import Avg, Count, F, Max, Q, StdDev, Sum, Value, Window
from django.db.models.functions import (
    Coalesce,
    Concat,
    ExtractYear,
    Lower,
    RowNumber,
    TruncDay,
)
from django.http import HttpRequest, HttpResponse
from django.urls import path
from pytest_django.live_server_helper import LiveServer

from tests.plugseller.crypto.app.models import Thing

pytestmark = pytest.mark.django_db
AT = dt.datetime(2026, 3, 29, 1, 59, 59, 999999, tzinfo=dt.UTC)


def test_every_kind_of_column_comes_back_as_it_went() -> None:
    values = {
        "name": "Ünïcödé 🧵 ' \" % _ \\ \0 end",
        "price": Decimal("12345678.90"),
        "at": AT,
        "day": dt.date(2024, 2, 29),
        "took": dt.timedelta(days=3, microseconds=1),
        "facts": {"a": [1, None, "é"], "b": {"c": 1.5}},
        "raw": bytes(range(256)),
        "code": uuid.uuid4(),
        "seen": True,
        "count": 2**31,
    }
    Thing.objects.create(**values)
    thing = Thing.objects.get()
    assert {name: getattr(thing, name) for name in values} == values
    for name, value in values.items():
        assert Thing.objects.filter(**{name: value}).count() == 1, name


def test_what_sqlite_computes_is_computed() -> None:
    for n in range(10):
        Thing.objects.create(
            name=f"Thing {n}",
            price=Decimal(n) / 4,
            count=n,
            at=AT + dt.timedelta(days=n // 5),
            facts={"n": n, "tags": ["even" if n % 2 == 0 else "odd"]},
        )
    figures = Thing.objects.aggregate(
        Sum("price"), Max("at"), Avg("count"), StdDev("count")
    )
    assert figures["price__sum"] == Decimal("11.25")
    assert figures["at__max"] == AT + dt.timedelta(days=1)
    assert figures["count__avg"] == 4.5
    assert round(figures["count__stddev"], 3) == 2.872
    per_day = (
        Thing.objects.annotate(on=TruncDay("at"))
        .values("on")
        .annotate(n=Count("id"))
        .order_by("on")
    )
    assert [row["n"] for row in per_day] == [5, 5]
    assert Thing.objects.filter(facts__n__gte=8).count() == 2
    assert Thing.objects.filter(facts__tags__0="odd").count() == 5
    assert Thing.objects.filter(name__iregex=r"^thing [12]$").count() == 2
    assert Thing.objects.filter(Q(name__icontains="THING") & ~Q(count=3)).count() == 9
    assert Thing.objects.annotate(y=ExtractYear("at")).filter(y=2026).count() == 10
    ranked = Thing.objects.annotate(
        place=Window(RowNumber(), order_by=F("count").desc())
    )
    assert ranked.get(count=9).place == 1
    named = Thing.objects.annotate(
        label=Concat(Lower("name"), Value("!")), money=Coalesce("price", Decimal(0))
    )
    assert named.get(count=1).label == "thing 1!"
    assert Thing.objects.filter(count__in=range(2_000)).count() == 10


def test_upserts_bulk_writes_and_iterators_work() -> None:
    Thing.objects.bulk_create([Thing(name=f"{n}", count=n) for n in range(2_500)])
    again = [Thing(name=f"{n}", count=n + 1) for n in range(2_400, 2_600)]
    Thing.objects.bulk_create(
        again, update_conflicts=True, unique_fields=["name"], update_fields=["count"]
    )
    assert Thing.objects.count() == 2_600
    assert sum(thing.count for thing in Thing.objects.iterator(chunk_size=100)) == (
        sum(range(2_400)) + sum(range(2_401, 2_601))
    )
    assert Thing.objects.filter(count__lt=10).update(seen=True) == 10
    assert Thing.objects.filter(seen=True).delete()[0] == 10


def test_raw_parameters_in_both_styles_and_many_work() -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO crypto_examples_thing (name, facts, seen, count) "
            "VALUES (%s, '{}', 0, %s)",
            [(f"100%% {n}", n) for n in range(3)],
        )
        cursor.executemany(
            "UPDATE crypto_examples_thing SET count = %(c)s WHERE name = %(n)s",
            [{"n": "100%% 0", "c": 7}],
        )
        cursor.execute("SELECT count(*) FROM crypto_examples_thing WHERE name LIKE '%'")
        assert cursor.fetchone() == (3,)
        cursor.execute(
            "SELECT name FROM crypto_examples_thing WHERE count = %(c)s", {"c": 7}
        )
        assert cursor.fetchone() == ("100%% 0",)


def test_errors_are_djangos_own() -> None:
    Thing.objects.create(name="one")
    with pytest.raises(IntegrityError), transaction.atomic():
        Thing.objects.create(name="one")
    with pytest.raises(IntegrityError), transaction.atomic():
        Thing.objects.create(name="negative", count=-1)
    with (
        pytest.raises(OperationalError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT * FROM no_such_table")
    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute("not even SQL")
    assert Thing.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_foreign_key_to_nothing_is_refused() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Thing.objects.create(name="orphan", parent_id=12345)
    assert not Thing.objects.exists()


def test_savepoints_roll_back_alone() -> None:
    def fail() -> None:
        with transaction.atomic():
            Thing.objects.create(name="inner")
            raise ZeroDivisionError

    with transaction.atomic():
        Thing.objects.create(name="outer")
        with pytest.raises(ZeroDivisionError):
            fail()
    assert list(Thing.objects.values_list("name", flat=True)) == ["outer"]


def test_locking_rows_is_possible_and_the_connection_is_as_promised() -> None:
    Thing.objects.create(name="one")
    assert Thing.objects.select_for_update().get().name == "one"
    with connection.cursor() as cursor:

        def pragma(name: str) -> object:
            return cursor.execute(f"PRAGMA {name}").fetchone()[0]

        assert pragma("journal_mode") == "wal"
        assert pragma("foreign_keys") == 1
        assert pragma("temp_store") == 2
        assert pragma("busy_timeout") == 20_000
        assert pragma("secure_delete") == 1
        assert pragma("cache_size") == -16 * 1024
    assert vars(connections["default"])["transaction_mode"] == "IMMEDIATE"
    assert connection.features.max_query_params == 999


@pytest.mark.django_db(transaction=True)
def test_threads_that_write_at_once_lose_nothing() -> None:
    thing = Thing.objects.create(name="counter")
    trouble: list[BaseException] = []

    def add() -> None:
        try:
            for _ in range(25):
                with transaction.atomic():
                    row = Thing.objects.select_for_update().get(pk=thing.pk)
                    row.count += 1
                    row.save()
        except BaseException as error:
            trouble.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not trouble
    thing.refresh_from_db()
    assert thing.count == 200


@pytest.mark.django_db(transaction=True)
def test_who_waits_for_another_writer_gets_in_or_is_told_so_in_time() -> None:
    other = connection.copy()
    other.settings_dict["OPTIONS"] = {**other.settings_dict["OPTIONS"], "timeout": 0.3}
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            held.set()
            assert done.wait(20)
        connections.close_all()

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert held.wait(20)
        with pytest.raises(OperationalError, match="locked"):
            other.set_autocommit(
                False, force_begin_transaction_with_broken_autocommit=True
            )
        threading.Timer(0.1, done.set).start()
        other.settings_dict["OPTIONS"]["timeout"] = 20
        other.close()
        other.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
        with other.cursor() as cursor:  # every other statement waits as it did
            assert cursor.execute("PRAGMA busy_timeout").fetchone()[0] == 20_000
    finally:
        done.set()
        holder.join()
        other.rollback()
        other.close()


def look_and_write(request: HttpRequest) -> HttpResponse:
    Thing.objects.create(name="written by the server")
    return HttpResponse(
        ", ".join(Thing.objects.order_by("pk").values_list("name", flat=True))
    )


urlpatterns = [path("things", look_and_write)]


@pytest.mark.urls(__name__)
def test_a_live_server_and_its_test_share_the_file(live_server: LiveServer) -> None:
    """The server's thread answers from a connection of its own."""
    Thing.objects.create(name="written by the test")
    with urlopen(f"{live_server.url}/things") as answer:  # noqa: S310  our own server
        assert answer.read() == b"written by the test, written by the server"
    assert Thing.objects.count() == 2
