"""A package's life: asked for once, whole or not there, gone after its day."""

import io
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from django.utils import timezone

from marketplaces.exporting import building, fetching, services
from marketplaces.exporting.building import build_export
from marketplaces.exporting.files import files
from marketplaces.exporting.packing import Packing
from marketplaces.exporting.services import (
    expire_exports,
    take_back,
    tend_exports,
)
from marketplaces.models import DataExport
from marketplaces.services import freeze_connection
from plugseller.accounts.roles import Role
from plugseller.accounts.services import join
from plugseller.accounts.services.freezing import (
    allow_exports,
    freeze_seller,
    stop_exports,
)
from plugseller.accounts.tenancy import standing_at
from plugseller.audit.models import Entry
from plugseller.crypto.resealing import finish_owner, rotate_owner
from plugseller.crypto.services import destroy_data_key
from plugseller.custody.models import Tombstone
from plugseller.custody.services import bury
from plugseller.jobs import leases
from plugseller.jobs.models import OutgoingMail
from plugseller.shelves import HOLDINGS, Scope
from tests.conftest import person
from tests.marketplaces.console import rows
from tests.marketplaces.console.conftest import World
from tests.marketplaces.exporting.conftest import asked, built, fetched

DAY = timedelta(hours=24)
on_disk = HOLDINGS["exports"].store
in_table = HOLDINGS["marketplaces.DataExport"].store


