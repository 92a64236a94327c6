"""Our own keys and certificates, for the inventory of credentials (ACC-3).

Keys hang from the key provider; what is known of their age is when they were first
used. Certificates say themselves when they end.
"""

import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from django.conf import settings
from django.db.models import Count, Min

from plugseller.crypto.models import DataKey
from plugseller.keyprovider import provider
from plugseller.shelves import CredentialRow, credentials

LASTS = timedelta(days=365)  # every 12 months at least (Amazon's policy 1.4.2)
_NAMES = uuid.UUID("6f1c8a52-0a0e-4a5c-9a55-6d6f9d1c7b11")


def keys(now: datetime, until: datetime | None) -> Iterator[CredentialRow]:
    """Master and signing keys, and the data keys in use, oldest first, as one."""
    for row in (_master(), *_signing(), _data()):
        if row is None:
            continue
        if until is None or (row.due_at is not None and row.due_at <= until):
            yield row


def _master() -> CredentialRow:
    key_id = provider().current_master_id()
    wrapped = DataKey.objects.filter(master_key_id=key_id)
    first = wrapped.aggregate(first=Min("created_at"))["first"]
    return CredentialRow(
        subject_id=uuid.uuid5(_NAMES, f"master {key_id}"),
        kind="Master key",
        label=key_id,
        owner="Plug Seller",
        created_at=first,
        due_at=first + LASTS if first else None,
        note="Replace it with: manage.py rotate_keys",
    )


def _signing() -> Iterable[CredentialRow]:
    for key_id in provider().signing_ids():
        yield CredentialRow(
            subject_id=uuid.uuid5(_NAMES, f"signing {key_id}"),
            kind="Signing key",
            label=key_id,
            owner="Plug Seller",
        )


def _data() -> CredentialRow | None:
    live = DataKey.objects.filter(retired_at=None, destroyed_at=None)
    found = live.aggregate(first=Min("created_at"), number=Count("pk"))
    if not found["number"]:
        return None
    return CredentialRow(
        subject_id=uuid.uuid5(_NAMES, "data keys"),
        kind="Data keys",
        label=f"{found['number']} in use, the oldest",
        owner="Plug Seller",
        created_at=found["first"],
        due_at=found["first"] + LASTS,
        note="Replace them with: manage.py rotate_keys",
    )


def certificates(now: datetime, until: datetime | None) -> Iterator[CredentialRow]:
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
