"""The deletion certificate: what was done, signed, and checked by anybody (RET-2).

It names nobody: a reference, numbers, instants and ids of keys. It is signed with the
instance's Ed25519 key (RFC 8032), derived from the signing key as the audit log's is,
but another one. Whoever has the public keys checks a certificate without asking us;
keys that were rotated away go on being published, so old certificates stay valid.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.db import transaction
from django.db.models import Max

from compliance.deletion.certified import Told, body_of
from compliance.deletion.models import Certificate, DeletionRequest
from compliance.deletion.services.restored import replayed_lines
from compliance.deletion.staying import Stay
from plugseller.audit.chain import as_text
from plugseller.keyprovider import provider

KIND = "plugseller deletion certificate v1"
_LONGEST = 2 * 1024 * 1024  # bytes of a file that may be one


class NamesSomebody(Exception):
    """A certificate would have held an id or address of the erased; not issued."""


class Verdict(StrEnum):
    """What a check of a certificate's file says."""

    VALID = "valid"
    CHANGED = "changed"
    UNKNOWN_KEY = "unknown key"
    NOT_ONE = "not a certificate"


@dataclass(frozen=True, slots=True)
class Checked:
    """A file, and whether it is what we signed."""

    verdict: Verdict
    reference: str = ""
    version: int = 0
    key_id: str = ""
    body: Mapping[str, Any] | None = None  # only of a valid one

    @property
    def is_valid(self) -> bool:
        return self.verdict is Verdict.VALID


@transaction.atomic
def issue(
    request: DeletionRequest, now: datetime, *, kept: Mapping[str, Stay] | None = None
) -> Certificate:
    """Sign what was done, as the request's next version.

    `kept` is what stays for now. In the transaction that completes the request.
    Raises KeyTrouble; NamesSomebody, which is an error of ours.
    """
    newest = request.certificates.aggregate(version=Max("version"))["version"] or 0
    if not newest and replayed_lines(request):
        newest = 1  # issued before the database was put back, and known to others
    key_id = provider().current_signing_id()
    body = body_of(request, version=newest + 1, kept=kept or {}, key_id=key_id, now=now)
    body["kind"] = KIND
    _refuse_names(request, as_text(body))
    signature = _private(key_id).sign(_message(body))
    return Certificate.objects.create(
        request=request,
        version=newest + 1,
        body=body,
        signature=base64.b64encode(signature).decode(),
        key_id=key_id,
        issued_at=now,
    )


def _refuse_names(request: DeletionRequest, text: str) -> None:
    contact = request.contact.reveal() if request.contact else {}
    ids = [request.seller_id, request.connection_id, request.requested_by]
    words = [
        *map(str, filter(None, ids)),
        *request.people,
        *request.connections,
        *contact.get("addresses", ()),
        *filter(None, [contact.get("email"), contact.get("name")]),
    ]
    small = text.casefold()
    if any(len(word) > 2 and word.casefold() in small for word in words):
        raise NamesSomebody(f"The certificate of {request.reference} names somebody.")


def as_file(certificate: Certificate) -> bytes:
    """The file a seller keeps: canonical JSON, the same bytes each time."""
    whole = {
        "algorithm": "Ed25519",
        "certificate": certificate.body,
        "key_id": certificate.key_id,
        "signature": certificate.signature,
    }
    return as_text(whole).encode() + b"\n"


def check_file(raw: bytes, keys: Mapping[str, str] | None = None) -> Checked:
    """Whether a file is a certificate as it was signed.

    `keys` are public keys by id, as `public_keys` gives them; without, the instance's
    own. Needs no database, and with `keys` nothing of the instance at all.
    """
    told = _read(raw)
    if told is None:
        return Checked(Verdict.NOT_ONE)
    body, signature, key_id = told
    known = public_keys() if keys is None else keys
    if key_id not in known:
        return _checked(Verdict.UNKNOWN_KEY, body, key_id)
    if body.get("key_id") != key_id or not _is_signed(body, signature, known[key_id]):
        return _checked(Verdict.CHANGED, body, key_id)
    return _checked(Verdict.VALID, body, key_id)


def _checked(verdict: Verdict, body: dict[str, Any], key_id: str) -> Checked:
    version = body.get("version")
    return Checked(
        verdict,
        reference=str(body.get("reference", ""))[:20],
        version=version if isinstance(version, int) else 0,
        key_id=key_id[:64],
        body=body if verdict is Verdict.VALID else None,
    )


def public_keys() -> dict[str, str]:
    """Key id -> public key in hexadecimal, of every signing key held: to be published,
    and to be kept by whoever keeps certificates. Raises KeyTrouble."""
    return {one: _public(one) for one in provider().signing_ids()}


def published_keys() -> dict[str, list[dict[str, str]]]:
    """The same as the address /policy/signing-keys.json gives it."""
    told = [
        {"id": key_id, "algorithm": "Ed25519", "public_key_hex": key}
        for key_id, key in public_keys().items()
    ]
    return {"keys": told}


def keys_from(raw: bytes) -> dict[str, str]:
    """Public keys by id, from a copy of that. ValueError if it is none."""
    try:
        told = json.loads(raw)["keys"]
        return {str(one["id"]): _of_32_bytes(one["public_key_hex"]) for one in told}
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError("not a file of public keys") from error


def _of_32_bytes(text: str) -> str:
    if len(bytes.fromhex(text)) != 32:
        raise ValueError("an Ed25519 key has 32 bytes")
    return text


def told_of(certificate: Certificate) -> Told:
    """What stands in it, for pages."""
    return Told(certificate.body)


def for_the_mail(certificate: Certificate) -> dict[str, str]:
    """What the mail to who asked quotes of it."""
    told = Told(certificate.body)
    return {
        "certificate": f"version {certificate.version}, {told.rows_erased} entries in "
        f"{len(told.erased)} places deleted",
        "backups": told.backups_until or "",
        "kept": ", ".join(one["label"] for one in told.kept),
        "put_back": told.put_back,
    }


def _read(raw: bytes) -> tuple[dict[str, Any], bytes, str] | None:
    """Body, signature and key id; None if the file can't be a certificate."""
    try:
        told = json.loads(raw) if len(raw) <= _LONGEST else None
        expected = {"algorithm", "certificate", "key_id", "signature"}
        if not isinstance(told, dict) or set(told) != expected:
            return None
        body, key_id = told["certificate"], told["key_id"]
        if not isinstance(body, dict) or body.get("kind") != KIND:
            return None
        signature = base64.b64decode(told["signature"], validate=True)
    except (ValueError, TypeError, RecursionError):
        return None
    is_ours = isinstance(key_id, str) and told["algorithm"] == "Ed25519"
    return (body, signature, key_id) if is_ours else None


def _is_signed(body: dict[str, Any], signature: bytes, public: str) -> bool:
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
        key.verify(signature, _message(body))
    except (InvalidSignature, ValueError):
        return False
    return True


def _message(body: Mapping[str, Any]) -> bytes:
    return f"{KIND}\n{as_text(body)}".encode()


def _private(key_id: str) -> Ed25519PrivateKey:
    derive = HKDF(
        algorithm=SHA256(), length=32, salt=None, info=b"sign deletion certificates v1"
    )
    secret = derive.derive(provider().signing_key(key_id))
    return Ed25519PrivateKey.from_private_bytes(secret)


def _public(key_id: str) -> str:
    return _private(key_id).public_key().public_bytes_raw().hex()
