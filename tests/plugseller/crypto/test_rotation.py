"""Master keys changed while the service runs; killed anywhere; two at once."""

import os
import threading
import time
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection, connections, transaction

from plugseller.audit.models import Entry
from plugseller.crypto import periods, services
from plugseller.crypto.fields import _Envelope
from plugseller.crypto.models import DataKey, HeldKey
from plugseller.crypto.rotation import (
    key_inventory,
    note_held_keys,
    rotate_due,
    rotate_master_key,
    trouble_of_keys,
)
from plugseller.crypto.sealing import SealBroken
from plugseller.crypto.services import (
    UnwrappedKeys,
    create_data_key,
    open_for,
    rotate_data_key,
    seal_for,
)
from plugseller.crypto.starting import masters_in_use, refuse_unusable_store
from plugseller.crypto.verifying import verify_encryption
from plugseller.keyprovider import FileKeyProvider, KeyTrouble
from tests.conftest import NOW
from tests.plugseller.crypto.app.models import Account
from tests.plugseller.crypto.dying import dies_at

PLACE = ("a", "place")
Sealed = dict[uuid.UUID, bytes]


def sealed(count: int) -> Sealed:
    owners = [create_data_key(uuid.uuid4()).owner for _ in range(count)]
    return {owner: seal_for(owner, owner.bytes, PLACE) for owner in owners}


def all_open(values: Sealed) -> bool:
    services._unwrapped = UnwrappedKeys()  # as if the process had just begun
    return all(open_for(o, value, PLACE) == o.bytes for o, value in values.items())


def key_of(owner: uuid.UUID) -> uuid.UUID:
    return DataKey.objects.get(owner=owner, retired_at=None).pk


def wrapped_with() -> set[str]:
    return set(DataKey.objects.values_list("master_key_id", flat=True))


def test_the_old_key_waits_for_backups_then_it_is_retired_and_only_put_aside(
    own_keys: FileKeyProvider,
) -> None:
    values = sealed(5)
    old = own_keys.current_master_id()
    periods.key_of_now(NOW)  # as a backup does
    told: list[int] = []
    done = rotate_master_key(now=NOW, told=told.append)
    assert (done.rewrapped, done.retired, done.still_needed) == (5, (), (old,))
    assert told == [5]
    assert {done.current} == wrapped_with()
    rotate_due(NOW)
    assert own_keys.master_ids() == [old, done.current]
    periods.destroy(periods.period_of(NOW))
    assert rotate_master_key(now=NOW, new=False).retired == (old,)
    assert own_keys.master_ids() == [done.current]
    assert (own_keys.folder / "retired" / f"master-{old}.key").exists()
    assert all_open(values)
    with pytest.raises(KeyTrouble):
        own_keys.master_key(old)
    assert HeldKey.objects.get(key_id=old).retired_at == NOW
    events = set(Entry.objects.values_list("event", flat=True))
    assert {"key.held", "key.retired", "data_key.rewrapped"} <= events


def test_killed_at_every_step_everything_opens_and_the_next_run_finishes(
    own_keys: FileKeyProvider,
) -> None:
    """Row 31: all readable after each kill; at the end nothing is on an old key."""
    values = sealed(3)
    step = 0
    while True:
        step += 1
        died = dies_at(step, lambda: rotate_master_key(now=NOW))
        assert all_open(values), f"after step {step}"
        rotate_master_key(now=NOW, new=False)
        assert all_open(values)
        assert wrapped_with() == {own_keys.current_master_id()}
        assert own_keys.master_ids() == [own_keys.current_master_id()]
        if not died:
            break
    assert step > 25


