"""The deletion certificate: what was done, signed, and checked by anybody (RET-2).

It names nobody: a reference, numbers, instants and ids of keys.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from compliance.deletion.certified import Told, body_of
from compliance.deletion.models import Certificate, DeletionRequest
from compliance.deletion.services.restored import replayed_lines
from compliance.deletion.staying import Stay
from compliance.signing import Paper, Verdict
from plugseller.audit.chain import as_text
from plugseller.keyprovider import provider

PAPER = Paper(
    "plugseller deletion certificate v1", "certificate", longest=2 * 1024 * 1024
)


class NamesSomebody(Exception):
    """A certificate would have held an id or address of the erased; not issued."""


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
    body["kind"] = PAPER.kind
    _refuse_names(request, as_text(body))
    return Certificate.objects.create(
        request=request,
        version=newest + 1,
        body=body,
        signature=PAPER.sign(body, key_id),
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
    return PAPER.as_file(certificate.body, certificate.signature, certificate.key_id)


def check_file(raw: bytes, keys: Mapping[str, str] | None = None) -> Checked:
    """Whether a file is a certificate as it was signed.

    `keys` are public keys by id, as `public_keys` gives them; without, the instance's
    own. Needs no database, and with `keys` nothing of the instance at all.
    """
    found = PAPER.check(raw, keys)
    version = found.body.get("version")
    return Checked(
        found.verdict,
        reference=str(found.body.get("reference", ""))[:20],
        version=version if isinstance(version, int) else 0,
        key_id=found.key_id[:64],
        body=found.body if found.verdict is Verdict.VALID else None,
    )


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
