"""Evidence is sealed as it comes in, its hash is kept, and each look at it is noted."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.views.decorators.debug import sensitive_variables

from compliance.incidents.evidence.files import files
from compliance.incidents.evidence.models import EntryLink, EvidenceFile
from compliance.incidents.models import Incident
from compliance.incidents.services import (
    IncidentRefused,
    note_fact,
    officer_at,
    tick_key,
)
from compliance.incidents.services.people import hold
from plugseller.accounts.models import User
from plugseller.audit.hiding import kept_from, readable_by
from plugseller.audit.models import Entry
from plugseller.crypto.sealing import Unopenable
from plugseller.crypto.services import opened_file_for, sealed_file_for
from plugseller.crypto.streaming import CHUNK

Kind = EvidenceFile.Kind
_MOST_FILES = 200  # of one incident
_LONGEST_NAME = 200
_LONGEST = timedelta(days=731)  # as long as the log is kept
_AT_ONCE = 2_000


@dataclass(slots=True)
class _Written:
    """What was sealed, as it was before."""

    size: int = 0
    sha256: str = ""


@sensitive_variables("name")
def add_file(
    *,
    actor: User,
    incident: Incident,
    name: str,
    content: Iterable[bytes],
    now: datetime,
) -> EvidenceFile:
    """Keep a file. It is sealed piece by piece; nothing plain is written anywhere.

    Raises IncidentRefused for one that is empty or too large, and for too many.
    """
    name = " ".join(name.split())[-_LONGEST_NAME:] or "file"
    return _keep(actor, incident, Kind.FILE, name, content, {}, now)


def seal_log(
    *,
    actor: User,
    incident: Incident,
    since: datetime,
    until: datetime,
    now: datetime,
) -> EvidenceFile:
    """Keep a copy of the audit log of a time, an entry a line as JSON, with the hashes
    that chain them. Raises IncidentRefused."""
    officer_at(actor, incident)
    if not since < until <= now + timedelta(days=1) or until - since > _LONGEST:
        raise IncidentRefused("Choose a time that has begun, of two years at most.")
    entries = Entry.objects.filter(timestamp__gte=since, timestamp__lt=until)
    ends = entries.order_by("id").values_list("id", flat=True)
    first, last = ends.first(), ends.last()
    if first is None or last is None:
        raise IncidentRefused("There is no entry of that time.")
    _may_read_all(actor, first, last)
    facts = {
        "since": since.isoformat(),
        "until": until.isoformat(),
        "first": first,
        "last": last,
    }
    name = f"audit-{first}-{last}.jsonl"
    return _keep(actor, incident, Kind.AUDIT, name, _lines(first, last), facts, now)


@sensitive_variables("name")
def _keep(
    actor: User,
    incident: Incident,
    kind: EvidenceFile.Kind,
    name: str,
    content: Iterable[bytes],
    facts: dict[str, Any],
    now: datetime,
) -> EvidenceFile:
    officer_at(actor, incident)
    if EvidenceFile.objects.filter(incident=incident).count() >= _MOST_FILES:
        raise IncidentRefused(f"{_MOST_FILES} files are kept of one incident at most.")
    made = EvidenceFile(
        id=uuid4(),
        incident=incident,
        kind=kind,
        file_name=files.new_name(),
        facts=facts,
        added_at=now,
        added_by=actor.pk,
        seal_id=incident.pk,
    )
    written = _seal(made, content)
    made.size, made.sha256, made.name = written.size, written.sha256, name
    try:
        with transaction.atomic():
            held = hold(incident)
            made.save(force_insert=True)
            note_fact(
                held,
                "evidence added",
                actor=actor,
                now=now,
                evidence=str(made.pk),
                kind=str(kind),
                bytes=made.size,
                sha256=made.sha256,
            )
            if kind is Kind.AUDIT:
                tick_key(held, "evidence", actor=actor, now=now)
    except BaseException:
        files.shred(made.file_name)
        raise
    return made


def _may_read_all(actor: User, first: int, last: int) -> None:
    """A copy of the log is whole, so it isn't for who mustn't read all of it."""
    copied = Entry.objects.filter(id__gte=first, id__lte=last)
    if kept_from(actor, copied).exists():
        raise IncidentRefused("Another officer has to do this with that copy.")


def _seal(made: EvidenceFile, content: Iterable[bytes]) -> _Written:
    written, digest = _Written(), hashlib.sha256()
    largest = settings.EVIDENCE_LARGEST
    with files.written(made.file_name) as out:
        stream = sealed_file_for(made.incident_id, out, context_of(made))
        for piece in content:
            written.size += len(piece)
            if written.size > largest:
                raise IncidentRefused(
                    f"It is larger than {largest // 1024**2} MiB. Keep a part of it, "
                    "or choose a shorter time."
                )
            digest.update(piece)
            stream.write(piece)
        if not written.size:
            raise IncidentRefused("It is empty. Nothing was kept.")
        stream.finish()
    written.sha256 = digest.hexdigest()
    return written


def context_of(evidence: EvidenceFile) -> tuple[str, ...]:
    """What a sealed file is bound to: elsewhere it doesn't open."""
    return ("evidence", str(evidence.incident_id), str(evidence.pk))


