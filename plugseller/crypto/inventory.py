"""Our own keys and certificates, for the inventory of credentials (ACC-3).

Keys are those of `rotation.key_inventory`; certificates say themselves when they end.
"""

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from django.conf import settings

from plugseller.crypto.rotation import KeyLine, key_inventory
from plugseller.keyprovider.base import Kind
from plugseller.shelves import CredentialRow, credentials

_NAMES = uuid.UUID("6f1c8a52-0a0e-4a5c-9a55-6d6f9d1c7b11")


_GRACE = timedelta(days=2)  # for the job
_KINDS = {
    Kind.MASTER: ("Master key", "manage.py rotate_keys"),
    Kind.AUDIT: ("Signing key", "manage.py rotate_keys --signing-key"),
    Kind.DATABASE: ("Key of the database file", "manage.py rekey_database"),
    Kind.WEB: ("Key of web sessions and forms", "manage.py rotate_keys --web-key"),
    "data": ("Data keys", "manage.py rotate_keys"),
}


def keys(
    now: datetime, until: datetime | None, only: uuid.UUID | None = None
) -> Iterator[CredentialRow]:
    """The keys that seal and sign from now on, and those before that still open."""
    for line in key_inventory(now):
        if line.state == "retired":
            continue
        if until is None or (line.due and line.due <= until and _is_late(line, now)):
            yield _key(line)


def _is_late(line: KeyLine, now: datetime) -> bool:
    """Whether somebody has to hear of it: the job replaces some in time by itself."""
    if line.due is None or not line.by_itself:
        return True
    return line.due - now < settings.KEY_ROTATED_BEFORE - _GRACE


def _key(line: KeyLine) -> CredentialRow:
    kind, command = _KINDS[line.kind]
    label = line.key_id or f"{line.count} {line.state}, the oldest"
    note = ""
    if line.by_itself:
        note = "It is replaced by itself, before that day."
    elif line.due and command:
        note = f"Replace it with: {command}"
    return CredentialRow(
        subject_id=uuid.uuid5(_NAMES, f"{line.kind} {line.key_id} {line.state}"),
        kind=kind,
        label=label,
        owner="Plug Seller",
        created_at=line.created,
        due_at=line.due,
        note=note,
    )


def certificates(
    now: datetime, until: datetime | None, only: uuid.UUID | None = None
) -> Iterator[CredentialRow]:
    """Our own certificate towards the database, and the authorities we are told of."""
    options = settings.DATABASES["default"].get("OPTIONS", {})
    files = {
        "TLS client certificate for the database": options.get("sslcert", ""),
        "Authority of the database's certificate": options.get("sslrootcert", ""),
        "Authority of the marketplaces (simulator)": settings.MARKETPLACE_CA_FILE,
    }
    for kind, path in files.items():
        if not path or path == "system":
            continue
        row = _certificate(kind, Path(path))
        if until is None or (row.due_at is not None and row.due_at <= until):
            yield row


def _certificate(kind: str, path: Path) -> CredentialRow:
    """By the certificate in the file that ends first."""
    try:
        found = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError):
        trouble = "The file can't be read, or holds no certificate."
        return CredentialRow(
            subject_id=uuid.uuid5(_NAMES, f"certificate {path}"),
            kind=kind,
            label=path.name,
            owner="Plug Seller",
            trouble=trouble,
        )
    first = min(found, key=lambda one: one.not_valid_after_utc)
    return CredentialRow(
        subject_id=uuid.uuid5(_NAMES, f"certificate {first.serial_number}"),
        kind=kind,
        label=path.name,
        owner="Plug Seller",
        created_at=first.not_valid_before_utc,
        due_at=first.not_valid_after_utc,
        note="Put a new one into the file, then start again.",
    )


credentials("keys", keys)
credentials("certificates", certificates)