def test_two_rotations_at_once_lose_nothing(own_keys: FileKeyProvider) -> None:
    values = sealed(40)
    connections.close_all()
    other = os.fork()
    if other == 0:
        try:
            for _ in range(5):
                rotate_master_key(now=NOW)
        except BaseException:
            os._exit(1)
        os._exit(0)
    for _ in range(5):
        rotate_master_key(now=NOW)
        values |= sealed(2)
    _, status = os.waitpid(other, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert all_open(values)
    held = HeldKey.objects.filter(kind="master", retired_at=None)
    assert set(own_keys.master_ids()) == set(held.values_list("key_id", flat=True))
    rotate_master_key(now=NOW, new=False)
    assert own_keys.master_ids() == [own_keys.current_master_id()]
    assert own_keys.current_master_id().startswith("0011-")


def test_a_process_that_runs_already_opens_and_wraps_with_the_new_key(
    own_keys: FileKeyProvider,
) -> None:
    """Another process rotates; this one, whose provider is built, isn't restarted."""
    values = sealed(2)
    old = own_keys.current_master_id()
    assert not dies_at(0, lambda: rotate_master_key(now=NOW))
    assert all_open(values)
    late = create_data_key(uuid.uuid4())
    assert late.master_key_id == own_keys.current_master_id() != old


def test_a_data_key_that_is_just_being_made_is_waited_for(
    own_keys: FileKeyProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It chose the old master key and isn't committed when the rotation begins."""
    owner, chosen = uuid.uuid4(), threading.Event()

    def make_slowly() -> None:
        with transaction.atomic():
            create_data_key(owner)
            chosen.set()
            time.sleep(0.5)
        connections.close_all()

    rotate_master_key(now=NOW)
    maker = threading.Thread(target=make_slowly)
    maker.start()
    chosen.wait(5)
    new = own_keys.add_master_key()
    # Written down already, so that no audit entry makes the rotation wait by chance.
    HeldKey.objects.bulk_create([HeldKey(kind="master", key_id=new, since=NOW)])
    rotate_master_key(now=NOW, new=False)
    maker.join()
    assert wrapped_with() == {own_keys.current_master_id()}
    seal_for(owner, b"opens", PLACE)


def test_a_row_that_was_read_before_it_was_wrapped_anew_still_opens(
    own_keys: FileKeyProvider,
) -> None:
    row = create_data_key(uuid.uuid4())
    rotate_master_key(now=NOW)
    services.check_data_key(row)


def test_a_key_that_is_needed_is_not_retired(own_keys: FileKeyProvider) -> None:
    sealed(1)
    old = own_keys.current_master_id()
    own_keys.add_master_key()
    with pytest.raises(KeyTrouble, match="is the one in use"):
        own_keys.retire_master_key(own_keys.current_master_id())
    assert old in own_keys.master_ids()


def test_the_job_rotates_what_is_due_and_not_before(own_keys: FileKeyProvider) -> None:
    key = create_data_key(uuid.uuid4(), now=NOW)
    old = own_keys.current_master_id()
    rotate_due(NOW)
    HeldKey.objects.update(since=NOW)
    rotate_due(NOW + timedelta(days=334))
    assert own_keys.current_master_id() == old
    rotate_due(NOW + timedelta(days=335))
    assert own_keys.current_master_id() != old
    key.refresh_from_db()
    assert key.retired_at == NOW + timedelta(days=335)
    rotate_due(NOW + timedelta(days=336))
    key.refresh_from_db()
    assert key.destroyed_at == NOW + timedelta(days=336)


def test_owners_whose_values_dont_open_hold_up_nobody_elses_turn(
    own_keys: FileKeyProvider,
) -> None:
    """They stay in the list for good, more of them than one run takes."""
    stuck = [create_data_key(uuid.uuid4(), now=NOW).owner for _ in range(6)]
    for owner in stuck:
        account = Account.objects.create(seller_id=owner, name=str(owner), token="x")
        value = key_of(owner).bytes
        broken = b"\x01" + value + b"0" * 40
        Account.objects.filter(pk=account.pk).update(token=_Envelope(broken))
    fine = create_data_key(uuid.uuid4(), now=NOW).owner
    for owner in (*stuck, fine):
        rotate_data_key(owner, now=NOW)
    alive = DataKey.objects.filter(destroyed_at=None).exclude(retired_at=None)
    hours, now = 0, NOW + timedelta(days=1)
    while alive.filter(owner=fine).exists():
        rotate_due(now, at_most=2)
        hours, now = hours + 1, now + timedelta(hours=1)
        assert hours < 12
    assert set(alive.values_list("owner", flat=True)) == set(stuck)


def test_a_data_key_that_doesnt_open_holds_up_no_other(
    own_keys: FileKeyProvider,
) -> None:
    values = sealed(5)
    old = own_keys.current_master_id()
    changed, moved = DataKey.objects.order_by("pk")[:2]
    fine = {o: v for o, v in values.items() if o not in (changed.owner, moved.owner)}
    DataKey.objects.filter(pk=changed.pk).update(wrapped=bytes(changed.wrapped)[:-1])
    DataKey.objects.filter(pk=moved.pk).update(wrapped=changed.wrapped)
    DataKey.objects.update(created_at=NOW)
    note_held_keys(NOW)
    HeldKey.objects.update(since=NOW)
    with pytest.raises(SealBroken):
        rotate_due(NOW + timedelta(days=335))
    left = DataKey.objects.filter(master_key_id=old, retired_at=None)
    assert not left.exists()  # each owner has a new one
    assert set(DataKey.objects.filter(master_key_id=old)) == {changed, moved}
    assert all_open(fine)
    assert old in own_keys.master_ids()


def test_a_lost_master_key_holds_up_only_what_it_wraps(
    own_keys: FileKeyProvider,
) -> None:
    create_data_key(uuid.uuid4())
    first = own_keys.current_master_id()
    lost = own_keys.add_master_key()
    create_data_key(uuid.uuid4())
    (own_keys.folder / f"master-{lost}.key").rename(own_keys.folder / "gone")
    own_keys.add_master_key()
    third = own_keys.add_master_key()
    with pytest.raises(KeyTrouble, match=lost):
        rotate_master_key(now=NOW, new=False)
    assert wrapped_with() == {lost, third}
    (own_keys.folder / "gone").rename(own_keys.folder / f"master-{lost}.key")
    rotate_master_key(now=NOW, new=False)
    assert wrapped_with() == {third}
    assert first not in own_keys.master_ids()


def test_400_days_with_the_job_nothing_of_its_own_is_ever_overdue(
    own_keys: FileKeyProvider,
) -> None:
    create_data_key(uuid.uuid4(), now=NOW)
    rotate_due(NOW)
    HeldKey.objects.update(since=NOW)
    for day in range(0, 401, 5):
        now = NOW + timedelta(days=day)
        rotate_due(now)
        late = [line for line in key_inventory(now) if line.is_overdue(now)]
        assert [line for line in late if line.by_itself] == []
    assert {line.kind for line in late} == {"audit", "web"} | (
        {"database"} if connection.vendor == "sqlite" else set()
    )


def test_the_inventory_has_every_key_and_none_of_their_bytes(
    own_keys: FileKeyProvider,
) -> None:
    rotate_data_key(create_data_key(uuid.uuid4(), now=NOW).owner, now=NOW)
    rotate_master_key(now=NOW)
    lines = key_inventory(NOW)
    states = {(line.kind, line.state) for line in lines}
    wanted = {("master", "current"), ("master", "retired"), ("audit", "current")}
    assert wanted | {("data", "current"), ("data", "older")} <= states
    told = repr(lines)
    for key in (
        own_keys.master_key(own_keys.current_master_id()),
        own_keys.database_key(),
    ):
        assert key.hex() not in told


def test_verify_encryption_tells_of_keys_that_are_overdue(
    own_keys: FileKeyProvider,
) -> None:
    create_data_key(uuid.uuid4(), now=NOW)
    [found] = [f for f in verify_encryption(NOW) if f.check == "keys overdue"]
    assert found.kept
    later = NOW + timedelta(days=366)
    [found] = [f for f in verify_encryption(later) if f.check == "keys overdue"]
    assert not found.kept
    assert "data" in found.found


def test_a_master_key_that_is_missing_stops_the_start_and_is_told(
    own_keys: FileKeyProvider, tmp_path: Path
) -> None:
    """Another one is there, and would seem to be all."""
    create_data_key(uuid.uuid4())
    used = own_keys.current_master_id()
    own_keys.add_master_key()
    file = tmp_path / "keys" / f"master-{used}.key"
    file.rename(tmp_path / "away")
    assert used in masters_in_use()
    assert f"{used} is missing" in trouble_of_keys(NOW)
    if connection.vendor == "sqlite":
        with pytest.raises(KeyTrouble, match=f"master-{used}.key is missing"):
            refuse_unusable_store()
    (tmp_path / "away").rename(file)
    assert trouble_of_keys(NOW) == ""
    refuse_unusable_store()
