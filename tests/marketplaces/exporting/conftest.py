"""North's and South's data, and a package of all of North's."""

import io
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from marketplaces.exporting.building import build_export
from marketplaces.exporting.fetching import fetch_export
from marketplaces.exporting.services import ask_export
from marketplaces.models import DataExport
from plugseller.accounts.models import User
from plugseller.accounts.tenancy import standing_at

# Fixtures of the console's tests, whose rows these are.
from tests.marketplaces.console.conftest import (  # noqa: F401
    World,
    world,
)


@pytest.fixture(autouse=True)
def _own_folder(settings: Any, tmp_path: Path) -> None:
    """Other workers of this run have files of their own."""
    settings.EXPORT_FOLDER = tmp_path / "exports"


def asked(who: User, slug: str = "north", *, now: datetime | None = None) -> DataExport:
    now = now or timezone.now()
    return ask_export(standing=standing_at(who, slug, now=now), now=now)


def built(who: User, slug: str = "north", *, now: datetime | None = None) -> DataExport:
    """A package as the job leaves it."""
    made = asked(who, slug, now=now)
    build_export(made.pk, now=now or timezone.now())
    made.refresh_from_db()
    return made


def fetched(export: DataExport, who: User) -> bytes:
    now = timezone.now()
    standing = standing_at(who, export.seller.slug, now=now)
    return b"".join(fetch_export(standing=standing, export=export, now=now))


def unpacked(export: DataExport, who: User) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(fetched(export, who))) as package:
        assert package.testzip() is None
        return {name: package.read(name) for name in package.namelist()}
