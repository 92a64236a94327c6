"""An owner's values sealed anew: all of them, killed anywhere, beside other writers."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from plugseller.audit.models import Entry
from plugseller.crypto import resealing, services
from plugseller.crypto.models import DataKey
from plugseller.crypto.resealing import finish_owner, rotate_owner
from plugseller.crypto.sealing import SealBroken
from plugseller.crypto.services import UnwrappedKeys, create_data_key
from plugseller.keyprovider import FileKeyProvider
from tests.conftest import NOW
from tests.plugseller.crypto.app.models import Account, Person
from tests.plugseller.crypto.conftest import SECRET, opened
from tests.plugseller.crypto.dying import dies_at

LATER = NOW + timedelta(days=1)


def under(owner: uuid.UUID) -> set[uuid.UUID]:
    """The data keys that the owner's rows are sealed with, as the bytes say."""
    rows = Account.objects.filter(seller_id=owner)
    return {
        uuid.UUID(bytes=value._envelope[1:17])
        for row in rows
        for value in (row.token, row.spare, row.extra)
        if value is not None and value._envelope
    }


def all_open(owner: uuid.UUID) -> bool:
    services._unwrapped = UnwrappedKeys()
    rows = Account.objects.filter(seller_id=owner)
    return all(
        opened(row.token) == SECRET and opened(row.extra) == {"app": SECRET}
        for row in rows
    )


def accounts(owner: uuid.UUID, count: int) -> None:
    for number in range(count):
        Account.objects.create(
            seller_id=owner,
            name=f"{owner}{number}",
            token=SECRET,
            extra={"app": SECRET},
        )


@pytest.mark.django_db
def test_every_field_is_sealed_anew_and_the_old_key_goes_after_its_rest(
    north_id: uuid.UUID, south_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resealing, "_BATCH", 3)
    accounts(north_id, 7)
    accounts(south_id, 1)
    [theirs] = under(south_id)
    [old] = under(north_id)
    told: list[int] = []
    done = rotate_owner(north_id, now=NOW, told=told.append)
    assert (done.values, done.left, done.destroyed) == (14, 0, 0)
    assert told[-1] == 14
    [new] = under(north_id)
    assert new != old
    assert all_open(north_id)
    assert under(south_id) == {theirs}
    assert finish_owner(north_id, now=LATER).destroyed == 1
    row = DataKey.objects.get(pk=old)
    assert bytes(row.wrapped) == b""
    assert row.destroyed_at == LATER
    assert all_open(north_id)
    events = Entry.objects.values_list("event", flat=True)
    assert {"data_key.resealed", "data_key.used_up"} <= set(events)


@pytest.mark.django_db
def test_a_person_owns_what_is_in_their_own_row() -> None:
    owner = uuid.uuid4()
    create_data_key(owner)
    Person.objects.create(id=owner, secret=SECRET)
    assert rotate_owner(owner, now=NOW).values == 1
    finish_owner(owner, now=LATER)
    services._unwrapped = UnwrappedKeys()
    assert Person.objects.get().secret.reveal() == SECRET


@pytest.mark.django_db
def test_who_wrote_meanwhile_keeps_what_they_wrote(account: Account) -> None:
    """A writer comes between reading and writing a row: theirs stays."""
    from plugseller.crypto.fields import reseal

    field: Any = Account._meta.get_field("token")
    seen = Account.objects.get(pk=account.pk)
    account.token = "newer"
    account.save()
    assert reseal(seen, field) is False
    assert Account.objects.get().token.reveal() == "newer"


@pytest.mark.django_db
def test_a_key_that_still_seals_something_is_not_destroyed(account: Account) -> None:
    """A writer held the old row and writes it back after all was sealed anew."""
    stale = Account.objects.get(pk=account.pk)
    rotate_owner(account.seller_id, now=NOW)
    stale.save()
    [old] = DataKey.objects.filter(retired_at__isnull=False)
    assert resealing._destroy(old, LATER) == 0
    assert finish_owner(account.seller_id, now=LATER).destroyed == 1
    assert all_open(account.seller_id)


@pytest.mark.django_db
def test_a_value_that_does_not_open_keeps_its_key_and_is_counted(
    account: Account, south_id: uuid.UUID
) -> None:
    """Row 32: an envelope copied into another row isn't made to fit there."""
    other = Account.objects.create(
        seller_id=account.seller_id, name="other", token="other", extra={"app": SECRET}
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE crypto_examples_account SET token = "
            "(SELECT token FROM crypto_examples_account WHERE name = 'north') "
            "WHERE name = 'other'"
        )
    done = rotate_owner(account.seller_id, now=NOW)
    assert done.left == 1
    again = finish_owner(account.seller_id, now=LATER)
    assert (again.left, again.destroyed) == (1, 0)
    with pytest.raises(SealBroken):
        Account.objects.get(pk=other.pk).token.reveal()


def test_killed_at_every_step_all_values_open_and_the_next_run_finishes(
    own_keys: FileKeyProvider,
) -> None:
    owner = create_data_key(uuid.uuid4()).owner
    accounts(owner, 1)
    step = 0
    while True:
        step += 1
        died = dies_at(step, lambda: rotate_owner(owner, now=NOW))
        assert all_open(owner), f"after step {step}"
        finish_owner(owner, now=NOW)
        destroyed = dies_at(step, lambda: finish_owner(owner, now=LATER))
        assert all_open(owner), f"after step {step}"
        finish_owner(owner, now=LATER)
        assert all_open(owner)
        assert len(under(owner)) == 1
        assert DataKey.objects.filter(owner=owner, destroyed_at=None).count() == 1
        if not died and not destroyed:
            break
    assert step > 25
