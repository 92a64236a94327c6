"""INC-1: what officers decide, what the runbook keeps, and how fast we were."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied

from compliance import clocks
from compliance.incidents.casework import Decision, Notice, NoticeDuty, RunbookStep
from compliance.incidents.figures import figures_of
from compliance.incidents.models import Incident
from compliance.incidents.runbooks import RUNBOOKS
from compliance.incidents.services import (
    IncidentRefused,
    advance,
    ask_decision,
    bar,
    give_lead,
    know,
    sign,
    tick,
    tick_key,
)
from compliance.tasks import Task, open_task
from plugseller.accounts.models import User
from tests.compliance.incidents.cases import duty_of, mails, opened, sent_by
from tests.conftest import NOW, Cast

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
Status, What = Incident.Status, Decision.What


def test_nobody_but_officers_decides(cast: Cast) -> None:
    incident = opened(cast.carl, NOW)
    for someone in (cast.alice, cast.olga):
        with pytest.raises(PermissionDenied):
            advance(actor=someone, incident=incident, status=Status.TRIAGED, now=NOW)
        with pytest.raises(PermissionDenied):
            ask_decision(
                actor=someone, incident=incident, what=What.DISMISS, why="x", now=NOW
            )


def test_the_accused_signs_nothing_not_even_what_they_asked_for_before(
    cast: Cast, clara: User
) -> None:
    incident = opened(cast.carl, NOW)
    give_lead(actor=cast.carl, incident=incident, lead=clara, now=NOW)
    asked = ask_decision(
        actor=clara, incident=incident, what=What.DISMISS, why="No.", now=NOW
    )
    bar(actor=cast.carl, incident=incident, person=clara, why="Perhaps.", now=NOW)
    assert incident.lead_id is None  # a deputy has to take it
    with pytest.raises(IncidentRefused, match="any more"):
        sign(actor=cast.carl, decision=asked, now=NOW)
    again = ask_decision(
        actor=cast.carl, incident=incident, what=What.DISMISS, why="No.", now=NOW
    )
    with pytest.raises(PermissionDenied):
        sign(actor=clara, decision=again, now=NOW)
    with pytest.raises(PermissionDenied):
        sent_by(clara, duty_of(incident), NOW)


def test_the_accused_does_not_hear_of_the_cases_tasks(cast: Cast, clara: User) -> None:
    incident = opened(cast.carl, NOW)
    bar(actor=cast.carl, incident=incident, person=clara, why="Perhaps.", now=NOW)
    open_task(
        actor=None,
        source=Task.Source.INCIDENT,
        subject_id=incident.pk,
        title="Look",
        due_at=NOW + HOUR,
        now=NOW,
    )
    clocks.run_due(NOW + 2 * HOUR)
    late = {one["to"] for one in mails() if one["subject"] == "OVERDUE: Look"}
    assert late == {cast.carl.email}


def test_a_false_alarm_that_amazon_heard_of_is_taken_back_by_a_notice(
    cast: Cast, clara: User
) -> None:
    incident = opened(cast.carl, NOW)
    sent_by(cast.carl, duty_of(incident), NOW)
    asked = ask_decision(
        actor=cast.carl, incident=incident, what=What.DISMISS, why="A test.", now=NOW
    )
    sign(actor=clara, decision=asked, now=NOW)
    assert "wasn't an incident" in Task.objects.get().title
    closing = sent_by(cast.carl, duty_of(incident), NOW + HOUR)
    assert closing.kind == Notice.Kind.NO_INCIDENT
    assert "it isn't one" in closing.content.reveal()["text"]
    assert Notice.objects.count() == 2  # both stay


@pytest.mark.parametrize("kind", Incident.Kind)
def test_every_kind_has_its_steps_in_order(cast: Cast, kind: Incident.Kind) -> None:
    incident = opened(cast.carl, NOW, kind=kind)
    steps = list(RunbookStep.objects.filter(incident=incident))
    assert 8 <= len(steps) <= 15
    assert [step.key for step in steps] == [step.key for step in RUNBOOKS[kind]]
    assert steps[0].due_at > NOW


def test_a_change_of_kind_keeps_what_was_ticked(cast: Cast) -> None:
    incident = opened(cast.carl, NOW, kind=Incident.Kind.ACCESS)
    steps = RunbookStep.objects.filter(incident=incident)
    for key in ("sessions", "suspend"):
        tick(actor=cast.carl, step=steps.get(key=key), now=NOW)
    know(
        actor=cast.carl,
        incident=incident,
        now=NOW,
        title=incident.title,
        kind=Incident.Kind.CREDENTIAL_LEAK,
        severity=Incident.Severity.HIGH,
        marketplaces=[],
        data_kinds=[],
        amazon_is_involved=False,
    )
    due = {step.key: step for step in steps.filter(is_due=True)}
    assert due["sessions"].done_at == NOW  # in both kinds
    assert due["suspend"].done_at == NOW  # of the other, but done
    assert "entry" not in due  # of the other, and not done
    assert "revoke" in due


def test_a_button_ticks_its_step_once_and_says_that_it_did(cast: Cast) -> None:
    incident = opened(cast.carl, NOW, kind=Incident.Kind.ACCESS)
    for hours in (1, 2):
        tick_key(incident, "sessions", actor=cast.carl, now=NOW + hours * HOUR)
    tick_key(incident, "no such step", actor=cast.carl, now=NOW)
    step = RunbookStep.objects.get(incident=incident, key="sessions")
    assert (step.done_at, step.is_automatic) == (NOW + HOUR, True)
    assert incident.timeline.filter(what="step done").count() == 1
    with pytest.raises(IncidentRefused, match="ticked already"):
        tick(actor=cast.carl, step=step, now=NOW)


def test_a_drill_has_figures(cast: Cast) -> None:
    incident = opened(cast.carl, NOW, is_drill=True)
    assert figures_of(incident).to_triage is None
    for minutes, status in ((10, Status.TRIAGED), (45, Status.CONTAINED)):
        at = NOW + timedelta(minutes=minutes)
        advance(actor=cast.carl, incident=incident, status=status, now=at)
    NoticeDuty.objects.filter(incident=incident, recipient="amazon").update(
        met_at=NOW + 2 * HOUR
    )
    found = figures_of(incident)
    assert (found.to_triage, found.to_contain, found.to_notify) == (10, 45, 120)
