"""A seller that is to be deleted is read by nobody, until that is withdrawn (RET-2);
one in an incident lets no file be taken along, until that is taken back (INC-1)."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction

from plugseller.accounts.models import Seller, User
from plugseller.accounts.services.grants import end_grants_at
from plugseller.audit.services import record


@transaction.atomic
def freeze_seller(*, seller: UUID, now: datetime) -> bool:
    """Nobody reads the seller from now on; False if that was so already.

    Its people's rights, sessions and API tokens stay as they are and open nothing
    (`tenancy`): so a withdrawal brings all of it back. Access of our staff ends.
    """
    if not Seller.objects.filter(pk=seller, frozen_at=None).update(frozen_at=now):
        return False
    ended = end_grants_at(seller=seller, now=now)
    record("seller.frozen", seller_id=seller, rows=ended)
    return True


def set_frozen_parts(*, seller: UUID, parts: Iterable[UUID]) -> None:
    """These parts of it, and no other, are read by nobody; whoever stops a part logs
    it. In the caller's transaction."""
    ids = sorted(map(str, parts))
    Seller.objects.filter(pk=seller).exclude(frozen_parts=ids).update(frozen_parts=ids)


@transaction.atomic
def stop_exports(*, actor: User, seller: UUID, now: datetime) -> bool:
    """Nobody takes a file of its data along from now on, because of an incident; False
    if that was so already. It is read on the screen as ever."""
    held = Seller.objects.filter(pk=seller, exports_stopped_at=None)
    if not held.update(exports_stopped_at=now):
        return False
    record("seller.exports_stopped", actor=actor, seller_id=seller)
    return True


@transaction.atomic
def allow_exports(*, actor: User, seller: UUID) -> bool:
    """Files may be taken along again; False if that was never stopped."""
    held = Seller.objects.filter(pk=seller, exports_stopped_at__isnull=False)
    if not held.update(exports_stopped_at=None):
        return False
    record("seller.exports_allowed", actor=actor, seller_id=seller)
    return True


@transaction.atomic
def thaw_seller(*, seller: UUID) -> bool:
    """The seller is read again; False if it was never stopped."""
    held = Seller.objects.filter(pk=seller, frozen_at__isnull=False)
    if not held.update(frozen_at=None):
        return False
    record("seller.thawed", seller_id=seller)
    return True
