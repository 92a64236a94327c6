"""The signature: after it nothing changes, and the audit log knows what it said.

The hash of the whole review stands in the entry of its signature. The database refuses
changes (guards.py); where somebody got round it, the hash differs.
"""

import json
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from django.db import transaction

from compliance import clocks
from compliance.governance.reviews.choices import (
    Choice,
    items_of,
    open_ones,
)
from compliance.governance.reviews.models import Review, ReviewItem
from compliance.governance.reviews.schedule import SCHEDULES, Kind
from compliance.governance.reviews.services.deciding import (
    LONGEST_NOTE,
    ReviewRefused,
    held,
    may_review,
    write,
)
from compliance.governance.reviews.withheld import left_to_others
from plugseller.accounts.models import Membership, User
from plugseller.accounts.roles import Role
from plugseller.audit.models import Entry
from plugseller.audit.services import record
from plugseller.crypto.fields import Sealed


@transaction.atomic
def sign_off(
    *, actor: User | None, review: Review, now: datetime, note: str = ""
) -> Review:
    """Sign a review whose every line is decided, for good; nobody but the machine
    signs without a name. Raises ReviewRefused, PermissionDenied."""
    review = held(review.pk)
    note = "" if review.seller_id else note.strip()
    if len(note) > LONGEST_NOTE or "\x00" in note:
        raise ReviewRefused(f"Write at most {LONGEST_NOTE:,} characters.")
    if now < review.ends:
        raise ReviewRefused("A review isn't signed before it began.")
    if actor is not None:
        may_review(actor, review, now)
        _spare_the_only_owner(actor, review, now)
    if left := len(open_ones(items_of(review))):
        raise ReviewRefused(_still(left, review, actor))
    review.note = note or None
    review.save(update_fields=["note"])
    review.signed_at, review.signed_by = now, actor.pk if actor else None
    review.hash = content_hash(review)
    Review.objects.filter(pk=review.pk, signed_at=None).update(
        signed_at=now, signed_by=review.signed_by, hash=review.hash
    )
    clocks.met(SCHEDULES[Kind(review.kind)].duty, review.pk, now=now)
    record(
        "review.signed",
        actor=actor,
        seller_id=review.seller_id,
        subject=review,
        details={"kind": review.kind, "hash": review.hash},
    )
    return review


def may_be_signed(items: list[ReviewItem], actor: User) -> bool:
    """Whether every line is decided, but those that only others decide about."""
    left = open_ones(items)
    return {one.pk for one in left} == left_to_others(left, actor)


def _still(left: int, review: Review, actor: User | None) -> str:
    items = open_ones(items_of(review))
    another = "owner" if review.seller_id else "officer"
    if actor is not None and len(left_to_others(items, actor)) == left:
        own = all(one.person_id == actor.pk for one in items)
        whose = "are about you" if own else "are left"
        return f"{left} lines {whose}, and another {another} has to decide about them."
    return f"{left} lines aren't decided yet. Decide about each, then sign."


def _spare_the_only_owner(actor: User, review: Review, now: datetime) -> None:
    """A seller's only owner keeps what is theirs: nobody else could say."""
    if review.seller_id is None:
        return
    owners = Membership.objects.filter(
        seller=review.seller_id, role=Role.OWNER, user__is_active=True
    )
    if list(owners.values_list("user_id", flat=True)) != [actor.pk]:
        return
    for item in open_ones(items_of(review)):
        if item.person_id == actor.pk:
            said = "It is the only owner's own, and nobody else could say."
            write(item, Choice.SPARED, said, by=None, now=now)


def content_hash(review: Review) -> str:
    """SHA-256 over everything that was reviewed, decided and signed."""
    told = {
        "id": str(review.pk),
        "kind": review.kind,
        "seller": str(review.seller_id or ""),
        "begins": _at(review.begins),
        "ends": _at(review.ends),
        "due": _at(review.due_at),
        "seed": review.seed,
        "warned": review.warned,
        "signed": _at(review.signed_at),
        "by": str(review.signed_by or ""),
        "note": _digest(review.note),
        "items": [_told(item) for item in items_of(review)],
    }
    spelled = json.dumps(told, sort_keys=True, separators=(",", ":"))
    return sha256(spelled.encode()).hexdigest()


def _told(item: ReviewItem) -> dict[str, Any]:
    return {
        "id": str(item.pk),
        "number": item.number,
        "sort": item.sort,
        "subject": item.subject,
        "person": str(item.person_id or ""),
        "seller": str(item.seller_id or ""),
        "label": item.label,
        "facts": item.facts,
        "flags": item.flags,
        "made": _at(item.made_at),
        "decisions": [
            [
                one.number,
                _at(one.at),
                str(one.by or ""),
                one.choice,
                one.to,
                one.effect,
                str(one.task_id or ""),
                _digest(one.note),
            ]
            for one in item.decisions.all()
        ],
    }


def _digest(note: Any) -> str:
    """Of what is sealed, so that it counts and nobody reads it here."""
    if not isinstance(note, Sealed):
        return ""
    return sha256(str(note.reveal()).encode()).hexdigest()


def _at(instant: datetime | None) -> str:
    return instant.astimezone(UTC).isoformat() if instant else ""


def is_whole(review: Review) -> bool:
    """Whether a signed review still says what the audit log knows it said."""
    entry = (
        Entry.objects.filter(event="review.signed", object_pk=str(review.pk))
        .order_by("pk")
        .first()
    )
    logged = entry.additional_data.get("hash") if entry else None
    return logged == review.hash == content_hash(review)
