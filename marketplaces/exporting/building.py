"""Puts a package together in the background; done once, whole or not at all."""

import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import models, transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from marketplaces.exporting.files import files
from marketplaces.exporting.packing import Packing
from marketplaces.exporting.services import (
    LASTS,
    REASON,
    End,
    ExportStopped,
    ExportWaits,
    State,
    context_of,
    end_export,
    lease_of,
    standing_of,
)
from marketplaces.models import DataExport
from plugseller.accounts.activity import entries_of
from plugseller.accounts.models import Seller
from plugseller.accounts.portability import PORTABLES
from plugseller.audit.services import record
from plugseller.crypto.sealing import Unopenable
from plugseller.crypto.services import NoDataKey, create_data_key, sealed_file_for
from plugseller.jobs import leases, outbox
from plugseller.keyprovider.base import KeyTrouble
from plugseller.shelves import HOLDINGS, Scope

MOST_ATTEMPTS = 3
_LOOKS_EVERY = 2.0  # seconds between looks whether the work may go on


def build_export(export_id: UUID, *, now: datetime) -> DataExport | None:
    """Build a package that was asked for; the job. None if there was nothing to do.

    A second worker does nothing; after a crash it is begun again from the start.
    """
    held = leases.take(lease_of(export_id), now=now)
    if held is None:
        return None
    try:
        export = _begin(export_id, now)
        if export is not None:
            _build(export, held, now)
    finally:
        leases.give_back(held)
    return export


def _begin(export_id: UUID, now: datetime) -> DataExport | None:
    waiting = DataExport.objects.across_sellers(reason=REASON).filter(
        pk=export_id, state__in=DataExport.OPEN, seller__exports_stopped_at=None
    )
    if waiting.filter(attempts__gte=MOST_ATTEMPTS).exists():
        _fail(waiting.select_related("seller", "asked_by").get(), "attempts", now)
        return None
    if not waiting.update(
        state=State.BUILDING, attempts=F("attempts") + 1, rows_done=0
    ):
        return None
    return waiting.select_related("seller", "asked_by").first()


def _build(export: DataExport, held: leases.Held, now: datetime) -> None:
    try:
        standing = standing_of(export, now)
        expected = _expected(export.seller)
        total = 2 * sum(expected.values())  # each row in both formats
        _ours(export).update(rows_expected=total)
        packing = Packing(
            standing, expected=expected, now=now, progress=_watch(export, held)
        )
        create_data_key(export.seller_id)
        with files.written(export.file_name) as out:
            stream = sealed_file_for(export.seller_id, out, context_of(export))
            packing.write(stream)
            stream.finish()
        _finish(export, packing, held)
    except ExportWaits:
        files.shred(export.file_name)
        _ours(export).update(state=State.WAITING, attempts=F("attempts") - 1)
    except ExportStopped as stop:
        files.shred(export.file_name)
        with transaction.atomic():
            end_export(export, stop.end, timezone.now())
    except (OSError, KeyTrouble, NoDataKey, Unopenable) as error:
        files.shred(export.file_name)
        _fail(export, type(error).__name__, timezone.now())


def _watch(export: DataExport, held: leases.Held) -> Callable[[int], None]:
    """What looks, every few seconds, whether the work may go on, and tells how far."""
    looked_at = 0.0

    def look(done: int) -> None:
        nonlocal looked_at
        if time.monotonic() < looked_at + _LOOKS_EVERY:
            return
        now, looked_at = timezone.now(), time.monotonic()
        leases.renew(held, now=now)
        if not _ours(export).update(rows_done=done):
            raise ExportStopped(End.TAKEN_BACK)
        standing_of(export, now)

    return look


def _ours(export: DataExport) -> models.QuerySet[DataExport]:
    rows = DataExport.objects.of_seller(export.seller_id)
    return rows.filter(pk=export.pk, state=State.BUILDING)


def _expected(seller: Seller) -> dict[str, int]:
    """About how many rows each file will have."""
    scope = Scope(seller_id=seller.pk)
    counts = {
        table.file: HOLDINGS[label].store.count(scope)
        for label, table in PORTABLES.items()
    }
    return counts | {"activity": entries_of(seller).order_by().count()}


@transaction.atomic
def _finish(export: DataExport, packing: Packing, held: leases.Held) -> None:
    now = timezone.now()
    leases.renew(held, now=now)
    done = _ours(export).update(
        state=State.READY,
        counts=packing.counts,
        size=packing.size,
        ready_at=now,
        expires_at=now + LASTS,
    )
    if not done:
        raise ExportStopped(End.TAKEN_BACK)
    _tell(export, "Your data is ready", _READY, now)
    record(
        "export.built",
        seller_id=export.seller_id,
        subject=export,
        rows=sum(packing.counts.values()),
        details={"files": len(packing.counts), "bytes": packing.size},
    )


@transaction.atomic
def _fail(export: DataExport, trouble: str, now: datetime) -> None:
    rows = DataExport.objects.of_seller(export.seller_id)
    open_now = rows.filter(pk=export.pk, state__in=DataExport.OPEN)
    if not open_now.update(state=State.FAILED, ended_at=now):
        return
    transaction.on_commit(partial(files.shred, export.file_name))
    _tell(export, "Your data could not be put together", _FAILED, now)
    record(
        "export.failed",
        seller_id=export.seller_id,
        subject=export,
        details={"trouble": trouble},
    )


_READY = (
    "All data of {seller} is ready to be downloaded, until {until} UTC:\n{page}\n\n"
    "Sign in to fetch it. Keep the file as safe as the data itself.\n\n"
    "You didn't ask for it? Write to {contact} at once.\n"
)
_FAILED = (
    "The file with all data of {seller} that you asked for could not be put together. "
    "Nothing of your data has changed.\n\nAsk again here:\n{page}\n\n"
    "If it fails again, write to {contact}.\n"
)


def _tell(export: DataExport, subject: str, text: str, now: datetime) -> None:
    person = export.asked_by
    if person is None or not person.is_active:
        return
    page = reverse("console:export", args=[export.seller.slug])
    outbox.post(
        to=person.email,
        subject=subject,
        text=text.format(
            seller=export.seller.name,
            until=f"{now + LASTS:%Y-%m-%d %H:%M}",
            page=f"{settings.PUBLIC_ADDRESS}{page}",
            contact=settings.CONTACT_ADDRESS,
        ),
        owner=person.pk,
        now=now,
    )
