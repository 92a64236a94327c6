"""INC-1: “We maintain an incident-response plan, and investigate and remediate every
security incident.”"""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from compliance.governance.policies.services import register_versions
from compliance.incidents.models import Incident
from compliance.incidents.services.opening import open_incident
from compliance.models import PolicyVersion, Review
from compliance.tasks import Task, open_task
from tests.conftest import NOW, Cast
from tests.promise.controls import fails, passes

pytestmark = pytest.mark.django_db
CONTROL, PLAN = "inc-1.incidents", "inc-1.plan"
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def incident(cast: Cast) -> Incident:
    by = Incident.Detected.PERSON
    return open_incident(actor=cast.carl, title="Keys", detected_by=by, now=NOW)


def handled(incident: Incident, **fields: object) -> None:
    Incident.objects.filter(pk=incident.pk).update(**fields)


def test_an_incident_has_a_day_for_its_first_look(incident: Incident) -> None:
    assert passes(CONTROL, NOW + 23 * HOUR)
    assert fails(CONTROL, NOW + 24 * HOUR)


def test_one_that_was_looked_at_and_is_led_is_handled(
    cast: Cast, incident: Incident
) -> None:
    handled(incident, status="triaged", triaged_at=NOW)
    assert fails(CONTROL, NOW + 24 * HOUR)  # nobody leads
    handled(incident, lead_id=cast.carl.pk)
    assert passes(CONTROL, NOW + 24 * HOUR)


def test_what_had_to_change_and_did_not_breaks_it(
    cast: Cast, incident: Incident
) -> None:
    handled(incident, status="triaged", triaged_at=NOW, lead_id=cast.carl.pk)
    open_task(
        actor=cast.carl,
        source=Task.Source.INCIDENT,
        subject_id=incident.pk,
        title="Rotate",
        due_at=NOW + 48 * HOUR,
        now=NOW,
    )
    assert passes(CONTROL, NOW + 47 * HOUR)
    assert fails(CONTROL, NOW + 48 * HOUR)


def test_the_plan_is_there_and_is_reviewed_every_six_months(
    cast: Cast, settings: Any, tmp_path: Path
) -> None:
    register_versions(NOW)
    PolicyVersion.objects.update(in_force_at=NOW)
    assert passes(PLAN, NOW + 183 * DAY)
    assert fails(PLAN, NOW + 184 * DAY)
    Review.objects.create(
        kind=Review.Kind.PLAN,
        begins=NOW,
        ends=NOW + 170 * DAY,
        due_at=NOW + 183 * DAY,
        signed_at=NOW + 171 * DAY,
        seed="x",
    )
    assert passes(PLAN, NOW + 184 * DAY)
    assert fails(PLAN, NOW + (171 + 184) * DAY)
    settings.POLICY_TEXTS = tmp_path
    assert fails(PLAN, NOW)
