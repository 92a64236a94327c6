"""What a certificate says, and what it must not: no more than was done."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from compliance.deletion.fixing import named, owners_of_keys
from compliance.deletion.models import DeletionRequest
from compliance.deletion.services.restored import replayed_lines
from compliance.deletion.staying import Stay
from plugseller.audit.models import Entry
from plugseller.crypto.models import DataKey
from plugseller.custody import ledger
from plugseller.custody.services import in_order
from plugseller.jobs.backups.expiring import horizon
from plugseller.shelves import HOLDINGS, DataClass

_SOURCES = DeletionRequest.Source

HOW = (
    "Every table, file, cache and queue of the installation was walked in the order "
    "given, and afterwards searched from beginning to end by a second program for the "
    "ids and e-mail addresses of what was deleted, in plain text, hexadecimal and "
    "base64. Nothing was found but what is listed under “stays”."
)
LIMITS = (
    "Rows were deleted, and the keys that sealed their secrets were destroyed. On "
    "solid-state disks, and in file systems that copy on write, no program can show "
    "that freed blocks were overwritten; the storage itself is encrypted, but not with "
    "a key for each seller. What the marketplace holds, what was downloaded by members "
    "before, mails that were delivered, and what operators logged outside of this "
    "installation aren't covered."
)
NO_BACKUPS = (
    "There is no backup made by this installation that may hold it. What operators "
    "copy by other means isn't known to it."
)
PUT_BACK = (
    "The deletion had begun before this installation's database was put back from a "
    "backup. Before anything was served from it, the deletion ledger was replayed and "
    "everything erased again. The numbers and times given here are those of a further "
    "pass after that, and not of the deletion itself. A certificate that was issued "
    "before stays valid."
)
_MACHINE = "machine"  # a holding's rule: nothing of anybody is there


@dataclass(frozen=True, slots=True)
class Told:
    """What stands in a certificate, as pages show it."""

    body: Mapping[str, Any]

    @property
    def erased(self) -> list[dict[str, Any]]:
        """Places from which something went."""
        return [one for one in self.body["places"] if one["erased"]]

    @property
    def empty(self) -> list[str]:
        """Labels of places that were looked at and held nothing."""
        return [p["label"] for p in self.body["places"] if not p["before"]]

    @property
    def rows_erased(self) -> int:
        return sum(int(one["erased"]) for one in self.body["places"])

    @property
    def kept(self) -> list[dict[str, Any]]:
        """What is on hold for now."""
        return list(self.body["on_hold"])

    @property
    def stays(self) -> list[dict[str, Any]]:
        """What isn't deleted by any deletion, and why."""
        return list(self.body["stays"])

    @property
    def backups_until(self) -> str | None:
        found: str | None = self.body["backups"]["last_expires_at"]
        return found

    @property
    def put_back(self) -> str:
        """That the numbers are of a further pass, if they are."""
        return str(self.body.get("put_back", {}).get("told", ""))

    @property
    def is_final(self) -> bool:
        return not self.body["on_hold"]


def body_of(
    request: DeletionRequest,
    *,
    version: int,
    kept: Mapping[str, Stay],
    key_id: str,
    now: datetime,
) -> dict[str, Any]:
    """What is signed: plain JSON, and nothing of anybody in it."""
    told: dict[str, Any] = {
        "reference": request.reference,
        "version": version,
        "instance": settings.PUBLIC_ADDRESS,
        "issued_at": _utc(now),
        "key_id": key_id,
        "scope": _scope(request),
        "asked_by": [str(_SOURCES(one).label) for one in _doors(request)],
        "times": {
            "received": _utc(request.received_at),
            "verified": _utc(request.verified_at),
            "due": _utc(request.due_at),
            "began": _utc(request.began_at),
            "keys_destroyed": _utc(request.keys_destroyed_at),
            "erased": _utc(request.erased_at),
        },
        "places": _places(request),
        "on_hold": _held(request, kept),
        "stays": _stays(),
        "keys": _keys(request),
        "backups": _backups(now),
        "suppression": _suppression(request),
        "audit_log": _head(),
        "verification": HOW,
        "limits": LIMITS,
    }
    if lines := replayed_lines(request):
        told["put_back"] = {
            "erased_first": _utc(lines[0].at),
            "ledger_lines": [line.number for line in lines],
            "told": PUT_BACK,
        }
    return told


def _scope(request: DeletionRequest) -> dict[str, Any]:
    told = {
        "kind": str(request.get_kind_display()),
        "what": request.what,
        "people": len(request.people),
        "connections": len(request.connections),
    }
    if request.keeps_requester:
        told["who_asked_keeps_their_account"] = True
    return told


def _doors(request: DeletionRequest) -> list[str]:
    return list(dict.fromkeys([request.source, *request.also_from]))


def _places(request: DeletionRequest) -> list[dict[str, Any]]:
    return [
        {
            "place": one.holding,
            "label": one.label,
            "class": one.data_class,
            "before": one.before,
            "erased": one.erased,
            "after": one.after,
            "ended_at": _utc(one.ended_at),
        }
        for one in request.outcomes.all()
    ]


def _held(request: DeletionRequest, kept: Mapping[str, Stay]) -> list[dict[str, Any]]:
    open_ = request.outcomes.filter(ended_at=None)
    return [
        {
            "place": one.holding,
            "label": one.label,
            "left": one.after,
            "why": kept[one.holding].why if one.holding in kept else one.stays,
            "ends_or_is_reviewed_at": _utc(kept[one.holding].review_at)
            if one.holding in kept
            else None,
        }
        for one in open_
    ]


def _stays() -> list[dict[str, str]]:
    """Evidence that no deletion takes. Network addresses stand in the audit log, so
    that is said."""
    told = [
        {"label": one.label, "why": one.stays}
        for one in in_order()
        if one.stays and one.rule != _MACHINE and one.data_class is DataClass.EVIDENCE
    ]
    audit = HOLDINGS["audit.Entry"].label
    return [
        one
        | {
            "note": "Entries hold the ids of what was deleted, and network addresses "
            "and browsers of requests, for 24 months at most; no name, no e-mail "
            "address."
        }
        if one["label"] == audit
        else one
        for one in told
    ]


def _keys(request: DeletionRequest) -> list[dict[str, str | None]]:
    gone = DataKey.objects.filter(owner__in=owners_of_keys(request))
    return [
        {"id": str(key.pk), "destroyed_at": _utc(key.destroyed_at)}
        for key in gone.exclude(destroyed_at=None).order_by("created_at", "pk")
    ]


def _backups(now: datetime) -> dict[str, str | None]:
    until = horizon(now)
    if until is None:
        return {"last_expires_at": None, "told": NO_BACKUPS}
    return {
        "last_expires_at": _utc(until),
        "told": f"The last backup that may hold it expires on {until:%Y-%m-%d}: its "
        "key is destroyed then. The data keys named here are in none of them that is "
        "within our reach.",
    }


def _suppression(request: DeletionRequest) -> dict[str, Any]:
    """Keyed hashes that keep the deleted from coming back; by number, not by value."""
    mine = [one for one in ledger.read() if one.request == request.reference]
    return {
        "tombstones": sum(map(len, named(request).values())),
        "ledger_lines": [one.number for one in mine],
        "ledger_checksum": mine[-1].checksum if mine else None,
    }


def _head() -> dict[str, Any]:
    head = Entry.objects.order_by("-id").values("id", "hash").first()
    return {"entry": head["id"], "hash": head["hash"]} if head else {"entry": 0}


def _utc(instant: datetime | None) -> str | None:
    return instant.astimezone(UTC).isoformat(timespec="seconds") if instant else None
