"""An officer works through the parts of an incident's page; others don't get in."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from compliance.incidents.affected.services import newest
from compliance.incidents.containment.actions import BY_NAME
from compliance.incidents.containment.models import Measure
from compliance.incidents.containment.services import contain
from compliance.incidents.detection.services import read_log
from compliance.incidents.evidence.models import EvidenceFile
from compliance.incidents.models import Incident
from compliance.incidents.parts_packed import part
from compliance.packing import Period
from plugseller.accounts.models import User
from plugseller.audit.models import Entry
from plugseller.audit.services import record
from tests.compliance.incidents.cases import opened
from tests.conftest import Cast, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(settings: Any, tmp_path: Path) -> None:
    settings.EVIDENCE_FOLDER = tmp_path / "evidence"


@pytest.fixture
def case(cast: Cast) -> Incident:
    return opened(cast.carl, timezone.now(), kind=Incident.Kind.ACCESS)


def at(case: Incident, verb: str) -> str:
    return reverse("admin:compliance_incident_verb", args=[case.pk, verb])


def home(case: Incident) -> str:
    return reverse("admin:compliance_incident_change", args=[case.pk])


def shown(client: Client, case: Incident) -> str:
    answer = client.get(home(case))
    assert answer.status_code == 200
    return answer.content.decode()


def test_what_a_rule_saw_and_when_it_is_wrong_stands_on_the_page(cast: Cast) -> None:
    number = record("audit.verified", details={"whole": False, "faults": 2})
    read_log(timezone.now())
    page = shown(signed_in(cast.carl), Incident.objects.get())
    assert "A false alarm?" in page
    assert reverse("admin:audit_entry_change", args=[number]) in page


def test_who_is_affected_is_computed_widened_and_taken_along(
    cast: Cast, case: Incident
) -> None:
    record("read.orders.list", actor=cast.bob, seller_id=cast.north.pk, rows=4)
    carl = signed_in(cast.carl)
    form = carl.get(at(case, "affected"))
    until = f"{timezone.now() + timedelta(minutes=1):%Y-%m-%d %H:%M}"
    since = form.context["form"].initial["since"]
    sent = {"since": since, "until": until}
    assert carl.post(at(case, "affected"), sent).headers["Location"] == home(case)
    assert "North" in shown(carl, case)
    wrong = carl.post(at(case, "affected"), {"since": until, "until": since})
    assert (wrong.status_code, "begins after" in wrong.content.decode()) == (400, True)
    carl.post(at(case, "affected-seller"), {"slug": "south"})
    assert "added by hand" in shown(carl, case)
    file = b"".join(carl.get(at(case, "affected-file")))
    assert b'"North"' in file
    assert newest(case).number == 2  # type: ignore[union-attr]  # there is one


def test_containment_is_shown_before_it_is_done_and_undone_by_a_button(
    cast: Cast, case: Incident
) -> None:
    carl = signed_in(cast.carl)
    asked = {"action": "stop-exports", "target": "north"}
    preview = carl.get(at(case, "contain"), asked).content.decode()
    assert "2 people can take a file" in preview
    assert not Measure.objects.exists()
    unconfirmed = signed_in(cast.carl, confirmed=False)
    assert (
        "/account/confirm/"
        in unconfirmed.post(at(case, "contain"), asked).headers["Location"]
    )
    assert not Measure.objects.exists()
    assert carl.post(at(case, "contain"), asked).status_code == 302
    measure = Measure.objects.get()
    assert "Undo: Stop a seller" in shown(carl, case)
    again = carl.post(at(case, "contain"), asked)
    assert (again.status_code, "already" in again.content.decode()) == (400, True)
    carl.post(at(case, "undo"), {"measure": str(measure.pk)})
    measure.refresh_from_db()
    assert not measure.stands
    other = opened(cast.carl, timezone.now())
    wrong = carl.post(at(other, "undo"), {"measure": str(measure.pk)})
    assert wrong.status_code == 404
    nobody = carl.get(at(case, "contain"), {**asked, "target": "<b>no</b>"})
    assert "There is no such seller" in nobody.content.decode()
    assert "<b>no</b>" not in nobody.content.decode()


def test_evidence_is_added_and_downloaded_by_who_confirms(
    cast: Cast, case: Incident, tmp_path: Path, settings: Any
) -> None:
    carl = signed_in(cast.carl)
    content = b"CANARY-EVIDENCE " * 400_000  # more than Django keeps in memory
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path
    upload = {"file": SimpleUploadedFile("shöt\r\n.html", content)}
    assert carl.post(at(case, "evidence-add"), upload).status_code == 302
    evidence = EvidenceFile.objects.get()
    chosen = {"evidence": str(evidence.pk)}
    unconfirmed = signed_in(cast.carl, confirmed=False)
    asked = unconfirmed.post(at(case, "evidence-open"), chosen)
    assert "/account/confirm/" in asked.headers["Location"]
    got = carl.post(at(case, "evidence-open"), chosen)
    assert b"".join(got) == content
    assert got.headers["Content-Type"] == "application/octet-stream"
    assert evidence.sha256 in shown(carl, case)
    assert carl.get(at(case, "evidence-open")).status_code == 405
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or b"CANARY" not in path.read_bytes()


def test_a_file_that_is_too_large_or_sent_elsewhere_is_not_kept(
    cast: Cast, case: Incident, settings: Any
) -> None:
    settings.EVIDENCE_LARGEST = 1_000
    carl = signed_in(cast.carl)
    large = {"file": SimpleUploadedFile("x", b"x" * 1_001)}
    assert carl.post(at(case, "evidence-add"), large).status_code == 400
    assert not EvidenceFile.objects.exists()
    for client in (signed_in(cast.alice), carl):
        small = {"file": SimpleUploadedFile("x", b"x")}
        assert client.post("/account/password", small).status_code == 400


def test_the_log_is_sealed_and_an_entry_linked(cast: Cast, case: Incident) -> None:
    carl = signed_in(cast.carl)
    until = f"{timezone.now() + timedelta(minutes=1):%Y-%m-%d %H:%M}"
    since = carl.get(at(case, "evidence-log")).context["form"].initial["since"]
    sent = {"since": since, "until": until}
    assert carl.post(at(case, "evidence-log"), sent).status_code == 302
    entry = Entry.objects.latest("id").pk
    assert carl.post(at(case, "evidence-link"), {"number": entry}).status_code == 302
    assert carl.post(at(case, "evidence-link"), {"number": 10**9}).status_code == 400
    assert "A copy of the audit log" in shown(carl, case)


def test_the_review_is_sealed_and_the_report_shows_it_only_when_asked(
    cast: Cast, case: Incident
) -> None:
    carl = signed_in(cast.carl)
    answers = {"root_cause": "A CANARY <b>cause</b>", "lessons": "Learn."}
    early = carl.post(at(case, "review"), answers)
    assert "Contain it first" in early.content.decode()
    Incident.objects.filter(pk=case.pk).update(status=Incident.Status.CONTAINED)
    assert carl.post(at(case, "review"), {"lessons": "L."}).status_code == 400
    assert carl.post(at(case, "review"), answers).status_code == 302
    case.refresh_from_db()
    assert case.facts.reveal()["root_cause"] == answers["root_cause"]  # type: ignore[union-attr]  # set
    plain = carl.get(at(case, "report")).content.decode()
    assert case.reference in plain
    assert "CANARY" not in plain + shown(carl, case)
    assert not case.timeline.filter(what="report with words").exists()
    whole = carl.post(at(case, "report")).content.decode()
    assert "A CANARY &lt;b&gt;cause&lt;/b&gt;" in whole
    assert case.timeline.filter(what="report with words").count() == 1


VERBS = (
    *("affected", "affected-seller", "affected-file", "contain", "undo"),
    *("evidence-add", "evidence-log", "evidence-link", "evidence-open"),
    *("review", "report"),
)


@pytest.mark.parametrize("verb", VERBS)
def test_who_is_barred_or_no_officer_does_not_get_in(
    verb: str, cast: Cast, case: Incident, clara: User
) -> None:
    case.barred = [str(clara.pk)]
    case.save()
    told = case.timeline.count()
    for who in (clara, cast.olga, cast.alice):
        client = signed_in(who)
        for answer in (client.get(at(case, verb)), client.post(at(case, verb), {})):
            refused = answer.status_code in (403, 404)
            assert refused or "/admin/login/" in answer.headers["Location"]
    assert case.timeline.count() == told


def test_an_auditor_gets_figures_and_hashes_and_nobodys_name(
    cast: Cast, case: Incident
) -> None:
    now = timezone.now()
    target = str(cast.bob.pk)
    contain(
        actor=cast.carl,
        incident=case,
        action=BY_NAME["suspend-person"],
        target=target,
        now=now,
    )
    period = Period(now - timedelta(hours=1), now + timedelta(hours=1))
    told = {table.name: list(table.rows) for table in part(period, now)}
    [measure] = told["incident-measures.csv"]
    assert measure[:2] == (case.reference, "suspend-person")
    assert target not in str(told)
