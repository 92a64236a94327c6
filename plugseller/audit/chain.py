"""What an entry's hash covers, and what a checkpoint's signature covers: pure.

An entry's hash is HMAC-SHA256 under a key that isn't in the database, over the
number of the entry, the hash of the entry before and the entry's content in one
canonical form. Whoever can write the database but hasn't the key can't change,
add, drop, swap or renumber an entry without the hashes ceasing to fit. Only the end
of the log can be cut off unseen, and that is what signed checkpoints (Ed25519,
RFC 8032) at a place outside the database are for.

A signing key of 32 bytes gives both keys by HKDF-SHA256 (RFC 5869), so that neither
serves two purposes.
"""

import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

GENESIS = "0" * 64  # the "hash before" of the first entry

# json's own `dumps` would look these options up anew for each entry.
_encode = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
).encode


def as_text(value: object) -> str:
    """JSON with sorted keys and no spaces: equal values give equal text."""
    return _encode(value)


def link(key: bytes, number: int, previous: str, content: Sequence[object]) -> str:
    """The hash of entry `number`, which follows the entry with the hash `previous`.

    `content` is the entry's columns as append.COLUMNS names them, made of None, text
    and whole numbers.
    """
    return hmac.digest(
        key, _encode((number, previous, *content)).encode(), "sha256"
    ).hex()


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of the log by the id of their signing key, the current one last."""

    chain: dict[str, bytes]
    signing: dict[str, Ed25519PrivateKey]

    @classmethod
    def of(cls, secrets: Mapping[str, bytes]) -> Self:
        """Derive them from signing keys by id, the current one last."""
        return cls(
            chain={
                i: _derived(s, b"chain audit entries v1") for i, s in secrets.items()
            },
            signing={
                i: Ed25519PrivateKey.from_private_bytes(
                    _derived(s, b"sign audit checkpoints v1")
                )
                for i, s in secrets.items()
            },
        )

    @property
    def current(self) -> str:
        return next(reversed(self.chain))

    @property
    def chaining(self) -> bytes:
        """The key that new entries are chained with."""
        return self.chain[self.current]

    def fits(
        self, expected: str, number: int, previous: str, content: Sequence[object]
    ) -> bool:
        """Whether one of the keys gives this hash: older entries have older keys."""
        return any(
            hmac.compare_digest(link(key, number, previous, content), expected)
            for key in reversed(self.chain.values())
        )

    def public(self) -> dict[str, str]:
        """Key id -> public key in hexadecimal, for those who verify checkpoints."""
        return {
            i: k.public_key().public_bytes_raw().hex() for i, k in self.signing.items()
        }


def _derived(secret: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(secret)


HEAD, ANCHOR, RESTORED = "head", "anchor", "restored"


@dataclass(frozen=True, slots=True)
class Seal:
    """A signed statement about the log."""

    kind: str
    """`head`: the log ended with this entry. `anchor`: everything up to this entry was
    removed when its time was over. `restored`: an older database was put back, whose
    log ends with this entry; what was witnessed after it is lost."""
    number: int  # of the entry
    hash: str  # of the entry
    entries: int  # how many the database held
    made_at: str  # UTC, ISO 8601
    key_id: str
    signature: str = ""  # hexadecimal

    def signed_by(self, keys: Keys) -> "Seal":
        """The same statement, signed with the current key."""
        unsigned = {**asdict(self), "key_id": keys.current, "signature": ""}
        seal = Seal(**unsigned)
        signature = keys.signing[keys.current].sign(seal._message())
        return Seal(**{**unsigned, "signature": signature.hex()})

    def is_genuine(self, keys: Keys) -> bool:
        """Whether it was signed with a key we hold and not changed since."""
        key = keys.signing.get(self.key_id)
        if key is None:
            return False
        try:
            key.public_key().verify(bytes.fromhex(self.signature), self._message())
        except (InvalidSignature, ValueError):
            return False
        return True

    def line(self) -> str:
        """As one line of JSON, for the witness file."""
        return as_text(asdict(self))

    @classmethod
    def from_line(cls, line: str) -> Self:
        """Raises ValueError if the line isn't one."""
        try:
            values: dict[str, Any] = json.loads(line)
            seal = cls(**values)
        except (TypeError, ValueError) as error:
            raise ValueError("not a checkpoint") from error
        texts = (seal.kind, seal.hash, seal.made_at, seal.key_id, seal.signature)
        if not all(isinstance(text, str) for text in texts) or not all(
            isinstance(number, int) for number in (seal.number, seal.entries)
        ):
            raise ValueError("not a checkpoint")
        return seal

    def _message(self) -> bytes:
        signed = [self.kind, self.number, self.hash, self.entries, self.made_at]
        return (
            b"plugseller audit checkpoint v1\n"
            + as_text([*signed, self.key_id]).encode()
        )
