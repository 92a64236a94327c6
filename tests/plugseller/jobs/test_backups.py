"""Backups are whole, sealed, apart from the data keys, and end in time (row 38)."""

import base64
import json
import os
import resource
import secrets
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from plugseller.accounts.models import Seller
from plugseller.accounts.services import create_seller
from plugseller.audit.models import Entry
from plugseller.crypto import periods
from plugseller.crypto.models import DataKey
from plugseller.crypto.services import create_data_key, destroy_data_key
from plugseller.custody.models import Backup
from plugseller.jobs import backups
from plugseller.jobs.backups import BackupTrouble, datakeys, places
from plugseller.jobs.backups.archive import DATABASE, KEYS, prove, reading
from plugseller.jobs.backups.restoring import refuse_unusable
from plugseller.keyprovider import KeyTrouble, keys_folder
from tests.plugseller.jobs.conftest import NOW, files_of

DAY = timedelta(days=1)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("backup_places"),
]


def verified(made: Backup, *, now: datetime = NOW) -> list[str]:
    return backups.verify(*files_of(made), now=now).differences


def test_a_backup_holds_what_it_should_and_there_is_a_record_of_it(
    north: Seller,
) -> None:
    made = backups.make(NOW)
    file, keys_file = files_of(made)
    assert file.stat().st_mode & 0o077 == keys_file.stat().st_mode & 0o077 == 0
    assert made.size == file.stat().st_size
    assert made.counts["accounts_seller"] == 1
    assert "crypto_datakey" not in made.counts
    assert made.expires_at == datetime(2026, 12, 26, tzinfo=UTC)
    assert verified(made) == []
    made.refresh_from_db()
    assert (made.outcome, made.verified, made.verified_at) == ("made", True, NOW)
    events = Entry.objects.filter(event__startswith="backup.").order_by("id")
    assert [e.event for e in events] == ["backup.made", "backup.verified"]
    call_command("verify_backup", str(file))
    manifest = prove(file, DATABASE)
    assert manifest["program"] == "0.1.0"
    assert manifest["head"] == made.head
    assert "custody.0002_backups_and_replays" in manifest["migrations"]


