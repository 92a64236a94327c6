"""INC-2, INC-3: who is owed a notice follows what is known, and by when from the first
detection."""

from datetime import timedelta

import pytest

from compliance.clocks import Deadline
from compliance.incidents import sections
from compliance.incidents.casework import Decision, NoticeDuty
from compliance.incidents.models import Incident
from compliance.incidents.services import (
    IncidentRefused,
    advance,
    ask_decision,
    know,
    learn_detection,
    merge,
    renew_duties,
    sign,
    split_off,
    whole_timeline,
)
from plugseller.accounts.models import User
from plugseller.shelves import DataClass
from tests.compliance.incidents.cases import duty_of, opened, sent_by
from tests.conftest import NOW, Cast

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
Recipient, Status, What = NoticeDuty.Recipient, Incident.Status, Decision.What


def clock(incident: Incident, recipient: NoticeDuty.Recipient) -> Deadline | None:
    duty = duty_of(incident, recipient)
    found = Deadline.objects.filter(subject_id=duty.pk, ended_at=None)
    return found.first()


def learnt(officer: User, incident: Incident, **more: object) -> None:
    known = {
        "title": incident.title,
        "kind": Incident.Kind(incident.kind),
        "severity": Incident.Severity(incident.severity),
        "marketplaces": [],
        "data_kinds": [],
        "amazon_is_involved": False,
        **more,
    }
    know(actor=officer, incident=incident, now=NOW, **known)  # type: ignore[arg-type]  # its arguments


def test_as_long_as_nobody_knows_both_marketplaces_are_owed_a_notice(
    cast: Cast,
) -> None:
    incident = opened(cast.carl, NOW, detected_at=NOW - 3 * HOUR)
    for recipient in (Recipient.AMAZON, Recipient.WALMART):
        running = clock(incident, recipient)
        assert running is not None
        assert running.due_at == NOW + 21 * HOUR
    for recipient in (Recipient.SELLERS, Recipient.AUTHORITY):
        assert clock(incident, recipient) is None
        assert "known" in duty_of(incident, recipient).because


