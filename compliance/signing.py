"""Papers we sign for others, and how anybody checks them without asking us.

They are signed with the instance's Ed25519 key (RFC 8032), derived from the signing
key as the audit log's is, but another one. What is signed begins with the kind of the
paper, so that none passes for another. Keys that were rotated away go on being
published, so old papers stay valid.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from plugseller.audit.chain import as_text
from plugseller.keyprovider import provider

_PURPOSE = b"sign deletion certificates v1"  # of the first papers there were


class Verdict(StrEnum):
    """What a check of a paper says."""

    VALID = "valid"
    CHANGED = "changed"
    UNKNOWN_KEY = "unknown key"
    NOT_ONE = "not one"


@dataclass(frozen=True, slots=True)
class Opened:
    """A file, whether we signed it, and what it says."""

    verdict: Verdict
    body: Mapping[str, Any]
    key_id: str = ""


@dataclass(frozen=True, slots=True)
class Paper:
    """A sort of paper: what is signed is a JSON object that names its kind and key."""

    kind: str  # "plugseller deletion certificate v1"
    field: str  # what the object is called in the file
    longest: int  # bytes of a file that may be one

    def sign(self, body: Mapping[str, Any], key_id: str) -> str:
        """The signature, in base64. Raises KeyTrouble."""
        return base64.b64encode(_private(key_id).sign(self._message(body))).decode()

    def as_file(self, body: Mapping[str, Any], signature: str, key_id: str) -> bytes:
        """Canonical JSON, the same bytes each time."""
        whole = {
            "algorithm": "Ed25519",
            self.field: body,
            "key_id": key_id,
            "signature": signature,
        }
        return as_text(whole).encode() + b"\n"

    def check(self, raw: bytes, keys: Mapping[str, str] | None = None) -> Opened:
        """Whether a file is a paper of this sort as it was signed.

        `keys` are public keys by id, as `public_keys` gives them; without, the
        instance's own. Needs no database, and with `keys` nothing of the instance.
        """
        told = self._read(raw)
        if told is None:
            return Opened(Verdict.NOT_ONE, {})
        body, signature, key_id = told
        known = public_keys() if keys is None else keys
        if key_id not in known:
            return Opened(Verdict.UNKNOWN_KEY, body, key_id)
        is_ours = body.get("key_id") == key_id and _is_signed(
            self._message(body), signature, known[key_id]
        )
        return Opened(Verdict.VALID if is_ours else Verdict.CHANGED, body, key_id)

    def _read(self, raw: bytes) -> tuple[dict[str, Any], bytes, str] | None:
        """Body, signature and key id; None if the file can't be one."""
        try:
            told = json.loads(raw) if len(raw) <= self.longest else None
            expected = {"algorithm", self.field, "key_id", "signature"}
            if not isinstance(told, dict) or set(told) != expected:
                return None
            body, key_id = told[self.field], told["key_id"]
            if not isinstance(body, dict) or body.get("kind") != self.kind:
                return None
            signature = base64.b64decode(told["signature"], validate=True)
        except (ValueError, TypeError, RecursionError):
            return None
        is_ours = isinstance(key_id, str) and told["algorithm"] == "Ed25519"
        return (body, signature, key_id) if is_ours else None

    def _message(self, body: Mapping[str, Any]) -> bytes:
        return f"{self.kind}\n{as_text(body)}".encode()


def public_keys() -> dict[str, str]:
    """Key id -> public key in hexadecimal, of every signing key held: to be published,
    and to be kept by whoever keeps papers of ours. Raises KeyTrouble."""
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


def _is_signed(message: bytes, signature: bytes, public: str) -> bool:
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
        key.verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _private(key_id: str) -> Ed25519PrivateKey:
    derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE)
    secret = derive.derive(provider().signing_key(key_id))
    return Ed25519PrivateKey.from_private_bytes(secret)


def _public(key_id: str) -> str:
    return _private(key_id).public_key().public_bytes_raw().hex()
