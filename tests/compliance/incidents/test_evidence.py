"""Evidence is sealed, bound to its case, kept with its hash, and each look is noted."""

import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from compliance.incidents.evidence.files import files
from compliance.incidents.evidence.models import EvidenceFile
from compliance.incidents.evidence.services import (
    add_file,
    fetch,
    link_entry,
    seal_log,
)
from compliance.incidents.models import Incident
from compliance.incidents.services import IncidentRefused
from plugseller.accounts.models import User
from plugseller.audit.models import Entry
from plugseller.crypto.resealing import rotate_owner
from plugseller.shelves import HOLDINGS
from tests.compliance.incidents.cases import opened
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
SECRET = b"a shot of the screen, marked CANARY-EVIDENCE\n"


@pytest.fixture(autouse=True)
def _own_folder(settings: Any, tmp_path: Path) -> None:
    settings.EVIDENCE_FOLDER = tmp_path / "evidence"


@pytest.fixture
def case(cast: Cast) -> Incident:
    return opened(cast.carl, timezone.now())


def kept(cast: Cast, case: Incident, content: bytes = SECRET) -> EvidenceFile:
    return add_file(
        actor=cast.carl,
        incident=case,
        name="../shot of Alice.png",
        content=[content],
        now=timezone.now(),
    )


def read(cast: Cast, evidence: EvidenceFile) -> bytes:
    return b"".join(fetch(actor=cast.carl, evidence=evidence, now=timezone.now()))


def test_a_file_comes_back_as_it_was_and_each_look_is_noted(
    cast: Cast, case: Incident
) -> None:
    evidence = kept(cast, case)
    [path] = files.folder().iterdir()
    assert b"CANARY" not in path.read_bytes()
    assert "Alice" not in path.name
    assert path.stat().st_mode & 0o777 == 0o600
    assert read(cast, evidence) == SECRET
    assert evidence.sha256 == hashlib.sha256(SECRET).hexdigest()
    evidence.refresh_from_db()
    assert evidence.opened == 1
    noted = case.timeline.get(what="evidence opened")
    assert noted.actor_id == cast.carl.pk
    assert "Alice" not in str(list(Entry.objects.values("additional_data", "changes")))


def test_a_file_that_was_changed_or_moved_to_another_case_does_not_open(
    cast: Cast, case: Incident
) -> None:
    mine, other = kept(cast, case), kept(cast, opened(cast.carl, timezone.now()))
    EvidenceFile.objects.filter(pk=mine.pk).update(file_name=other.file_name)
    mine.refresh_from_db()
    with pytest.raises(IncidentRefused, match="damaged"):
        read(cast, mine)
    path = files.folder() / other.file_name
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(IncidentRefused, match="damaged"):
        read(cast, other)
    assert not case.timeline.filter(what="evidence opened").exists()


def test_too_large_and_empty_leave_nothing(
    cast: Cast, case: Incident, settings: Any
) -> None:
    settings.EVIDENCE_LARGEST = 10
    for content in (b"", b"12345678901"):
        with pytest.raises(IncidentRefused):
            kept(cast, case, content)
    assert list(files.folder().iterdir()) == []
    assert not EvidenceFile.objects.exists()


def test_a_copy_of_the_log_holds_the_entries_with_their_hashes(
    cast: Cast, case: Incident
) -> None:
    now = timezone.now()
    begin = now - timedelta(hours=1)
    count, last = Entry.objects.count(), Entry.objects.latest("id")
    evidence = seal_log(
        actor=cast.carl, incident=case, since=begin, until=timezone.now(), now=now
    )
    lines = [json.loads(line) for line in read(cast, evidence).splitlines()]
    assert len(lines) == count
    assert (lines[-1]["id"], lines[-1]["hash"]) == (last.pk, last.hash)
    assert evidence.facts["last"] == last.pk
    long_ago = now - timedelta(days=500)
    with pytest.raises(IncidentRefused, match="no entry"):
        seal_log(
            actor=cast.carl,
            incident=case,
            since=long_ago,
            until=long_ago + timedelta(days=1),
            now=now,
        )


def test_it_opens_after_its_key_was_replaced(cast: Cast, case: Incident) -> None:
    evidence = kept(cast, case)
    before = evidence.file_name
    rotate_owner(case.pk, now=timezone.now())
    evidence.refresh_from_db()
    assert evidence.file_name != before
    assert read(cast, evidence) == SECRET
    assert evidence.name.reveal() == "../shot of Alice.png"


def test_it_goes_with_its_incident_and_its_file_with_it(
    cast: Cast, case: Incident
) -> None:
    kept(cast, case)
    now = timezone.now()
    Incident.objects.filter(pk=case.pk).update(ended_at=now - timedelta(days=1))
    store = HOLDINGS["compliance.EvidenceFile"].store
    assert store.overdue(now) == 1
    assert store.purge(now, at_most=10) == 1
    assert files.names() == {}


def test_only_who_works_on_the_case_adds_opens_and_links(
    cast: Cast, case: Incident, clara: User
) -> None:
    evidence = kept(cast, case)
    case.barred = [str(clara.pk)]
    case.save()
    for who in (clara, cast.olga, cast.alice):
        now = timezone.now()
        with pytest.raises(PermissionDenied):
            fetch(actor=who, evidence=evidence, now=now)
        with pytest.raises(PermissionDenied):
            add_file(actor=who, incident=case, name="x", content=[b"x"], now=now)
        with pytest.raises(PermissionDenied):
            link_entry(actor=who, incident=case, number=1, now=now)


def test_an_entry_is_linked_once_with_its_hash(cast: Cast, case: Incident) -> None:
    entry, now = Entry.objects.latest("id"), timezone.now()
    link = link_entry(actor=cast.carl, incident=case, number=entry.pk, now=now)
    assert link.hash == entry.hash
    for number in (entry.pk, 10**9):
        with pytest.raises(IncidentRefused):
            link_entry(actor=cast.carl, incident=case, number=number, now=now)


def test_a_file_does_not_pass_for_another_of_its_case(
    cast: Cast, case: Incident
) -> None:
    first, second = kept(cast, case), kept(cast, case, b"another")
    EvidenceFile.objects.filter(pk=first.pk).update(file_name=second.file_name)
    first.refresh_from_db()
    with pytest.raises(IncidentRefused, match="damaged"):
        read(cast, first)
