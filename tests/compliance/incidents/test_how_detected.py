"""How it was noticed and how grave it is: kept as given, and shown (INC-1)."""

import io
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from compliance.incidents.models import Incident
from plugseller.accounts.models import User
from plugseller.audit.models import Entry
from tests.compliance.incidents.cases import mails, opened
from tests.conftest import Cast, signed_in

pytestmark = pytest.mark.django_db
HOME = "/admin/compliance/incident/"
Detected, Severity, Kind = Incident.Detected, Incident.Severity, Incident.Kind


@pytest.mark.parametrize(
    ("how", "severity"), [*zip(Detected, (*Severity, Severity.LOW), strict=True)]
)
def test_what_an_officer_chose_is_kept_and_shown(
    cast: Cast, how: Incident.Detected, severity: Incident.Severity
) -> None:
    carl = signed_in(cast.carl)
    at = timezone.now() - timedelta(hours=2)
    given = {
        "title": "A key",
        "detected_at": f"{at:%Y-%m-%d %H:%M}",
        "detected_by": how.value,
        "kind": Kind.MALWARE.value,
        "severity": severity.value,
    }
    assert carl.post(HOME + "open/", given).status_code == 302
    incident = Incident.objects.get()
    assert (incident.detected_by, incident.severity) == (how, severity)
    assert incident.timeline.get(what="detected").details["by"] == how
    page = carl.get(f"{HOME}{incident.pk}/change/").text
    assert f"{at:%Y-%m-%d %H:%M}:00 UTC ({how.label})" in page
    report = carl.get(f"{HOME}{incident.pk}/verbs/report/").text
    assert f"({how.label.lower()})" in report
    for text in (f"Severity {severity.label.lower()}.", Kind.MALWARE.label):
        assert text in report
    assert severity.label in row_of(carl.get(HOME).text, incident)
    found = carl.get(f"{HOME}?severity__exact={severity.value}").text
    assert incident.reference in found


def row_of(page: str, incident: Incident) -> str:
    """Its line in the list."""
    [row] = [one for one in page.split("<tr") if incident.reference in one]
    return row


@pytest.mark.parametrize("name", ["detected_by", "severity", "kind"])
def test_what_is_not_on_the_list_opens_nothing(cast: Cast, name: str) -> None:
    given = {
        "title": "A key",
        "detected_by": "person",
        "kind": "unknown",
        "severity": "low",
        name: "made up",
    }
    page = signed_in(cast.carl).post(HOME + "open/", given)
    assert page.status_code == 400
    assert "is not one of the available choices" in page.text
    assert not Incident.objects.exists()


def test_graver_than_thought_stands_on_the_timeline(cast: Cast) -> None:
    carl = signed_in(cast.carl)
    case = opened(cast.carl, timezone.now(), severity=Severity.LOW)
    given = {"title": case.title, "kind": "unknown", "severity": "critical"}
    assert carl.post(f"{HOME}{case.pk}/do/know/", given).status_code == 302
    case.refresh_from_db()
    assert case.severity == Severity.CRITICAL
    [noted] = case.timeline.exclude(what="detected")
    assert noted.details["severity"] == "critical"
    assert Severity.CRITICAL.label in row_of(carl.get(HOME).text, case)


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the command with that on its standard input; the one new incident."""

    def run(text: str, *arguments: str) -> Incident:
        known = list(Incident.objects.values_list("pk", flat=True))
        monkeypatch.setattr("sys.stdin", io.StringIO(text))
        call_command("open_incident", *arguments)
        return Incident.objects.exclude(pk__in=known).get()

    return run


def test_a_script_opens_one_with_the_facts_on_standard_input(
    cast: Cast, say: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    incident = say("A rule fired\nIt saw a thing.\n", "--json")
    assert incident.reference in capsys.readouterr().out
    assert incident.title == "A rule fired"
    assert incident.facts.reveal() == {"what": "It saw a thing."}
    assert (incident.kind, incident.severity) == (Kind.UNKNOWN, Severity.MEDIUM)
    assert (incident.detected_by, incident.entered_by) == (Detected.OUTSIDE, None)
    assert not incident.is_drill
    [told] = mails()
    assert (told["to"], incident.reference in told["subject"]) == (
        cast.carl.email,
        True,
    )
    entry = Entry.objects.filter(event="incident.step").latest("id")
    assert entry.actor_id is None
    assert "It saw" not in str(entry.additional_data)


def test_a_script_says_kind_severity_time_and_how(cast: Cast, say: Any) -> None:
    incident = say(
        "Found by the scanner",
        *("--kind", "malware", "--severity", "critical", "--detected-by", "control"),
        *("--detected-at", "2026-11-20T10:30:00+01:00"),
    )
    assert (incident.kind, incident.severity) == (Kind.MALWARE, Severity.CRITICAL)
    assert incident.detected_by == Detected.CONTROL
    assert incident.detected_at == datetime.fromisoformat("2026-11-20T09:30:00+00:00")
    assert incident.runbook.filter(key="isolate").exists()
    page = signed_in(cast.carl).get(f"{HOME}{incident.pk}/change/").text
    assert f"({Detected.CONTROL.label})" in page


def test_a_drill_of_a_script_is_one(cast: Cast, say: Any, production: Any) -> None:
    drill = say("We practise", "--drill")
    assert drill.is_drill
    assert drill.reference.startswith("DRILL-")
    real = say("For real")
    assert (real.is_drill, real.reference[:4]) == (False, "INC-")


@pytest.mark.parametrize(
    "wrong",
    [
        ("--kind", "fire"),
        ("--severity", "worst"),
        ("--detected-by", "rule"),
        ("--detected-at", "2026-01-01T00:00"),
        ("--detected-at", "yesterday"),
        ("--detected-at", "2999-01-01T00:00:00+00:00"),
    ],
)
def test_a_script_that_says_something_else_opens_nothing(
    cast: Cast, clara: User, say: Any, wrong: tuple[str, str]
) -> None:
    with pytest.raises(CommandError):
        say("A title", *wrong)
    with pytest.raises(CommandError):
        say("")
    assert not Incident.objects.exists()
    assert mails() == []
