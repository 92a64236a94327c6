"""What happens to data keys, and sealing with them (ENC-3).

Rotating the master key rewraps data keys and touches no sealed value; destroying
an owner's data keys makes every value sealed for that owner unreadable.
"""

import secrets
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import BinaryIO
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.db import connection, transaction
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from plugseller import keyprovider
from plugseller.audit.services import record
from plugseller.crypto.models import DataKey
from plugseller.crypto.noticing import note_broken
from plugseller.crypto.sealedfiles import opened_file, sealed_file
from plugseller.crypto.sealing import (
    SealBroken,
    Unopenable,
    key_id_of,
    open_envelope,
    seal,
)
from plugseller.crypto.streaming import SealedReader, SealedWriter, Sink
from plugseller.keyprovider import KeyTrouble

INSTALLATION = UUID("00000000-0000-4000-8000-000000000001")
"""Owner of the data key for what belongs to no seller and no person."""


class KeyDestroyed(Unopenable):
    """The owner's data key was destroyed: what it sealed is gone for good."""


class NoDataKey(Exception):
    """Something should be sealed for an owner that has no data key."""


class UnwrappedKeys:
    """Data keys unwrapped a moment ago, so that reading doesn't ask each time.

    Short-lived, because another process may destroy a key meanwhile. Only opening
    asks it: sealing with a key whose row was rolled back would lose the value.
    """

    def __init__(
        self,
        *,
        seconds: float = 30,
        most: int = 500,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seconds = seconds
        self._most = most
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: dict[UUID, tuple[float, UUID, bytes]] = {}

    def get(self, key_id: UUID) -> tuple[UUID, bytes] | None:
        """Owner and key, if unwrapped recently."""
        until, owner, key = self._keys.get(key_id, (0.0, key_id, b""))
        return (owner, key) if self._clock() < until else None

    def put(self, key_id: UUID, owner: UUID, key: bytes) -> None:
        with self._lock:
            if len(self._keys) >= self._most:
                self._keys.clear()
            self._keys[key_id] = (self._clock() + self._seconds, owner, key)

    def drop_owner(self, owner: UUID) -> None:
        with self._lock:
            kept = {k: entry for k, entry in self._keys.items() if entry[1] != owner}
            self._keys = kept


_unwrapped = UnwrappedKeys()


def create_data_key(owner: UUID, *, now: datetime | None = None) -> DataKey:
    """The owner's current data key, made if there is none.

    Raises KeyTrouble.
    """
    with transaction.atomic():
        take_turn()
        row, created = DataKey.objects.get_or_create(
            owner=owner,
            retired_at__isnull=True,
            defaults=_new_key(owner, now or timezone.now()),
        )
        if created:
            record("data_key.created", subject=row, details={"owner": str(owner)})
    return row


def rotate_data_key(owner: UUID, *, now: datetime | None = None) -> DataKey:
    """A new data key for what is sealed from now on; the old one still opens."""
    now = now or timezone.now()
    with transaction.atomic():
        take_turn()
        DataKey.objects.filter(owner=owner, retired_at=None).update(retired_at=now)
        row = DataKey.objects.create(owner=owner, **_new_key(owner, now))
        record("data_key.rotated", subject=row, details={"owner": str(owner)})
    return row


def destroy_data_key(owner: UUID, *, now: datetime | None = None) -> int:
    """Destroy all data keys of an owner; rows without a key stay as the proof.

    Returns how many keys were destroyed. This process forgets them at once,
    others within half a minute.
    """
    now = now or timezone.now()
    with transaction.atomic():
        keys = DataKey.objects.filter(owner=owner, destroyed_at=None)
        keys.filter(retired_at=None).update(retired_at=now)
        count = keys.update(wrapped=b"", destroyed_at=now)
        record("data_key.destroyed", rows=count, details={"owner": str(owner)})
        _unwrapped.drop_owner(owner)
        # Somebody may have read the old row before this transaction ended.
        transaction.on_commit(partial(_unwrapped.drop_owner, owner))
    return count


def rewrap_data_keys(
    *, batch: int = 200, told: Callable[[int], object] = lambda changed: None
) -> int:
    """Wrap every data key with the current master key; returns how many changed.

    Each batch is a transaction, so an interrupted run is finished by the next one, and
    two at once share the work. `told` hears after each batch how many it is by now.
    One that doesn't open stays as it is and holds up no other; then this raises
    SealBroken, or KeyTrouble when an old master key isn't held any more, at its end.
    """
    changed, last = 0, None
    trouble: Unopenable | KeyTrouble | None = None
    while True:
        with transaction.atomic():
            take_turn()
            current = keyprovider.provider().current_master_id()
            behind = DataKey.objects.filter(destroyed_at=None)
            rows = behind.exclude(master_key_id=current).order_by("pk")
            here = list(rows.filter(pk__gt=last)[:batch] if last else rows[:batch])
            count = 0
            for row in here:
                try:
                    count += _rewrap(row, current)
                except (SealBroken, KeyTrouble) as error:
                    trouble = trouble or error
            if count:
                record("data_key.rewrapped", rows=count, details={"master": current})
        if not here:
            break
        last = here[-1].pk
        changed += count
        told(changed)
    if trouble is not None:
        raise trouble
    return changed


def take_turn(*, alone: bool = False) -> None:
    """Taken before a master key is chosen to wrap with, until the transaction ends.

    Whoever retires a master key takes it alone once after the newer key was there:
    then nobody who chose the old one is still at it. SQLite has one writer anyway.
    """
    if connection.vendor != "postgresql":
        return
    lock = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {lock}(hashtext('plugseller wrapping'))")


@sensitive_variables("plaintext")
def seal_for(owner: UUID, plaintext: bytes, context: Sequence[str]) -> bytes:
    """An envelope under the owner's current data key. Raises NoDataKey, KeyTrouble."""
    row = DataKey.objects.filter(owner=owner, retired_at=None).first()
    if row is None:
        raise NoDataKey(f"There is no data key to seal with for {owner}.")
    return seal(key=_unwrap(row), key_id=row.pk, plaintext=plaintext, context=context)


@sensitive_variables("plaintext")
def seal_for_new(owner: UUID, plaintext: bytes, context: Sequence[str]) -> bytes:
    """Like `seal_for`, for an owner who may have had nothing sealed before."""
    try:
        return seal_for(owner, plaintext, context)
    except NoDataKey:
        create_data_key(owner)
        return seal_for(owner, plaintext, context)


def open_for(owner: UUID, envelope: bytes, context: Sequence[str]) -> bytes:
    """What was sealed for this owner in this context.

    Raises SealBroken, KeyDestroyed or KeyTrouble; the first is told of as well.
    """
    key_id = None
    try:
        key_id = key_id_of(envelope)
        found = _unwrapped.get(key_id) or _look_up(key_id)
        if found[0] != owner:
            raise SealBroken("A sealed value belongs to another owner.")
        return open_envelope(key=found[1], envelope=envelope, context=context)
    except SealBroken:
        note_broken(owner, context, key_id)
        raise


def sealed_file_for(owner: UUID, out: Sink, context: Sequence[str]) -> SealedWriter:
    """A file sealed under the owner's current data key, of any length.

    Raises NoDataKey, KeyTrouble.
    """
    row = DataKey.objects.filter(owner=owner, retired_at=None).first()
    if row is None:
        raise NoDataKey(f"There is no data key to seal with for {owner}.")
    return sealed_file(out, key=_unwrap(row), key_id=row.pk, context=context)


def opened_file_for(
    owner: UUID, source: BinaryIO, context: Sequence[str]
) -> SealedReader:
    """Such a file, to be read; what SealedReader says of its end holds.

    Raises SealBroken, KeyDestroyed or KeyTrouble.
    """

    def key_of(key_id: UUID) -> bytes:
        found = _unwrapped.get(key_id) or _look_up(key_id)
        if found[0] != owner:
            raise SealBroken("A sealed file belongs to another owner.")
        return found[1]

    return opened_file(source, key_of=key_of, context=context)


def check_data_key(row: DataKey) -> None:
    """Unwrap a data key to see that it can be. Raises SealBroken or KeyTrouble."""
    _unwrap(row)


def _rewrap(row: DataKey, master: str) -> int:
    wrapped = _wrap(row.pk, row.owner, _unwrap(row), master)
    # Destroyed or rewrapped by another process meanwhile: then it stays as it is.
    unchanged = DataKey.objects.filter(pk=row.pk, master_key_id=row.master_key_id)
    return unchanged.filter(destroyed_at=None).update(
        wrapped=wrapped, master_key_id=master
    )


def _look_up(key_id: UUID) -> tuple[UUID, bytes]:
    row = DataKey.objects.filter(pk=key_id).first()
    if row is None:
        raise SealBroken("A sealed value names a data key that never existed.")
    if row.destroyed_at is not None:
        raise KeyDestroyed("The data key of this value was destroyed.")
    key = _unwrap(row)
    _unwrapped.put(row.pk, row.owner, key)
    return row.owner, key


def _new_key(owner: UUID, now: datetime) -> dict[str, object]:
    key_id = DataKey._meta.pk.get_default()
    master = keyprovider.provider().current_master_id()
    return {
        "pk": key_id,
        "wrapped": _wrap(key_id, owner, secrets.token_bytes(32), master),
        "master_key_id": master,
        "created_at": now,
    }


def _wrap(key_id: UUID, owner: UUID, key: bytes, master: str) -> bytes:
    return seal(
        key=_wrapping_key(master),
        key_id=key_id,
        plaintext=key,
        context=_wrapping_context(owner, master),
    )


def _unwrap(row: DataKey) -> bytes:
    try:
        return _unwrap_as_read(row)
    except KeyTrouble:
        # Wrapped anew since it was read, and the older master key retired?
        fresh = DataKey.objects.filter(pk=row.pk, destroyed_at=None).first()
        if fresh is None or fresh.master_key_id == row.master_key_id:
            raise
        return _unwrap_as_read(fresh)


def _unwrap_as_read(row: DataKey) -> bytes:
    wrapped = bytes(row.wrapped)
    if key_id_of(wrapped) != row.pk:
        raise SealBroken(f"The row of {row} holds another data key.")
    return open_envelope(
        key=_wrapping_key(row.master_key_id),
        envelope=wrapped,
        context=_wrapping_context(row.owner, row.master_key_id),
    )


def _wrapping_context(owner: UUID, master: str) -> tuple[str, ...]:
    return ("data key", str(owner), master)


def _wrapping_key(master: str) -> bytes:
    # A key of its own for wrapping: the audit log derives others from the master.
    derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"wrap data keys v1")
    return derive.derive(keyprovider.provider().master_key(master))
