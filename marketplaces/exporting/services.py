"""A seller takes its data along: asked for, there for a day, gone (RET-2)."""

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404
from django_q.tasks import async_task

from marketplaces.exporting.files import files
from marketplaces.models import DataExport
from plugseller.accounts.models import User
from plugseller.accounts.roles import Permission
from plugseller.accounts.services.sellers import lock_sellers
from plugseller.accounts.tenancy import Standing, standing_at
from plugseller.audit.services import record
from plugseller.custody.models import Tombstone
from plugseller.custody.rules import RULES
from plugseller.custody.services import is_buried
from plugseller.jobs import leases

NEEDED = (
    Permission.EXPORT_DATA,
    Permission.MANAGE_MEMBERS,
    Permission.REQUEST_DELETION,
    Permission.VIEW_ACTIVITY,
)
"""Together they are an owner's alone, and a package holds whatever an owner may see.
They are also what an owner keeps while the seller is to be deleted (roles.py)."""

LASTS = RULES["exports"].keep or timedelta(hours=24)
_LATE_AFTER = timedelta(minutes=2)  # then the queue has lost it
REASON = "packages of all sellers are built and removed by the timetable"

State, End = DataExport.State, DataExport.End


class ExportStopped(Exception):
    """The package may not be built or read on; `end` says why."""

    def __init__(self, end: DataExport.End) -> None:
        super().__init__(end.label)
        self.end = end


class ExportWaits(Exception):
    """The package is built or fetched later, if at all: an incident keeps files from
    leaving the seller."""


def may_have_all(standing: Standing) -> bool:
    """Whether the person may have everything the package holds."""
    return all(standing.may(permission) for permission in NEEDED)


@transaction.atomic
def ask_export(*, standing: Standing, now: datetime) -> DataExport:
    """A package of all of the seller's data, to be built soon.

    Two who ask at once get the same one; a finished one gives way to the new one.
    Raises PermissionDenied, and ValidationError once the deletion has begun.
    """
    if not may_have_all(standing):
        raise PermissionDenied
    seller = standing.seller
    if _is_erased(seller.pk):
        raise ValidationError("The deletion has begun: nothing whole is left.")
    lock_sellers(seller.pk)
    own = DataExport.objects.of_seller(seller)
    if under_way := own.filter(state__in=DataExport.OPEN).first():
        return under_way
    for old in own.filter(state=State.READY):
        end_export(old, End.REPLACED, now)
    made = DataExport.objects.create(
        seller=seller,
        asked_by=standing.user,
        asked_at=now,
        file_name=files.new_name(),
    )
    record("export.asked", actor=standing.user, seller_id=seller.pk, subject=made)
    transaction.on_commit(partial(_queue, made.pk))
    return made


@transaction.atomic
def take_back(*, standing: Standing, export: DataExport, now: datetime) -> None:
    """Remove a package before its time, or stop its making. Raises PermissionDenied."""
    if not may_have_all(standing):
        raise PermissionDenied
    end_export(export, End.TAKEN_BACK, now, actor=standing.user)


def tend_exports(now: datetime) -> int:
    """Queue what the queue has lost; end what its asker lost; how many ended."""
    every = DataExport.objects.across_sellers(reason=REASON).select_related(
        "seller", "asked_by"
    )
    unbuilt = every.filter(state__in=DataExport.OPEN)
    waiting = unbuilt.filter(seller__exports_stopped_at=None)
    for late in waiting.filter(asked_at__lt=now - _LATE_AFTER):
        if (held := leases.take(lease_of(late.pk), now=now)) is not None:
            leases.give_back(held)  # nobody is at it
            _queue(late.pk)
    stopped = unbuilt.exclude(seller__exports_stopped_at=None)
    ended = 0
    for kept in (*every.filter(state=State.READY), *stopped):
        end = _over_because(kept, now)
        if end is not None:
            with transaction.atomic():
                ended += end_export(kept, end, now)
    _sweep(now)
    return ended


def expire_exports(now: datetime) -> int:
    """End the packages whose day is over; how many ended."""
    over = DataExport.objects.across_sellers(reason=REASON).filter(
        state=State.READY, expires_at__lte=now
    )
    ended = 0
    for export in over:
        with transaction.atomic():
            ended += end_export(export, End.EXPIRED, now)
    return ended


def _is_erased(seller_id: UUID) -> bool:
    """Whether the seller's deletion has begun: a new key for it would bring it back."""
    return is_buried(Tombstone.Kind.SELLER, seller_id)


def _queue(export_id: UUID) -> None:
    async_task("marketplaces.jobs.build_export", str(export_id))


def lease_of(export_id: UUID) -> str:
    return f"export {export_id}"


def standing_of(export: DataExport, now: datetime) -> Standing:
    """How who asked stands at the seller now. Raises ExportStopped, ExportWaits."""
    if _is_erased(export.seller_id):
        raise ExportStopped(End.DELETION)
    person = User.objects.filter(pk__in=[export.asked_by_id]).first()
    try:
        standing = standing_at(person, export.seller.slug, now=now)
    except Http404:
        raise ExportStopped(End.RIGHT_LOST) from None
    lacks = {permission for permission in NEEDED if not standing.may(permission)}
    stopped = standing.seller.exports_stopped_at is not None
    if stopped and lacks == {Permission.EXPORT_DATA}:  # it alone is taken by that
        raise ExportWaits
    if lacks:
        raise ExportStopped(End.RIGHT_LOST)
    return standing


def end_export(
    export: DataExport, end: DataExport.End, now: datetime, *, actor: User | None = None
) -> int:
    """End a package, its file with it; 0 if it was over already."""
    rows = DataExport.objects.of_seller(export.seller_id).filter(pk=export.pk)
    alive = rows.exclude(state__in=(State.ENDED, State.FAILED))
    if not alive.update(state=State.ENDED, end=end, ended_at=now):
        return 0
    # After the commit: a file whose row is still alive would be missed.
    transaction.on_commit(partial(files.shred, export.file_name))
    record(
        "export.ended",
        actor=actor,
        seller_id=export.seller_id,
        subject=export,
        details={"why": end.value},
    )
    return 1


def _over_because(export: DataExport, now: datetime) -> DataExport.End | None:
    try:
        standing_of(export, now)
    except ExportStopped as stop:
        return stop.end
    except ExportWaits:  # nobody can fetch it now; afterwards, within its day
        return None
    return None


def _sweep(now: datetime) -> None:
    """Remove files that no package answers for: a crash left them."""
    alive = DataExport.objects.across_sellers(reason=REASON).filter(
        state__in=(*DataExport.OPEN, State.READY)
    )
    left = files.names().keys() - set(alive.values_list("file_name", flat=True))
    for name in left:
        files.shred(name)


def context_of(export: DataExport) -> tuple[str, ...]:
    return ("export", str(export.seller_id), str(export.pk))