def test_a_backup_that_holds_something_else_is_found_out(
    north: Seller, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = places.kind().snapshot

    def lying(folder: Path) -> Any:
        shot = whole(folder)
        enter = shot.__enter__

        def entered(*_: Any) -> Any:
            found = enter()
            found.figures.counts["accounts_seller"] = 7
            found.figures.head["hash"] = "0" * 64
            return found

        return type("Lying", (), {"__enter__": entered, "__exit__": shot.__exit__})()

    monkeypatch.setattr(places.kind(), "snapshot", lying)
    made = backups.make(NOW)
    found = verified(made)
    assert found[0] == "accounts_seller has 1 rows instead of 7."
    assert found[1] == "The audit log ends with another entry than it should."
    made.refresh_from_db()
    assert made.verified is False
    with pytest.raises(SystemExit):
        call_command("verify_backup", str(files_of(made)[0]), stdout=StringIO())


def test_nothing_of_it_can_be_read_and_no_key_is_in_it(north: Seller) -> None:
    """Neither outside nor inside the seal: the archive holds no key to itself."""
    row = DataKey.objects.get(owner=north.pk)
    made = backups.make(NOW)
    with reading(files_of(made)[0], DATABASE) as (manifest, contents):
        inside = json.dumps(manifest).encode() + contents.read()
    outside = b"".join(path.read_bytes() for path in files_of(made))
    held = [bytes.fromhex(p.read_text().strip()) for p in keys_folder().glob("*.key")]
    held.append(periods.key_of(made.period))
    for secret in (*held, bytes(row.wrapped)):
        for form in (secret, secret.hex().encode(), base64.b64encode(secret)):
            assert form not in inside
            assert form not in outside
    for word in (b"SQLite format", b"CREATE TABLE", b"north", b"accounts_seller"):
        assert word not in outside


def test_a_byte_that_was_changed_is_refused_wherever_it_is(north: Seller) -> None:
    refused = 0
    for path, kind in zip(files_of(backups.make(NOW)), (DATABASE, KEYS), strict=True):
        whole = path.read_bytes()
        for _ in range(200):
            place = secrets.randbelow(len(whole))
            changed = bytearray(whole)
            changed[place] ^= 1 + secrets.randbelow(255)
            path.write_bytes(changed)
            with pytest.raises((BackupTrouble, KeyTrouble)):
                prove(path, kind)
            refused += 1
        path.write_bytes(whole)
        prove(path, kind)
    assert refused == 400


def test_a_file_that_was_cut_is_refused_at_any_length(north: Seller) -> None:
    for path, kind in zip(files_of(backups.make(NOW)), (DATABASE, KEYS), strict=True):
        whole = path.read_bytes()
        lengths = {0, 1, 20, 200, 300, len(whole) - 1, len(whole) - 16}
        lengths |= {(1 << 20) * n for n in range(1, len(whole) >> 20)}
        lengths |= {secrets.randbelow(len(whole)) for _ in range(40)}
        for length in lengths:
            path.write_bytes(whole[:length])
            with pytest.raises(BackupTrouble):
                prove(path, kind)
        path.write_bytes(whole + b"\0")
        with pytest.raises(BackupTrouble, match="was changed or cut"):
            prove(path, kind)
        path.write_bytes(whole)


def test_what_lacks_a_key_or_a_part_is_refused_before_anything_is_touched(
    north: Seller,
) -> None:
    made, other = backups.make(NOW), backups.make(NOW + DAY)
    file, keys_file = files_of(made)
    with pytest.raises(BackupTrouble, match="data keys of this backup aren't at"):
        refuse_unusable(file, keys_file.with_name("nowhere.keys"))
    with pytest.raises(BackupTrouble, match="data keys of another backup"):
        refuse_unusable(file, files_of(other)[1])
    with pytest.raises(BackupTrouble, match="isn't a backup's database file"):
        refuse_unusable(keys_file, keys_file)
    with pytest.raises(BackupTrouble, match="There is no file"):
        refuse_unusable(file.with_name("nowhere"), keys_file)
    key = periods.folder() / f"{made.period}.key"
    mine = key.read_bytes()
    key.write_bytes((periods.folder() / f"{other.period}.key").read_bytes())
    with pytest.raises(KeyTrouble, match="belongs to other master keys"):
        refuse_unusable(file, keys_file)
    key.unlink()
    with pytest.raises(KeyTrouble, match="There is no key of the period"):
        refuse_unusable(file, keys_file)
    key.write_bytes(mine)


def test_a_backup_of_a_newer_program_is_refused(north: Seller) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES "
            "('custody', '0099_tomorrow', '2027-01-01 00:00:00')"
        )
    try:
        made = backups.make(NOW)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM django_migrations WHERE name = '0099_tomorrow'")
    with pytest.raises(BackupTrouble, match="use that version or a newer one"):
        refuse_unusable(*files_of(made))


def wrapped_in(keys_file: Path) -> dict[str, str]:
    with datakeys.kept(keys_file) as (_, rows):
        return {str(row[1]).replace("-", ""): row[2] or "" for row in rows}


def test_a_destroyed_data_key_is_destroyed_in_backups_too(north: Seller) -> None:
    south = create_seller(actor=None, name="South", slug="south", time_zone="UTC")
    create_data_key(south.pk)
    made = [backups.make(NOW), backups.make(NOW + DAY)]
    destroy_data_key(north.pk)
    done = backups.forget_data_keys(north.pk)
    assert (done.files, done.out_of_reach) == (2, 0)
    assert backups.forget_data_keys(north.pk).files == 0
    for one in made:
        found = wrapped_in(files_of(one)[1])
        assert found[north.pk.hex] == ""
        assert found[south.pk.hex]
        assert verified(one) == []
    [entry] = Entry.objects.filter(event="backup.keys_forgotten")
    assert entry.rows == 2


