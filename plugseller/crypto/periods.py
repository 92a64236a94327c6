"""Keys of periods: what they seal ends for good when they are destroyed (ENC-3).

A period is a day in UTC. Whatever is sealed under its key, such as backups and the
data keys kept beside them, can't be opened any more once the key is gone, wherever
copies lie. Each key is a file, wrapped by a master key:

    period-keys/                       mode 0700
      2026-11-28.key                   mode 0600

The folder must not get into a backup that lasts longer than the keys (README).
"""

import json
import os
import secrets
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from uuid import uuid5

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from plugseller import keyprovider
from plugseller.crypto.sealing import SealBroken, open_envelope, seal
from plugseller.crypto.services import INSTALLATION
from plugseller.disk import settle
from plugseller.keyprovider import KeyTrouble


def folder() -> Path:
    return Path(settings.BACKUP_PERIODS_FOLDER)


def period_of(now: datetime) -> str:
    """The period of an instant: its day in UTC, "2026-11-28"."""
    return now.astimezone(UTC).date().isoformat()


def start_of(period: str) -> datetime:
    """When a period began. ValueError if it is none."""
    return datetime.combine(date.fromisoformat(period), time(), UTC)


def held() -> list[str]:
    """The periods whose keys are there, the oldest first."""
    return sorted(path.stem for path in _files())


def key_of_now(now: datetime) -> bytes:
    """The key of the period of now, made if there is none. Raises KeyTrouble.

    Every master key of now is noted with it: data keys that are sealed in the period
    are wrapped by them, and need them as long as the period's key is there.
    """
    period = period_of(now)
    if not _path(period).exists():
        _keep(period, secrets.token_bytes(32), replace=False)
    if not set(keyprovider.provider().master_ids()) <= _masters_of(period):
        _keep(period, key_of(period), replace=True)
    return key_of(period)


def key_of(period: str) -> bytes:
    """The key of a period. Raises KeyTrouble when it is gone or can't be opened."""
    path = _path(period)
    try:
        told = json.loads(path.read_text())
        return open_envelope(
            key=_wrapping_key(told["master"]),
            envelope=bytes.fromhex(told["wrapped"]),
            context=("period key", period, told["master"]),
        )
    except FileNotFoundError:
        raise KeyTrouble(
            f"There is no key of the period {period} in {folder()}: it was destroyed "
            "when its time was over, or your copy of that folder isn't there yet."
        ) from None
    except OSError as error:
        raise _trouble(path, error) from error
    except (ValueError, KeyError, TypeError, SealBroken):
        raise KeyTrouble(
            f"The period key {path} was changed or belongs to other master keys: put "
            "back your copy of it, or the keys folder it belongs to."
        ) from None


def destroy(period: str) -> bool:
    """Destroy the key of a period; whether there was one. Raises KeyTrouble."""
    path = _path(period)
    try:
        for draft in folder().glob(f".{path.name}.*"):  # of one that was killed
            _wipe(draft)
        _wipe(path)
        settle(path.parent)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _trouble(path, error) from error
    return True


def _wipe(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"\0" * path.stat().st_size)
        file.flush()
        os.fsync(file.fileno())
    path.unlink()


def rewrap() -> int:
    """Wrap every period key with the current master key; how many changed.

    Part of a rotation, before the old master key may be retired.
    """
    current = keyprovider.provider().current_master_id()
    behind = [period for period in held() if _told(period).get("master") != current]
    for period in behind:
        _keep(period, key_of(period), replace=True)
    return len(behind)


def masters_in_use() -> set[str]:
    """The ids of the master keys without which something of a period won't open."""
    return {master for period in held() for master in _masters_of(period)}


def _masters_of(period: str) -> set[str]:
    told = _told(period)
    return {str(one) for one in (told.get("master", ""), *told.get("masters", ()))}


def _told(period: str) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads(_path(period).read_text())
    except (OSError, ValueError):
        return {}
    return told


def _keep(period: str, key: bytes, *, replace: bool) -> None:
    keys = keyprovider.provider()
    master = keys.current_master_id()
    wrapped = seal(
        key=_wrapping_key(master),
        key_id=uuid5(INSTALLATION, f"period {period}"),
        plaintext=key,
        context=("period key", period, master),
    )
    text = json.dumps(
        {
            "master": master,
            "wrapped": wrapped.hex(),
            "masters": sorted({*keys.master_ids(), *_masters_of(period)} - {""}),
        }
    )
    path = _path(period)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        folder().mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            _put(draft, path, replace=replace)
        finally:
            draft.unlink(missing_ok=True)
        settle(folder())
    except OSError as error:
        raise _trouble(path, error) from error
    if keys.current_master_id() != master:  # a rotation came between
        _keep(period, key_of(period), replace=True)


def _put(draft: Path, path: Path, *, replace: bool) -> None:
    if replace:
        draft.replace(path)
        return
    try:
        os.link(draft, path)  # of two that make it at once, one key stays
    except FileExistsError:
        return


def _wrapping_key(master: str) -> bytes:
    derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"wrap period keys v1")
    return derive.derive(keyprovider.provider().master_key(master))


def _path(period: str) -> Path:
    start_of(period)
    return folder() / f"{period}.key"


def _files() -> Iterator[Path]:
    for path in folder().glob("????-??-??.key"):
        try:
            start_of(path.stem)
        except ValueError:
            continue
        yield path


def _trouble(path: Path, error: OSError) -> KeyTrouble:
    return KeyTrouble(
        f"The period key {path} can't be used ({error.strerror}): check "
        "BACKUP_PERIODS_FOLDER, the space on the disk and who owns the folder."
    )