def test_duties_appear_and_vanish_and_say_why(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    incident = opened(cast.carl, NOW)
    learnt(cast.carl, incident, marketplaces=["amazon"])
    walmart = duty_of(incident, Recipient.WALMART)
    assert not walmart.is_needed
    assert clock(incident, Recipient.WALMART) is None
    assert "another marketplace" in walmart.because
    assert "is involved" in duty_of(incident).because
    kinds = [DataClass.PERSONAL.value]
    learnt(cast.carl, incident, marketplaces=["walmart"], data_kinds=kinds)
    assert clock(incident, Recipient.WALMART) is not None
    assert clock(incident, Recipient.AMAZON) is not None
    assert clock(incident, Recipient.AUTHORITY) is not None
    monkeypatch.setattr(sections, "_sellers", [lambda _: [cast.north.pk]])
    renew_duties(incident, now=NOW)
    assert clock(incident, Recipient.SELLERS) is not None


def test_that_amazon_is_not_involved_takes_two_and_until_then_the_clock_runs(
    cast: Cast, clara: User
) -> None:
    incident = opened(cast.carl, NOW)
    asked = ask_decision(
        actor=cast.carl, incident=incident, what=What.NOT_AMAZON, why="W.", now=NOW
    )
    assert clock(incident, Recipient.AMAZON) is not None
    with pytest.raises(IncidentRefused, match="second person"):
        sign(actor=cast.carl, decision=asked, now=NOW)
    sign(actor=clara, decision=asked, now=NOW)
    assert clock(incident, Recipient.AMAZON) is None
    assert "Two officers" in duty_of(incident).because
    incident.refresh_from_db()
    learnt(cast.carl, incident, amazon_is_involved=True)
    running = clock(incident, Recipient.AMAZON)
    assert running is not None
    assert running.due_at == NOW + 24 * HOUR


def test_a_detection_learned_to_be_earlier_moves_the_clock_back_and_never_on(
    cast: Cast,
) -> None:
    incident = opened(cast.carl, NOW)
    earlier = NOW - 30 * HOUR
    learn_detection(
        actor=cast.carl, incident=incident, detected_at=earlier, why="A log.", now=NOW
    )
    running = clock(incident, Recipient.AMAZON)
    assert running is not None
    assert running.due_at == NOW - 6 * HOUR
    assert running.is_overdue(NOW)
    entry = incident.timeline.get(what="detected earlier")
    assert entry.details["was"] == NOW.isoformat()
    assert entry.text is not None
    assert entry.text.reveal() == "A log."
    for wrong in (earlier, NOW, NOW + HOUR):
        with pytest.raises(IncidentRefused):
            learn_detection(
                actor=cast.carl, incident=incident, detected_at=wrong, why="x", now=NOW
            )


def test_opened_again_it_has_the_clock_it_had(cast: Cast, clara: User) -> None:
    incident = opened(cast.carl, NOW)
    asked = ask_decision(
        actor=cast.carl, incident=incident, what=What.DISMISS, why="A test.", now=NOW
    )
    sign(actor=clara, decision=asked, now=NOW + HOUR)
    incident.refresh_from_db()
    assert incident.status == Status.DISMISSED
    assert clock(incident, Recipient.AMAZON) is None
    later = NOW + 30 * HOUR
    advance(actor=cast.carl, incident=incident, status=Status.TRIAGED, now=later)
    running = clock(incident, Recipient.AMAZON)
    assert running is not None
    assert running.due_at == NOW + 24 * HOUR
    assert incident.ended_at is None


def test_a_merged_case_gives_its_detection_its_bars_and_its_timeline(
    cast: Cast, clara: User
) -> None:
    first = opened(cast.carl, NOW, detected_at=NOW - 5 * HOUR)
    second = opened(cast.carl, NOW, amazon=Incident.Involved.YES)
    Incident.objects.filter(pk=first.pk).update(barred=[str(cast.olga.pk)])
    first.refresh_from_db()
    merge(actor=cast.carl, incident=first, into=second, why="One cause.", now=NOW)
    assert first.status == Status.MERGED
    assert second.detected_at == NOW - 5 * HOUR
    assert second.is_barred(cast.olga.pk)
    running = clock(second, Recipient.AMAZON)
    assert running is not None
    assert running.due_at == NOW + 19 * HOUR
    assert clock(first, Recipient.AMAZON) is None
    assert second.reference in duty_of(first).because
    told = {entry.incident.reference for entry in whole_timeline(second)}
    assert told == {first.reference, second.reference}
    advance(actor=cast.carl, incident=first, status=Status.TRIAGED, now=NOW)
    assert first.merged_into is None
    again = clock(first, Recipient.AMAZON)
    assert again is not None
    assert again.due_at == NOW + 19 * HOUR


def test_what_is_split_off_counts_from_the_same_detection(cast: Cast) -> None:
    incident = opened(cast.carl, NOW, detected_at=NOW - 5 * HOUR)
    part = split_off(
        actor=cast.carl, incident=incident, title="Walmart", why="Two.", now=NOW
    )
    assert part.detected_at == incident.detected_at
    assert clock(part, Recipient.WALMART) is not None


def test_who_was_told_of_a_part_was_told_of_the_whole(cast: Cast) -> None:
    first, second = opened(cast.carl, NOW), opened(cast.carl, NOW)
    duty = duty_of(first)
    sent_by(cast.carl, duty, NOW)
    NoticeDuty.objects.filter(pk=duty.pk).update(met_at=NOW)
    merge(actor=cast.carl, incident=first, into=second, why="One.", now=NOW)
    assert duty_of(second).met_at == NOW
    assert clock(second, Recipient.AMAZON) is None