def test_a_key_destroyed_while_the_backup_is_made_is_not_in_it(
    north: Seller, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = datakeys.keep

    def slowly(*given: Any) -> None:
        monkeypatch.setattr(datakeys, "keep", keep)
        destroy_data_key(north.pk)
        backups.forget_data_keys(north.pk)  # finds no file yet
        keep(*given)

    monkeypatch.setattr(datakeys, "keep", slowly)
    made = backups.make(NOW)
    assert wrapped_in(files_of(made)[1])[north.pk.hex] == ""


def test_a_backup_out_of_reach_is_told_and_does_not_stop_a_deletion(
    north: Seller,
) -> None:
    made = backups.make(NOW)
    backups.make(NOW + DAY)
    periods.destroy(made.period)
    done = backups.forget_data_keys(north.pk)
    assert (done.files, done.out_of_reach) == (1, 1)


def test_a_backup_ends_28_days_after_its_day_began(north: Seller) -> None:
    late = backups.make(NOW.replace(hour=23, minute=59, second=59))
    end = datetime(2026, 12, 26, tzinfo=UTC)
    file, keys_file = files_of(late)
    copy = file.with_name("copy-elsewhere")
    copy.write_bytes(file.read_bytes())
    second = timedelta(seconds=1)

    assert backups.horizon(NOW) == end
    assert backups.expire(end - second).periods == 0
    prove(copy, DATABASE)
    done = backups.expire(end)
    assert (done.periods, done.files, done.backups) == (1, 2, 1)
    assert not file.exists()
    assert not keys_file.exists()
    with pytest.raises(KeyTrouble, match="was destroyed when its time was over"):
        prove(copy, DATABASE)  # no copy of it opens, wherever it is
    late.refresh_from_db()
    assert (late.outcome, late.removed_at) == ("removed", end)
    assert backups.horizon(end) is None
    assert backups.expire(end).periods == 0
    assert Entry.objects.filter(event="backup.expired").count() == 1


def test_the_horizon_is_within_30_days_of_any_request() -> None:
    """28 days and the 48 hours in which a deletion can be withdrawn."""
    for minute in range(0, 24 * 60, 7):
        asked = datetime(2028, 2, 27, tzinfo=UTC) + timedelta(minutes=minute)
        erased = asked + timedelta(hours=48)
        assert places.expires_at(periods.period_of(erased)) <= asked + 30 * DAY


def test_the_horizon_knows_backups_that_this_database_does_not(
    north: Seller,
) -> None:
    """A database that was put back was made before the newest backups were."""
    backups.make(NOW)
    Backup.objects.all().delete()
    assert backups.horizon(NOW) == datetime(2026, 12, 26, tzinfo=UTC)
    periods.destroy("2026-11-28")
    assert backups.horizon(NOW) is None


def test_two_at_once_do_not_get_into_each_others_way(north: Seller) -> None:
    folder = places.folder()
    with (
        places.alone_in(folder, "making"),
        pytest.raises(BackupTrouble, match="Another process"),
    ):
        backups.make(NOW)
    assert backups.make(NOW).outcome == "made"


def test_a_failed_backup_leaves_a_record_and_no_file(
    north: Seller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gives_up(*_: Any) -> None:
        raise BackupTrouble("pg_dump gave up: no such role.")

    monkeypatch.setattr(datakeys, "forget_destroyed", gives_up)
    with pytest.raises(CommandError, match="gave up"):
        call_command("backup")
    [row] = Backup.objects.all()
    assert (row.outcome, row.trouble) == ("failed", "pg_dump gave up: no such role.")
    assert places.backups() == []
    assert Entry.objects.filter(event="backup.failed").count() == 1
    assert not backups.state(NOW).ok


@pytest.fixture
def _small_files() -> Iterator[None]:
    """No file may become longer than what such a disk would hold."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, ignored)


@pytest.mark.usefixtures("_small_files")
def test_a_full_disk_leaves_earlier_backups_as_they_are(
    north: Seller, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = backups.make(NOW)
    before = {path.name: path.read_bytes() for path in places.backups()}
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    snapshot = places.kind().snapshot

    def on_a_full_disk(folder: Path) -> Any:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
        return snapshot(folder)

    monkeypatch.setattr(places.kind(), "snapshot", on_a_full_disk)
    with pytest.raises(BackupTrouble, match="nothing of earlier backups was touched"):
        backups.make(NOW + DAY)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    monkeypatch.setattr(places.kind(), "snapshot", snapshot)
    after = {path.name: path.read_bytes() for path in places.backups()}
    assert after == before
    assert len(places.keys_files()) == 1
    assert verified(earlier) == []
    assert backups.make(NOW + DAY).outcome == "made"  # goes on by itself


def test_what_a_killed_backup_left_is_swept(north: Seller) -> None:
    folder = places.folder()
    folder.mkdir(parents=True)
    left = folder / ".0011223344556677.part"
    left.write_bytes(b"half")
    backups.make(NOW)
    assert not left.exists()
    assert list(folder.glob("*.part")) + list(folder.glob(".*.part")) == []


def test_the_password_is_in_no_argument(north: Seller) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("the embedded database has none")
    from plugseller.jobs.backups import server

    old = connection.settings_dict["PASSWORD"]
    connection.settings_dict["PASSWORD"] = "s3cr3t-word"
    try:
        assert server._environment("")["PGPASSWORD"] == "s3cr3t-word"
    finally:
        connection.settings_dict["PASSWORD"] = old
    assert "PGPASSWORD" not in os.environ
    assert django_settings.BACKUP_KEEP == 28 * DAY