def fetch(*, actor: User, evidence: EvidenceFile, now: datetime) -> Iterator[bytes]:
    """The file, opened piece by piece; noted before the first. Raises
    IncidentRefused where it can't be opened."""
    officer_at(actor, evidence.incident)
    if evidence.kind == Kind.AUDIT:
        _may_read_all(actor, evidence.facts["first"], evidence.facts["last"])
    pieces = _pieces(evidence)
    try:
        first = next(pieces)
    except (Unopenable, FileNotFoundError):
        raise IncidentRefused(
            "This file is missing or damaged. Its hash stands here; ask whoever keeps "
            "the copies of the data folder."
        ) from None
    with transaction.atomic():
        EvidenceFile.objects.filter(pk=evidence.pk).update(opened=F("opened") + 1)
        note_fact(
            evidence.incident,
            "evidence opened",
            actor=actor,
            now=now,
            evidence=str(evidence.pk),
            sha256=evidence.sha256,
        )
    return _from(first, pieces)


def _pieces(evidence: EvidenceFile) -> Iterator[bytes]:
    with files.opened(evidence.file_name) as source:
        opened = opened_file_for(evidence.incident_id, source, context_of(evidence))
        while piece := opened.read(CHUNK):
            yield piece


def _from(first: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from pieces


@transaction.atomic
def link_entry(
    *, actor: User, incident: Incident, number: int, now: datetime
) -> EntryLink:
    """Say that an audit entry belongs to the case. Raises IncidentRefused."""
    officer_at(actor, incident)
    there = readable_by(actor, Entry.objects.filter(id=number))
    found = there.values_list("hash", flat=True).first()
    if found is None:
        raise IncidentRefused(f"There is no audit entry {number}.")
    try:
        with transaction.atomic():
            link = EntryLink.objects.create(
                incident=incident,
                entry=number,
                hash=found,
                linked_at=now,
                linked_by=actor.pk,
            )
    except IntegrityError:
        raise IncidentRefused("That entry is linked already.") from None
    note_fact(incident, "entry linked", actor=actor, now=now, entry=number)
    return link


def _lines(first: int, last: int) -> Iterator[bytes]:
    """Entries as JSON, some thousand at a time by short queries."""
    after = first - 1
    names = [field.attname for field in Entry._meta.concrete_fields]
    while after < last:
        found = Entry.objects.filter(id__gt=after, id__lte=last).order_by("id")
        rows = list(found.values(*names)[:_AT_ONCE])
        if not rows:
            return
        lines = (json.dumps(row, default=str, sort_keys=True) for row in rows)
        yield "".join(f"{line}\n" for line in lines).encode()
        after = rows[-1]["id"]


def usual_beginning(incident: Incident) -> datetime:
    """From when on the log is kept, if nobody says another time."""
    return incident.detected_at - timedelta(hours=24)
