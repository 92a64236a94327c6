"""Makes the auditors' evidence pack for a period (GOV-1)."""

import contextlib
import hashlib
import os
import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

from django.core.exceptions import ValidationError

from compliance.pack.manifest import File, utc
from compliance.pack.writing import Writer
from compliance.packing import PARTS, Period
from plugseller.accounts.models import User
from plugseller.audit.hiding import hidden_from
from plugseller.audit.services import record
from plugseller.disk import settle
from plugseller.keyprovider import KeyTrouble


class PackRefused(ValidationError):
    """No pack was made; one sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class Made:
    """A pack that lies there whole."""

    path: Path
    sha256: str
    files: list[File]


def period_of(first: date, end: date, *, now: datetime) -> Period:
    """From the first day's midnight in UTC up to, and without, the day `end`.

    Raises PackRefused.
    """
    begins = datetime.combine(first, time(), UTC)
    ends = datetime.combine(end, time(), UTC)
    if ends <= begins:
        raise PackRefused(
            "The period ends before it has begun. The second date is the first day "
            "that isn't in it any more: give one after the first date."
        )
    if ends > now:
        raise PackRefused(
            "The period isn't over. The second date is the first day that isn't in it "
            f"any more: give {now.astimezone(UTC):%Y-%m-%d} at the latest."
        )
    return Period(begins, ends)


def file_name(period: Period) -> str:
    """Such as "plugseller-evidence-2026-07-01-2026-10-01.zip"."""
    return f"plugseller-evidence-{period.begins:%Y-%m-%d}-{period.ends:%Y-%m-%d}.zip"


def make_pack(
    *, actor: User | None, period: Period, folder: Path, now: datetime
) -> Made:
    """Write the period's pack into the folder, whole or not at all.

    Raises PackRefused; AuditUnavailable, and then there is no pack either.
    """
    path = folder / file_name(period)
    part = folder / f".{path.name}.{secrets.token_hex(6)}.part"
    # It tells of every incident, and what it leaves out would be missing for ever.
    if actor is not None and hidden_from(actor):
        raise PackRefused("Another officer has to make this pack.")
    try:
        _refuse_existing(path)
        files, sha256 = _write(part, period, now)
        record(
            "evidence.packed",
            actor=actor,
            rows=len(files),
            details={
                "from": utc(period.begins),
                "to": utc(period.ends),
                "sha256": sha256,
            },
        )
        _refuse_existing(path)
        part.rename(path)
        settle(folder)
    except OSError as error:
        raise PackRefused(
            f"The pack can't be written to {folder} ({error.strerror}): nothing was "
            "left there. Check the folder, its owner and the space on that disk."
        ) from error
    except KeyTrouble as error:
        raise PackRefused(f"The pack can't be signed. {error}") from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    return Made(path, sha256, files)


def _refuse_existing(path: Path) -> None:
    if path.exists():
        raise PackRefused(
            f"{path} is there already, and was left as it is. Move it away, or give "
            "another folder."
        )


def _write(part: Path, period: Period, now: datetime) -> tuple[list[File], str]:
    descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w+b") as out:
        writer = Writer(out, period=period, now=now)
        writer.write(PARTS)
        out.flush()
        os.fsync(out.fileno())
        out.seek(0)
        return writer.files, hashlib.file_digest(out, "sha256").hexdigest()
