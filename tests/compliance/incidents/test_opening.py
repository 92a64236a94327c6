"""An incident counts from its detection, and what people write of it is sealed."""

from datetime import datetime, timedelta

import pytest

from compliance.incidents.models import Incident
from compliance.incidents.services import IncidentRefused, note_fact, open_incident
from tests.conftest import NOW, Cast

pytestmark = pytest.mark.django_db
PERSON = Incident.Detected.PERSON


def opened(cast: Cast, **fields: object) -> Incident:
    given = {
        "actor": cast.carl,
        "title": "A key in a public place",
        "detected_by": PERSON,
        "now": NOW,
        **fields,
    }
    return open_incident(**given)  # type: ignore[arg-type]  # its arguments


def test_it_counts_from_its_detection_and_not_from_its_entry(cast: Cast) -> None:
    incident = opened(cast, detected_at=NOW - timedelta(hours=5), what="<b>A key</b>")
    assert incident.detected_at == NOW - timedelta(hours=5)
    assert incident.entered_at == NOW
    facts = incident.facts
    assert facts is not None
    assert facts.reveal() == {"what": "<b>A key</b>"}
    first = incident.timeline.get()
    assert (first.what, first.at) == ("detected", incident.detected_at)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"title": "  "}, "1 to 200"),
        ({"title": "x" * 201}, "1 to 200"),
        ({"detected_at": NOW + timedelta(seconds=1)}, "in the future"),
        ({"detected_at": NOW - timedelta(days=4000)}, "ten years"),
        ({"detected_at": datetime(2026, 11, 24, 9)}, "time zone"),  # noqa: DTZ001
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_kept(
    cast: Cast, wrong: dict[str, object], why: str
) -> None:
    with pytest.raises(IncidentRefused, match=why):
        opened(cast, **wrong)
    assert not Incident.objects.exists()


def test_each_year_counts_anew_and_drills_by_themselves(cast: Cast) -> None:
    numbers = [opened(cast).reference, opened(cast).reference]
    assert numbers == ["INC-2026-00001", "INC-2026-00002"]
    assert opened(cast, is_drill=True).reference == "DRILL-2026-00001"
    later = NOW + timedelta(days=60)
    assert opened(cast, now=later).reference == "INC-2027-00001"


def test_what_people_write_is_sealed_and_what_they_write_has_an_end(
    cast: Cast,
) -> None:
    incident = opened(cast)
    entry = note_fact(incident, "noted", actor=cast.carl, now=NOW, text="It was Bob.")
    assert str(entry.text) != "It was Bob."
    kept = entry.text
    assert kept is not None
    assert kept.reveal() == "It was Bob."
    with pytest.raises(IncidentRefused, match="at most"):
        note_fact(incident, "noted", actor=cast.carl, now=NOW, text="x" * 10_001)
    at = NOW + timedelta(hours=1)
    with pytest.raises(IncidentRefused, match="hasn't come"):
        note_fact(incident, "noted", actor=cast.carl, now=NOW, at=at)
