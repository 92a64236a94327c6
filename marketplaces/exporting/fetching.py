"""Hands a package out, opened piece by piece, while its reader may have it (ACC-2)."""

import time
from collections.abc import Iterator
from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from marketplaces.exporting.files import files
from marketplaces.exporting.services import context_of, may_have_all
from marketplaces.models import DataExport
from plugseller.accounts.models import User
from plugseller.accounts.tenancy import Standing, standing_at
from plugseller.audit.services import record_access
from plugseller.crypto.sealing import Unopenable
from plugseller.crypto.services import opened_file_for
from plugseller.crypto.streaming import CHUNK

_LOOKS_EVERY = 2.0  # seconds between looks whether the reader still may


def fetch_export(
    *, standing: Standing, export: DataExport, now: datetime
) -> Iterator[bytes]:
    """The package's bytes, opened piece by piece; logged before the first.

    Raises PermissionDenied where the person may not have all, and ValidationError with
    a sentence where there is nothing to fetch.
    """
    if not may_have_all(standing):
        raise PermissionDenied
    if not export.can_be_fetched(now):
        raise ValidationError("This file is gone. Ask for a new one.")
    pieces = _pieces(standing, export)
    try:
        first = next(pieces)
    except (Unopenable, FileNotFoundError):
        raise ValidationError(
            "This file can't be opened any more. Ask for a new one."
        ) from None
    with transaction.atomic():
        fetched = DataExport.objects.of_seller(standing.seller).filter(pk=export.pk)
        fetched.update(downloads=F("downloads") + 1)
        record_access(
            "everything.export",
            actor=standing.user,
            seller_id=standing.seller.pk,
            subject=export,
            rows=export.rows,
            details={"files": len(export.counts), "bytes": export.size},
        )
    return _from(first, pieces)


def _pieces(standing: Standing, export: DataExport) -> Iterator[bytes]:
    """The opened pieces, as long as the reader may have them all."""
    looked_at = time.monotonic()
    with files.opened(export.file_name) as source:
        opened = opened_file_for(export.seller_id, source, context_of(export))
        while piece := opened.read(CHUNK):
            if time.monotonic() > looked_at + _LOOKS_EVERY:
                _look_again(standing, export)
                looked_at = time.monotonic()
            yield piece


def _look_again(standing: Standing, export: DataExport) -> None:
    now = timezone.now()
    reader = User.objects.get(pk=standing.user.pk)
    there = DataExport.objects.of_seller(standing.seller).filter(pk=export.pk).first()
    if there is None or not there.can_be_fetched(now):
        raise PermissionDenied("The package ended while it was read.")
    if not may_have_all(standing_at(reader, standing.seller.slug, now=now)):
        raise PermissionDenied("The right to it ended while it was read.")


def _from(first: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from pieces