@pytest.fixture(autouse=True)
def _looks_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rights are looked at with each batch, so that no test has to wait."""
    monkeypatch.setattr(building, "_LOOKS_EVERY", -1.0)
    monkeypatch.setattr(fetching, "_LOOKS_EVERY", -1.0)
    monkeypatch.setattr(fetching, "CHUNK", 10_000)


def events() -> list[str]:
    found = Entry.objects.filter(event__contains="export").order_by("id")
    return list(found.values_list("event", flat=True))


def test_a_package_keeps_the_data_key_it_was_sealed_with(world: World) -> None:
    """ACC-3: a rotation destroys the old key only when the package is gone."""
    made, now = built(world.cast.alice), timezone.now()
    rotate_owner(made.seller_id, now=now)
    assert fetched(made, world.cast.alice)
    assert finish_owner(made.seller_id, now=now + DAY).destroyed == 0
    files.shred(made.file_name)
    assert finish_owner(made.seller_id, now=now + DAY).destroyed == 1


def test_asked_built_and_fetched_are_in_the_audit_log(world: World) -> None:
    made = built(world.cast.alice)
    fetched(made, world.cast.alice)
    assert events() == ["export.asked", "export.built", "read.everything.export"]
    read = Entry.objects.get(event="read.everything.export")
    assert read.actor_id == world.cast.alice.pk
    assert read.rows == made.rows == sum(made.counts.values())
    assert read.additional_data == {"files": len(made.counts), "bytes": made.size}
    made.refresh_from_db()
    assert made.downloads == 1


def test_no_plain_byte_of_it_lies_on_disk(world: World) -> None:
    rows.order(world.north, "111-VERY-PLAIN")
    made = built(world.cast.alice)
    held = (files.folder() / made.file_name).read_bytes()
    assert b"PK\x03\x04" not in held
    assert b"orders" not in held
    assert fetched(made, world.cast.alice).startswith(b"PK")
    assert made.file_name not in str(made.pk)
    assert (files.folder() / made.file_name).stat().st_mode & 0o777 == 0o600
    assert files.folder().stat().st_mode & 0o777 == 0o700


def test_who_asked_is_told_by_mail_without_a_secret(world: World) -> None:
    made = built(world.cast.alice)
    mail = OutgoingMail.objects.get(owner=world.cast.alice.pk).content.reveal()
    assert mail["to"] == world.cast.alice.email
    assert "/s/north/export\n" in mail["text"]
    assert made.file_name not in mail["text"]
    assert str(made.pk) not in mail["text"]


def test_two_who_ask_at_once_get_the_same(world: World) -> None:
    second = person("second")
    join(actor=None, seller=world.cast.north, user=second, role=Role.OWNER)
    assert asked(world.cast.alice) == asked(second)
    assert events() == ["export.asked"]


def test_a_new_one_takes_the_place_of_the_old(
    world: World, django_capture_on_commit_callbacks: Any
) -> None:
    old = built(world.cast.alice)
    with django_capture_on_commit_callbacks(execute=True):
        new = built(world.cast.alice)
    old.refresh_from_db()
    assert (old.state, old.end) == ("ended", "replaced")
    assert not files.is_there(old.file_name)
    assert new.state == "ready"


def test_an_owner_can_remove_it_before_its_time(
    world: World, django_capture_on_commit_callbacks: Any
) -> None:
    made, now = built(world.cast.alice), timezone.now()
    standing = standing_at(world.cast.alice, "north", now=now)
    with django_capture_on_commit_callbacks(execute=True):
        take_back(standing=standing, export=made, now=now)
    made.refresh_from_db()
    assert (made.state, made.end) == ("ended", "taken back")
    assert not files.is_there(made.file_name)
    ended = Entry.objects.get(event="export.ended")
    assert ended.additional_data == {"why": "taken back"}
    assert ended.actor_id == world.cast.alice.pk


def test_it_is_gone_after_its_day(
    world: World, django_capture_on_commit_callbacks: Any
) -> None:
    made = built(world.cast.alice)
    assert made.expires_at
    assert made.ready_at
    assert made.expires_at - made.ready_at == DAY
    standing = standing_at(world.cast.alice, "north", now=timezone.now())
    with pytest.raises(ValidationError, match="gone"):
        fetching.fetch_export(standing=standing, export=made, now=made.expires_at)
    with django_capture_on_commit_callbacks(execute=True):
        assert expire_exports(made.expires_at - timedelta(seconds=1)) == 0
        assert tend_exports(made.expires_at) == 0  # not by the clock
    assert files.is_there(made.file_name)
    with django_capture_on_commit_callbacks(execute=True):
        assert expire_exports(made.expires_at) == 1
    made.refresh_from_db()
    assert (made.state, made.end) == ("ended", "expired")
    assert not files.is_there(made.file_name)


def test_only_who_may_see_all_of_it_may_ask_for_it_or_fetch_it(world: World) -> None:
    made, now = built(world.cast.alice), timezone.now()
    for someone in (world.ann, world.cast.bob, world.sam):
        standing = standing_at(someone, "north", now=now)
        with pytest.raises(PermissionDenied):
            services.ask_export(standing=standing, now=now)
        with pytest.raises(PermissionDenied):
            fetching.fetch_export(standing=standing, export=made, now=now)
        with pytest.raises(PermissionDenied):
            take_back(standing=standing, export=made, now=now)
    assert events() == ["export.asked", "export.built"]


def test_a_right_lost_while_it_is_built_ends_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = person("second")
    join(actor=None, seller=world.cast.north, user=second, role=Role.OWNER)
    made = asked(second)
    write = Packing._json

    def demoted(self: Packing, table: Any) -> None:
        write(self, table)
        join(actor=None, seller=world.cast.north, user=second, role=Role.VIEWER)

    monkeypatch.setattr(Packing, "_json", demoted)
    build_export(made.pk, now=timezone.now())
    made.refresh_from_db()
    assert (made.state, made.end) == ("ended", "right lost")
    assert files.names() == {}


def test_a_right_lost_afterwards_ends_it_and_stops_a_download(
    world: World, django_capture_on_commit_callbacks: Any
) -> None:
    second = person("second")
    join(actor=None, seller=world.cast.north, user=second, role=Role.OWNER)
    rows.many_orders(world.north, 4_000)
    made, now = built(second), timezone.now()
    pieces = fetching.fetch_export(
        standing=standing_at(second, "north", now=now), export=made, now=now
    )
    next(pieces)
    join(actor=None, seller=world.cast.north, user=second, role=Role.VIEWER)
    with pytest.raises(PermissionDenied):
        list(pieces)
    with django_capture_on_commit_callbacks(execute=True):
        tend_exports(now)
    made.refresh_from_db()
    assert made.end == "right lost"
    assert not files.is_there(made.file_name)


def test_a_new_one_is_refused_once_the_deletion_has_begun(world: World) -> None:
    """Its key would be a new one, and outlive the seller."""
    made, now = asked(world.cast.alice), timezone.now()
    bury(Tombstone.Kind.SELLER, world.cast.north.pk, request="DEL-1", now=now)
    build_export(made.pk, now=now)
    made.refresh_from_db()
    assert (made.state, made.end) == ("ended", "deletion")
    with pytest.raises(ValidationError, match="deletion has begun"):
        asked(world.cast.alice)
    assert files.names() == {}


def test_a_seller_that_is_to_be_deleted_can_still_be_taken_along(world: World) -> None:
    now = timezone.now()
    freeze_seller(seller=world.cast.north.pk, now=now)
    freeze_connection(connection=world.north.pk, now=now)
    made = built(world.cast.alice)
    assert made.state == "ready"
    assert made.counts["orders"] == 1
    fetched(made, world.cast.alice)
    with pytest.raises(Http404):
        standing_at(world.ann, "north", now=now)


def test_an_account_whose_deletion_has_begun_is_in_no_package(world: World) -> None:
    """It would hold for a day what a certificate says is gone."""
    now = timezone.now()
    freeze_connection(connection=world.north.pk, now=now)
    bury(Tombstone.Kind.CONNECTION, world.north.pk, request="DEL-1", now=now)
    made = built(world.cast.alice)
    assert made.state == "ready"
    of_it = ("connections", "orders", "order_lines", "listings", "features")
    assert {made.counts[name] for name in of_it} == {0}
    assert made.counts["team"] > 0


def test_a_crash_leaves_no_half_file_and_the_next_worker_begins_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, write = asked(world.cast.alice), Packing._dictionary

    def dies(self: Packing) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Packing, "_dictionary", dies)
    with pytest.raises(KeyboardInterrupt):
        build_export(made.pk, now=timezone.now())
    assert files.names() == {}
    made.refresh_from_db()
    assert made.state == "building"
    # A kill -9 runs no handler: what it leaves goes with the next try.
    (files.folder() / f"{made.file_name}.part").write_bytes(b"half")
    monkeypatch.setattr(Packing, "_dictionary", write)
    build_export(made.pk, now=timezone.now())
    made.refresh_from_db()
    assert made.state == "ready"
    assert list(files.names()) == [made.file_name]
    assert not list(files.folder().glob("*.part"))


def test_what_always_crashes_is_given_up_and_said(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(self: Packing) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Packing, "_dictionary", dies)
    made = asked(world.cast.alice)
    for _ in range(building.MOST_ATTEMPTS):
        with pytest.raises(KeyboardInterrupt):
            build_export(made.pk, now=timezone.now())
    build_export(made.pk, now=timezone.now())
    made.refresh_from_db()
    assert made.state == "failed"
    assert events()[-1] == "export.failed"


def test_a_full_disk_fails_with_a_mail_and_no_file(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Packing) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Packing, "_dictionary", full)
    made = built(world.cast.alice)
    assert made.state == "failed"
    assert files.names() == {}
    mail = OutgoingMail.objects.get(owner=world.cast.alice.pk).content.reveal()
    assert "could not be put together" in mail["text"]
    assert Entry.objects.get(event="export.failed").additional_data == {
        "trouble": "OSError"
    }


def test_a_second_worker_does_nothing_while_the_first_is_at_it(world: World) -> None:
    made, now = asked(world.cast.alice), timezone.now()
    assert leases.take(services.lease_of(made.pk), now=now)
    assert build_export(made.pk, now=now) is None
    made.refresh_from_db()
    assert made.attempts == 0


def test_what_the_queue_lost_is_queued_again(world: World) -> None:
    queued: list[str] = []
    made = asked(world.cast.alice)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(services, "_queue", lambda pk: queued.append(str(pk)))
        tend_exports(made.asked_at)
        assert queued == []
        tend_exports(made.asked_at + timedelta(minutes=3))
    assert queued == [str(made.pk)]


def test_a_file_nobody_answers_for_is_removed(world: World) -> None:
    made = built(world.cast.alice)
    for name in ("orphan.sealed", "half.sealed.part"):
        (files.folder() / name).write_bytes(b"x" * 10)
    tend_exports(timezone.now())
    assert list(files.names()) == [made.file_name]


def test_without_its_key_it_says_so_and_gives_nothing(world: World) -> None:
    made, now = built(world.cast.alice), timezone.now()
    destroy_data_key(world.cast.north.pk)
    standing = standing_at(world.cast.alice, "north", now=now)
    with pytest.raises(ValidationError, match="can't be opened"):
        fetching.fetch_export(standing=standing, export=made, now=now)
    assert "read.everything.export" not in events()


def test_the_holding_counts_and_erases_rows_and_files(world: World) -> None:
    made, south = built(world.cast.alice), built(world.cast.charlie, "south")
    on_disk, in_table = (
        HOLDINGS["exports"].store,
        HOLDINGS["marketplaces.DataExport"].store,
    )
    assert on_disk.total() == in_table.total() == 2
    for scope in (
        Scope(seller_id=world.cast.north.pk),
        Scope(seller_id=world.cast.north.pk, connection_id=world.north.pk),
        Scope(people=frozenset({world.cast.bob.pk})),  # stands in the team
    ):
        assert on_disk.count(scope) == in_table.count(scope) == 1, scope
    scope = Scope(seller_id=world.cast.north.pk)
    assert on_disk.erase(scope, at_most=10) == 1
    assert on_disk.count(scope) == 0
    assert in_table.erase(scope, at_most=10) == 1
    assert not files.is_there(made.file_name)
    assert files.is_there(south.file_name)
    assert DataExport.objects.of_seller(world.cast.south).count() == 1


def test_erasing_the_row_alone_takes_its_file_along(world: World) -> None:
    made = built(world.cast.alice)
    assert in_table.erase(Scope(seller_id=world.cast.north.pk), at_most=10) == 1
    assert not files.is_there(made.file_name)


def test_retention_takes_the_file_after_its_day_and_the_row_a_day_later(
    world: World,
) -> None:
    made, now = built(world.cast.alice), timezone.now()
    assert made.expires_at
    assert on_disk.overdue(now - DAY) == 0
    assert on_disk.purge(now, at_most=10) == 1
    assert not files.is_there(made.file_name)
    for store in (on_disk, in_table):
        assert store.overdue(now) == 0
    assert in_table.overdue(made.expires_at) == 0
    assert in_table.purge(made.expires_at + timedelta(seconds=1), at_most=10) == 1


def test_retention_leaves_a_file_that_waited_long_until_the_instant_it_was_told(
    world: World,
) -> None:
    """The queue stood still for hours; the day begins when the file is there."""
    now = timezone.now()
    late = asked(world.cast.alice, now=now - timedelta(hours=20))
    build_export(late.pk, now=now)
    late.refresh_from_db()
    assert late.expires_at
    almost = late.expires_at - timedelta(minutes=1)
    for store in (on_disk, in_table):
        assert store.purge(almost - DAY, at_most=10) == 0
    assert files.is_there(late.file_name)


def test_shredding_makes_the_bytes_unreadable_before_they_go(world: World) -> None:
    made = built(world.cast.alice)
    path = files.folder() / made.file_name
    before = path.read_bytes()
    with path.open("rb") as still_open:  # somebody who copies the blocks
        files.shred(made.file_name)
        after = still_open.read()
    assert len(after) >= len(before)
    assert after[:49] != before[:49]
    assert io.BytesIO(after).read(4) != b"PK\x03\x04"


def test_an_incident_keeps_a_ready_file_back_and_loses_nothing(
    world: World, django_capture_on_commit_callbacks: Any
) -> None:
    made, now, seller = built(world.cast.alice), timezone.now(), world.cast.north.pk
    stop_exports(actor=world.cast.carl, seller=seller, now=now)
    with django_capture_on_commit_callbacks(execute=True):
        assert tend_exports(now) == 0
    with pytest.raises(PermissionDenied):
        fetched(made, world.cast.alice)
    allow_exports(actor=world.cast.carl, seller=seller)
    assert fetched(made, world.cast.alice)


@pytest.mark.parametrize("ready", [True, False])
def test_who_lost_the_right_meanwhile_gets_nothing_when_an_incident_is_over(
    world: World, ready: bool, django_capture_on_commit_callbacks: Any
) -> None:
    second, seller = person("second"), world.cast.north
    join(actor=None, seller=seller, user=second, role=Role.OWNER)
    made, now = (built if ready else asked)(second), timezone.now()
    stop_exports(actor=world.cast.carl, seller=seller.pk, now=now)
    assert tend_exports(now) == 0
    join(actor=None, seller=seller, user=second, role=Role.VIEWER)
    with django_capture_on_commit_callbacks(execute=True):
        assert tend_exports(now) == 1
    made.refresh_from_db()
    assert (made.state, made.end) == ("ended", "right lost")
    assert files.names() == {}


def test_a_right_lost_while_it_is_built_counts_more_than_an_incident(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    second, seller = person("second"), world.cast.north
    join(actor=None, seller=seller, user=second, role=Role.OWNER)
    made, write = asked(second), Packing._json

    def demoted(self: Packing, table: Any) -> None:
        write(self, table)
        stop_exports(actor=world.cast.carl, seller=seller.pk, now=timezone.now())
        join(actor=None, seller=seller, user=second, role=Role.VIEWER)

    monkeypatch.setattr(Packing, "_json", demoted)
    build_export(made.pk, now=timezone.now())
    made.refresh_from_db()
    assert (made.state, made.end) == ("ended", "right lost")


@pytest.mark.parametrize("end", ["expired", "deletion"])
def test_its_day_and_a_deletion_end_it_while_an_incident_keeps_it_back(
    world: World, end: str, django_capture_on_commit_callbacks: Any
) -> None:
    made, now, seller = built(world.cast.alice), timezone.now(), world.cast.north.pk
    stop_exports(actor=world.cast.carl, seller=seller, now=now)
    with django_capture_on_commit_callbacks(execute=True):
        if end == "deletion":
            bury(Tombstone.Kind.SELLER, seller, request="", now=now)
            assert tend_exports(now) == 1
        else:
            assert expire_exports(now + DAY) == 1
    made.refresh_from_db()
    assert made.end == end
    assert not files.is_there(made.file_name)


@pytest.mark.parametrize("when", ["before it is begun", "while it is built"])
def test_what_an_incident_stopped_is_built_when_it_is_over(
    world: World, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, seller = asked(world.cast.alice), world.cast.north.pk
    now = timezone.now() + timedelta(minutes=3)

    def stop(*_: object) -> None:
        stop_exports(actor=world.cast.carl, seller=seller, now=now)

    if when == "before it is begun":
        stop()
    else:
        with monkeypatch.context() as once:
            once.setattr(building, "create_data_key", stop)
            build_export(made.pk, now=now)
    build_export(made.pk, now=now)
    made.refresh_from_db()
    assert (made.state, made.attempts) == ("waiting", 0)
    assert not files.is_there(made.file_name)
    queued: list[str] = []
    monkeypatch.setattr(services, "_queue", lambda pk: queued.append(pk))
    tend_exports(now)
    assert queued == []
    allow_exports(actor=world.cast.carl, seller=seller)
    tend_exports(now)
    assert queued == [made.pk]
    build_export(made.pk, now=now)
    assert fetched(DataExport.unfenced.get(pk=made.pk), world.cast.alice)
