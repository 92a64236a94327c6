"""Looks for what should be gone, by another way than it was erased (RET-2).

Every column of every table that can hold a text or bytes is read from beginning to
end, what is packed or sealed is opened, and every file of the installation is read. It
costs some seconds for a million rows, in constant memory, and holds nobody up.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from uuid import UUID

from django.apps import apps
from django.conf import settings

from compliance.deletion import places
from compliance.deletion.marks import Form, Mark, Marks, What
from compliance.deletion.models import DeletionRequest
from compliance.deletion.places import CACHE, QUEUE, RESULTS, SESSIONS, Opened, Table
from plugseller.shelves import Scope


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that should be gone; never what it was."""

    place: str  # "accounts_invitation.email", "file mail/20261128.log"
    what: What
    form: Form
    count: int


@dataclass(frozen=True, slots=True)
class Allowed:
    """Where an id may stay, and why. An address may stay nowhere of these."""

    table: str
    columns: tuple[str, ...]  # empty: all of them
    why: str
    if_set: str = ""  # only in rows where this column holds something


ALLOWED = (
    Allowed("audit_entry", (), "what was done stays provable; ids instead of names"),
    Allowed(
        "compliance_deletionrequest",
        ("seller_id", "connection_id", "people", "connections", "requested_by"),
        "what the request was about; the proof that it was carried out",
    ),
    Allowed("compliance_detection", ("cause",), "what a rule fired for; an id"),
    Allowed("compliance_affectedlist", ("sellers", "narrowed"), "whose data it was"),
    Allowed("compliance_measure", ("target",), "what was stopped in an incident"),
    Allowed("compliance_timelineentry", ("actor_id", "details"), "who did what"),
    Allowed(
        "compliance_incident",
        ("barred", "entered_by"),
        "who didn't see the case, or told of it; ids alone",
    ),
    Allowed("compliance_notice", ("seller_id",), "whose people were told"),
    Allowed("compliance_sending", ("person_id", "noted_by"), "who was told, and read"),
    Allowed(
        "compliance_review", ("seller_id", "signed_by"), "what was reviewed by whom"
    ),
    Allowed(
        "compliance_reviewitem",
        ("subject", "person_id", "seller_id"),
        "the snapshot that was reviewed; ids alone",
    ),
    Allowed("compliance_reviewdecision", ("by",), "who decided; the id alone"),
    Allowed("compliance_step", ("actor_id", "details"), "who did what to a request"),
    Allowed("compliance_deadline", ("subject_id",), "which promise was kept when"),
    Allowed(
        "crypto_datakey",
        ("owner",),
        "the empty row proves that the key was destroyed",
        if_set="destroyed_at",
    ),
)
_ALLOWED = {
    (one.table, column): one for one in ALLOWED for column in one.columns or ("",)
}


def findings(
    request: DeletionRequest, scope: Scope, *, except_in: Collection[str] = ()
) -> list[Finding]:
    """What is still there of a request's scope, by place; nothing if all is gone.

    `except_in` names the holdings that stay for a reason: their tables may name the
    erased.
    """
    marks = Marks(tuple(sorted(scope.ids)), tuple(sorted(scope.addresses)))
    held = _read_as(except_in)
    found: Counter[tuple[str, What, Form]] = Counter()
    for table in places.tables():
        if table.name not in held:
            found.update(_in_table(table, marks))
    found.update(_in_opened(marks, held))
    if "file" not in held:
        found.update(_in_files(marks, request))
    return [
        Finding(place, what, form, count)
        for (place, what, form), count in sorted(found.items())
    ]


_Found = Iterator[tuple[str, What, Form]]


def _in_table(table: Table, marks: Marks) -> _Found:
    for some in places.rows(table):
        if not marks.may_stand_in("\x1e".join([text for _, text in some])):
            continue
        for key, text in some:
            if marks.may_stand_in(text):
                yield from _in_row(table, key, text, marks)


def _in_row(table: Table, key: object, text: str, marks: Marks) -> _Found:
    columns = places.row(table, key) if table.key else {"": text}
    for column, value in columns.items():
        for mark in marks.in_text(value):
            if not _may_stay(table, column, key, mark):
                yield f"{table.name}.{column}", mark.what, mark.form


def _may_stay(table: Table, column: str, key: object, mark: Mark) -> bool:
    rule = _ALLOWED.get((table.name, column)) or _ALLOWED.get((table.name, ""))
    if rule is None or mark.what is not What.ID:
        return False
    return not rule.if_set or places.is_set(table, rule.if_set, key)


def _in_opened(marks: Marks, held: set[str]) -> _Found:
    asked = {str(pk) for pk in DeletionRequest.objects.values_list("pk", flat=True)}
    for one in places.opened():
        if one.place.partition(".")[0] in held or _is_of_a_request(one, asked):
            continue
        for mark in marks.in_text(one.text):
            yield one.place, mark.what, mark.form


def _is_of_a_request(one: Opened, asked: set[str]) -> bool:
    """Who asked, and what they are told: sealed apart, destroyed with the last step."""
    owner = getattr(one.row, "owner", None)
    return isinstance(one.row, DeletionRequest) or (
        isinstance(owner, UUID) and str(owner) in asked
    )


def _in_files(marks: Marks, request: DeletionRequest) -> _Found:
    for path in places.files():
        hits: dict[int, Mark] = {}
        for piece in places.pieces(path):
            if request.reference.encode() in piece:
                hits.clear()  # a mail about this request, as at any mail server
                break
            hits |= {mark.number: mark for mark in marks.in_bytes(piece)}
        for mark in hits.values():
            yield f"file {path.parent.name}/{path.name}", mark.what, mark.form


_NO_MODELS = {  # holdings that are no model's table -> what is read of them
    "caches": {str(settings.CACHES["default"].get("LOCATION", "")), CACHE},
    "queue in Redis": {QUEUE},
    "mail files": {"file"},
    "exports": {"file"},
    "demo accounts": {"file"},
    "django_q.OrmQ": {QUEUE},
    "django_q.Task": {RESULTS},
    "sessions.Session": {SESSIONS},
}


def _read_as(holdings: Collection[str]) -> set[str]:
    """The places that are left out when these holdings stay."""
    tables = {
        model._meta.db_table
        for model in apps.get_models(include_auto_created=True)
        if model._meta.label in holdings
    }
    return tables.union(*(_NO_MODELS.get(name, ()) for name in holdings))
