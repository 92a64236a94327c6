"""Every way to insert an entry chains it, and two writers never fork the chain."""

import multiprocessing
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.conf import settings
from django.db import close_old_connections, connection, transaction

from plugseller.accounts.models import Seller
from plugseller.audit.chain import GENESIS
from plugseller.audit.models import Entry
from plugseller.audit.services import UnknownEvent, record
from plugseller.audit.verify import verify
from tests.conftest import Cast
from tests.plugseller.audit.writer import write_entries


def _links() -> list[tuple[int, str, str]]:
    return list(Entry.objects.order_by("id").values_list("id", "previous_hash", "hash"))


def test_entries_are_numbered_from_one_and_each_names_the_one_before(
    log: list[int],
) -> None:
    links = _links()
    assert [number for number, _, _ in links] == log == list(range(1, 41))
    assert [before for _, before, _ in links] == [GENESIS, *(h for _, _, h in links)][
        :-1
    ]


@pytest.mark.django_db
def test_every_way_to_insert_chains(cast: Cast) -> None:
    made = Entry.objects.count()
    cast.north.time_zone = "north-two"
    cast.north.save()  # auditlog's receiver
    Entry.objects.log_create(cast.north, force_log=True, action=3, changes=None)
    Entry.objects.create(event="sync.run", action=1, actor_kind="job")
    Entry(event="sync.run", action=1, actor_kind="job").save()
    entries = [Entry(event="sync.run", action=1, actor_kind="job") for _ in range(3)]
    Entry.objects.bulk_create(entries)
    record("sync.run")
    assert [entry.pk for entry in entries] == [made + 5, made + 6, made + 7]
    seen = verify()
    assert seen.entries == made + 8
    assert seen.findings == []


def test_a_transaction_that_is_rolled_back_leaves_no_gap(log: list[int]) -> None:
    with transaction.atomic():
        record("sync.run")
        transaction.set_rollback(True)
    assert record("sync.run") == log[-1] + 1
    assert verify().is_whole


@pytest.mark.django_db
def test_an_event_that_is_in_no_catalogue_is_refused() -> None:
    with pytest.raises(UnknownEvent, match="such_thing"):
        record("no.such_thing")
    assert not Entry.objects.exists()


@pytest.mark.django_db
def test_a_record_is_one_turn_and_one_insert(django_assert_num_queries: Any) -> None:
    record("sync.run")
    with django_assert_num_queries(2):  # the head, the insert
        record("sync.run", rows=3, details={"pages": 2})


@pytest.mark.django_db
@pytest.mark.parametrize(
    "value",
    [
        "NUL\0 inside",
        "lone \ud800 surrogate",
        "escape \x1b[31m",
        "line\nbreak",
        10**30,
        -1,
        3.25,
        [],
        {"b": 1, "a": {"d": None, "c": False}},
        "é e\u0301 \u2028 \U0001f600",
    ],
    ids=ascii,
)
def test_any_detail_is_kept_so_that_it_verifies(value: object) -> None:
    record("sync.run", details={"value": value})
    assert verify().findings == []


@pytest.mark.django_db
def test_a_detail_that_is_an_object_is_refused(cast: Cast) -> None:
    with pytest.raises(TypeError, match="User"):
        record("sync.run", details={"who": cast.alice})


@pytest.mark.django_db(transaction=True)
def test_threads_do_not_fork_the_chain() -> None:
    def write(worker: int) -> None:
        try:
            for turn in range(20):
                with transaction.atomic():
                    if turn % 3:
                        Seller.objects.create(
                            slug=f"s{worker}-{turn}", name="x", time_zone="UTC"
                        )
                    record("sync.run", details={"worker": worker, "turn": turn})
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, range(6)))
    seen = verify()
    assert seen.findings == []
    assert seen.entries == seen.last == 6 * (20 + 13)


@pytest.mark.django_db(transaction=True)
def test_processes_do_not_fork_the_chain() -> None:
    close_old_connections()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    os.environ["PLUGSELLER_HOME"] = str(settings.PLUGSELLER_HOME)
    name = connection.settings_dict["NAME"]
    context = multiprocessing.get_context("spawn")
    workers = [
        context.Process(target=write_entries, args=(name, worker, 15))
        for worker in range(3)
    ]
    for worker in workers:
        worker.start()
    for turn in range(15):
        record("sync.run", details={"worker": "parent", "turn": turn})
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    seen = verify()
    assert seen.findings == []
    assert seen.entries == seen.last == 60
