"""Data keys: made, rotated, rewrapped, destroyed; and who can still open what."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import override_settings

from plugseller import keyprovider
from plugseller.audit.models import Entry
from plugseller.crypto.models import DataKey
from plugseller.crypto.sealing import SealBroken
from plugseller.crypto.services import (
    KeyDestroyed,
    UnwrappedKeys,
    create_data_key,
    destroy_data_key,
    open_for,
    rewrap_data_keys,
    rotate_data_key,
    seal_for,
)
from plugseller.keyprovider import FileKeyProvider, KeyTrouble, make_keys
from tests.plugseller.crypto.app.models import Account
from tests.plugseller.crypto.conftest import SECRET

pytestmark = pytest.mark.django_db
PLACE = ("a", "place")


@pytest.fixture
def master(tmp_path: Path) -> Iterator[keyprovider.KeyProvider]:
    """Master keys of this test alone, so that they can be rotated and lost."""
    make_keys(tmp_path / "keys")
    with override_settings(PLUGSELLER_HOME=tmp_path):
        keyprovider.provider.cache_clear()
        yield keyprovider.provider()
    keyprovider.provider.cache_clear()


def forget() -> None:
    """As if the process had just begun."""
    from plugseller.crypto import services

    services._unwrapped = UnwrappedKeys()


def test_an_owner_has_one_current_key(north_id: uuid.UUID) -> None:
    first = DataKey.objects.get(owner=north_id)
    assert create_data_key(north_id) == first
    with pytest.raises(IntegrityError), transaction.atomic():
        DataKey.objects.create(owner=north_id, wrapped=b"x", master_key_id="m")


def test_no_key_stands_in_the_table_as_it_is(north_id: uuid.UUID) -> None:
    envelope = seal_for(north_id, b"token", PLACE)
    forget()
    assert open_for(north_id, envelope, PLACE) == b"token"
    row = DataKey.objects.get(owner=north_id)
    assert len(bytes(row.wrapped)) == 17 + 12 + 32 + 16
    assert str(row) == f"data key {row.pk}"


def test_a_rotated_data_key_still_opens_and_the_new_one_seals(
    north_id: uuid.UUID,
) -> None:
    old = DataKey.objects.get(owner=north_id)
    envelope = seal_for(north_id, b"old", PLACE)
    new = rotate_data_key(north_id)
    forget()
    assert open_for(north_id, envelope, PLACE) == b"old"
    assert seal_for(north_id, b"new", PLACE)[1:17] == new.pk.bytes != old.pk.bytes


def test_a_destroyed_key_is_gone_from_the_row_and_the_process(
    account: Account,
) -> None:
    owner = account.seller_id
    rotate_data_key(owner)
    assert Account.objects.get().token.reveal() == SECRET
    assert destroy_data_key(owner) == 2
    with pytest.raises(KeyDestroyed):
        Account.objects.get().token.reveal()
    for row in DataKey.objects.filter(owner=owner):
        assert bytes(row.wrapped) == b""
        assert row.destroyed_at
        assert row.retired_at
    assert destroy_data_key(owner) == 0


def test_a_tombstone_can_not_hold_a_key(north_id: uuid.UUID) -> None:
    destroy_data_key(north_id)
    with pytest.raises(IntegrityError), transaction.atomic():
        DataKey.objects.filter(owner=north_id).update(wrapped=b"back again")


def test_another_owner_opens_nothing(north_id: uuid.UUID, south_id: uuid.UUID) -> None:
    envelope = seal_for(north_id, b"token", PLACE)
    with pytest.raises(SealBroken):
        open_for(south_id, envelope, PLACE)


def test_a_wrapped_key_moved_to_another_row_does_not_unwrap(
    north_id: uuid.UUID, south_id: uuid.UUID
) -> None:
    envelope = seal_for(north_id, b"token", PLACE)
    foreign = bytes(DataKey.objects.get(owner=south_id).wrapped)
    DataKey.objects.filter(owner=north_id).update(wrapped=foreign)
    forget()
    with pytest.raises(SealBroken):
        open_for(north_id, envelope, PLACE)
    with pytest.raises(SealBroken):
        seal_for(north_id, b"token", PLACE)


def test_a_data_key_given_to_another_owner_does_not_unwrap(
    north_id: uuid.UUID, south_id: uuid.UUID
) -> None:
    DataKey.objects.filter(owner=south_id).delete()
    DataKey.objects.filter(owner=north_id).update(owner=south_id)
    with pytest.raises(SealBroken):
        seal_for(south_id, b"token", PLACE)


def test_rotating_the_master_key_changes_no_sealed_value(
    db: None, master: FileKeyProvider
) -> None:
    owners = [create_data_key(uuid.uuid4()).owner for _ in range(7)]
    envelopes = {owner: seal_for(owner, owner.bytes, PLACE) for owner in owners}
    destroy_data_key(owners[0])
    old = master.current_master_id()
    new = master.add_master_key()
    late = create_data_key(uuid.uuid4())
    assert late.master_key_id == new
    for owner in owners[1:]:
        forget()
        assert open_for(owner, envelopes[owner], PLACE) == owner.bytes
    assert rewrap_data_keys(batch=4) == 6
    assert rewrap_data_keys() == 0
    (master.folder / f"master-{old}.key").unlink()
    forget()
    for owner in owners[1:]:
        assert open_for(owner, envelopes[owner], PLACE) == owner.bytes
    with pytest.raises(KeyDestroyed):
        open_for(owners[0], envelopes[owners[0]], PLACE)


def test_a_rotation_that_was_interrupted_is_finished_by_the_next(
    db: None, master: FileKeyProvider
) -> None:
    owners = [create_data_key(uuid.uuid4()).owner for _ in range(6)]
    old = master.current_master_id()
    new = master.add_master_key()

    def stop_at_the_third_batch(
        execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        if sql.startswith('UPDATE "crypto_datakey"'):
            calls.append(sql)
            if len(calls) == 5:
                raise KeyboardInterrupt
        return execute(sql, params, many, context)

    calls: list[str] = []
    with (
        connection.execute_wrapper(stop_at_the_third_batch),
        pytest.raises(KeyboardInterrupt),
    ):
        rewrap_data_keys(batch=2)
    wrapped_by = list(DataKey.objects.values_list("master_key_id", flat=True))
    assert wrapped_by.count(old) == 2
    assert wrapped_by.count(new) == 4
    for owner in owners:
        open_for(owner, seal_for(owner, b"readable", PLACE), PLACE)
    assert rewrap_data_keys(batch=2) == 2
    assert set(DataKey.objects.values_list("master_key_id", flat=True)) == {new}


def test_a_lost_master_key_is_named_and_nothing_is_changed(
    db: None, master: FileKeyProvider
) -> None:
    create_data_key(uuid.uuid4())
    old = master.current_master_id()
    master.add_master_key()
    (master.folder / f"master-{old}.key").unlink()
    with pytest.raises(KeyTrouble, match=old):
        rewrap_data_keys()
    assert DataKey.objects.get().master_key_id == old


def test_a_key_made_in_a_transaction_that_failed_seals_nothing(db: None) -> None:
    owner = uuid.uuid4()
    with transaction.atomic():
        create_data_key(owner)
        seal_for(owner, b"token", PLACE)
        transaction.set_rollback(True)
    assert not DataKey.objects.exists()
    key = create_data_key(owner)
    assert seal_for(owner, b"token", PLACE)[1:17] == key.pk.bytes


def test_unwrapped_keys_are_kept_for_a_moment_only() -> None:
    now = 100.0
    kept = UnwrappedKeys(seconds=30, most=2, clock=lambda: now)
    key_id, owner = uuid.uuid4(), uuid.uuid4()
    kept.put(key_id, owner, b"key")
    now = 129.9
    assert kept.get(key_id) == (owner, b"key")
    now = 130.0
    assert kept.get(key_id) is None
    for _ in range(5):
        kept.put(uuid.uuid4(), owner, b"key")
    assert len(kept._keys) <= 2
    kept.drop_owner(owner)
    assert not kept._keys


def test_reading_many_rows_of_a_seller_asks_for_the_key_once(
    account: Account, django_assert_num_queries: Any
) -> None:
    for n in range(20):
        Account.objects.create(seller_id=account.seller_id, name=f"{n}", token=SECRET)
    forget()
    with django_assert_num_queries(2):
        assert {row.token.reveal() for row in Account.objects.all()} == {SECRET}


def test_what_happens_to_keys_is_on_record(north_id: uuid.UUID) -> None:
    rotate_data_key(north_id)
    destroy_data_key(north_id)
    entries = Entry.objects.filter(event__startswith="data_key.").order_by("pk")
    assert [entry.event for entry in entries] == [
        "data_key.created",
        "data_key.rotated",
        "data_key.destroyed",
    ]
    assert {entry.additional_data["owner"] for entry in entries} == {str(north_id)}
