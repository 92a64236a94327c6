"""What of deletion requests and chosen times a seller takes along."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from compliance.models import (
    Canary,
    Certificate,
    DeletionRequest,
    LegalHold,
    Notice,
    Outcome,
    Review,
    ReviewItem,
    ShorterTime,
    Step,
)
from plugseller.accounts.portability import (
    Batches,
    From,
    Says,
    by,
    not_portable,
    portable,
)
from plugseller.accounts.tenancy import Standing

_OURS, _YOU = From.OURS, From.SELLER
_UTC = "UTC, ISO 8601"
_ITSELF = "All rows are of one seller, the one this package is of."
_ID = Says("id", "Our number of the row.", _OURS)
_REQUEST = Says("request_id", "The deletion request, as `id` there.", _OURS)
_WHO = "Our number of the person; nobody's name is kept."


def _of_requests(model: Any, column: str) -> Batches:
    def rows(standing: Standing) -> QuerySet[Any]:
        found: QuerySet[Any] = model.objects.filter(
            request__seller_id=standing.seller.pk
        )
        return found

    return by(column, datetime, rows)


def _own(model: Any, path: str) -> Callable[[Standing], "QuerySet[Any]"]:
    return lambda standing: model.objects.filter(**{path: standing.seller.pk})


portable(
    ShorterTime,
    "shorter_times",
    "Times you chose that are shorter than our rules.",
    _ID,
    Says("rule", "The retention rule.", _OURS),
    Says("days", "How long it is kept.", _YOU, "days"),
    Says("chosen_at", "When it was chosen.", _OURS, _UTC),
    left_out={"seller": _ITSELF},
    batches=by("chosen_at", datetime, _own(ShorterTime, "seller")),
)
portable(
    DeletionRequest,
    "deletion_requests",
    "Requests to delete data of the seller.",
    _ID,
    Says("reference", "What we both call it.", _OURS),
    Says("source", "By which door it came.", _OURS),
    Says("also_from", "Other doors the same came by: JSON.", _OURS),
    Says("kind", "What it is about: account, connection, people.", _YOU),
    Says("status", "How far it is.", _OURS),
    Says("connection_id", "The connection it is about, if it is one.", _YOU),
    Says("people", "The people it is about: JSON.", _YOU),
    Says("connections", "Connections it covers: JSON.", _OURS),
    Says("keeps_requester", "Whether the account of who asked stays.", _YOU),
    Says("what", "What it is about, in words.", _OURS),
    Says("requested_by", _WHO, _OURS),
    Says("identity", "How it was found out who asks.", _OURS),
    Says("received_at", "When it arrived.", _OURS, _UTC),
    Says("due_at", "By when it has to be done.", _OURS, _UTC),
    Says("verified_at", "When it was sure who asks.", _OURS, _UTC),
    Says("starts_at", "Until when it can be withdrawn.", _OURS, _UTC),
    Says("began_at", "When the deletion began.", _OURS, _UTC),
    Says("keys_destroyed_at", "When the keys were destroyed.", _OURS, _UTC),
    Says("erased_at", "When all was erased.", _OURS, _UTC),
    Says("ended_at", "When it was completed, rejected or withdrawn.", _OURS, _UTC),
    Says("reason", "Why it was rejected.", _OURS),
    Says("joined_to_id", "The older request about the same.", _OURS),
    left_out={
        "seller_id": _ITSELF,
        "contact": "Personal data of who asked, sealed for that person alone.",
    },
    batches=by("received_at", datetime, _own(DeletionRequest, "seller_id")),
)
portable(
    Step,
    "deletion_steps",
    "What happened to each deletion request.",
    _ID,
    _REQUEST,
    Says("at", "When.", _OURS, _UTC),
    Says("what", "What happened.", _OURS),
    Says("details", "Ids, counts and instants: JSON.", _OURS),
    left_out={"actor_id": "Activity tells who it was, our staff by role."},
    batches=_of_requests(Step, "at"),
)
portable(
    Outcome,
    "deletion_outcomes",
    "What became of each place where data lay.",
    _ID,
    _REQUEST,
    Says("holding", "The place's name.", _OURS),
    Says("label", "The place in words.", _OURS),
    Says("data_class", "What sort of data lies there.", _OURS),
    Says("rank", "When its turn is.", _OURS),
    Says("before", "Rows before.", _OURS, "count"),
    Says("erased", "Rows erased.", _OURS, "count"),
    Says("after", "Rows after.", _OURS, "count"),
    Says("stays", "Why it isn't erased.", _OURS),
    Says("began_at", "When it began.", _OURS, _UTC),
    Says("ended_at", "When it ended.", _OURS, _UTC),
    batches=by(
        "id",
        int,
        lambda s: Outcome.objects.filter(request__seller_id=s.seller.pk),
    ),
)
portable(
    LegalHold,
    "legal_holds",
    "What must not be deleted yet, by law.",
    _ID,
    _REQUEST,
    Says("holdings", "The places it is about; empty: all of them. JSON.", _OURS),
    Says("reason", "Why.", _OURS),
    Says("legal_basis", "By which law.", _OURS),
    Says("ends_at", "Until when; then it is looked at again.", _OURS, _UTC),
    Says("asked_at", "When it was asked for.", _OURS, _UTC),
    Says("approved_at", "When a second person agreed.", _OURS, _UTC),
    Says("released_at", "When it ended early.", _OURS, _UTC),
    left_out=dict.fromkeys(
        ("asked_by", "approved_by", "released_by"),
        "Which of our staff it was is never told by name.",
    ),
    batches=_of_requests(LegalHold, "asked_at"),
)
portable(
    Certificate,
    "deletion_certificates",
    "Signed proofs that something was deleted.",
    _ID,
    _REQUEST,
    Says("version", "Its version; the highest counts.", _OURS),
    Says("body", "What is signed: JSON.", _OURS),
    Says("signature", "The signature, Ed25519.", _OURS, "base64"),
    Says("key_id", "The key it is signed with.", _OURS),
    Says("issued_at", "When it was issued.", _OURS, _UTC),
    batches=_of_requests(Certificate, "issued_at"),
)
_REVIEWED = (
    "It is the record of a review of access and holds ids alone; the page Review "
    "access shows the one under way, and the activity what was decided."
)
for reviewed in (Review, ReviewItem):
    not_portable(reviewed, _REVIEWED)
not_portable(Canary, "It says which seller is a decoy of ours; yours is none.")
not_portable(Notice, "A notice of an incident was sent to whom it concerns.")
