"""The tables of transitions: every pair, as it is meant to be and no other.

Each is written down once more here, apart from the code.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from compliance.incidents.casework import Decision, NoticeDuty, Sending
from compliance.incidents.models import Incident
from compliance.incidents.services import (
    IncidentRefused,
    advance,
    ask_decision,
    note_bounced,
    note_delivered,
    note_sent_otherwise,
    refuse,
    sign,
)
from compliance.incidents.services.outcomes import follow_mails
from compliance.incidents.states import WAYS, Status, move
from plugseller.accounts.models import User
from plugseller.jobs.models import OutgoingMail
from tests.compliance.incidents.cases import duty_of, opened, sent_by
from tests.conftest import NOW, Cast, signed_in

pytestmark = pytest.mark.django_db

ALLOWED = {
    ("detected", "triaged"),
    ("detected", "dismissed"),
    ("detected", "merged"),
    ("triaged", "contained"),
    ("triaged", "dismissed"),
    ("triaged", "merged"),
    ("contained", "eradicated"),
    ("contained", "triaged"),
    ("contained", "merged"),
    ("eradicated", "recovered"),
    ("eradicated", "contained"),
    ("recovered", "reviewed"),
    ("recovered", "eradicated"),
    ("reviewed", "closed"),
    ("reviewed", "recovered"),
    ("closed", "triaged"),
    ("dismissed", "triaged"),
    ("merged", "triaged"),
}
TAKES_TWO = {"dismissed", "merged"}  # or another service, which has tests of its own


def pairs_that_go(
    incident: Incident, step: Callable[[Status], object]
) -> set[tuple[str, str]]:
    """From each state to each; one that is refused leaves it where it was."""
    went = set()
    for begins, ends in product(Status, Status):
        ended = NOW if begins in Incident.ENDED else None
        Incident.objects.filter(pk=incident.pk).update(status=begins, ended_at=ended)
        incident.refresh_from_db()
        with suppress(IncidentRefused):
            step(ends)
            went.add((begins.value, ends.value))
        stands = Incident.objects.get(pk=incident.pk)
        moved = (begins.value, ends.value) in went
        assert stands.status == (ends if moved else begins)
        if not moved:
            assert stands.ended_at == ended
    return went


def test_an_incident_goes_the_ways_of_the_table_and_no_other(cast: Cast) -> None:
    incident = opened(cast.carl, NOW)
    assert pairs_that_go(incident, lambda ends: move(incident, ends)) == ALLOWED
    assert set(WAYS) == set(Status)


def test_one_officer_goes_them_and_never_those_that_take_two(cast: Cast) -> None:
    incident = opened(cast.carl, NOW)
    NoticeDuty.objects.filter(incident=incident).update(met_at=NOW)

    def step(ends: Status) -> None:
        advance(actor=cast.carl, incident=incident, status=ends, now=NOW)
        assert (incident.ended_at is not None) == (ends == Status.CLOSED)

    alone = {(begins, ends) for begins, ends in ALLOWED if ends not in TAKES_TWO}
    assert pairs_that_go(incident, step) == alone


def test_a_copy_that_is_out_of_date_moves_nothing(cast: Cast) -> None:
    incident = opened(cast.carl, NOW)
    old = Incident.objects.get(pk=incident.pk)
    move(incident, Status.TRIAGED)
    with pytest.raises(IncidentRefused, match="just now"):
        move(old, Status.DISMISSED)


# What becomes of a copy on its way, by what happens: anything else leaves it as it is.
BECOMES = {
    ("queued", "a server took it"): "accepted",
    ("queued", "it is given up"): "bounced",
    ("queued", "a bounce is recorded"): "bounced",
    ("queued", "it was sent otherwise"): "superseded",
    ("accepted", "a bounce is recorded"): "bounced",
    ("accepted", "its arrival is proved"): "delivered",
}
SAID_BY_OFFICERS = {"a bounce is recorded", "its arrival is proved"}  # or refused
HAPPENS = sorted({what for _, what in BECOMES})


def let_happen(what: str, sending: Sending, officer: User) -> None:
    mail = OutgoingMail.objects.filter(message_id=sending.message_id)
    told: dict[str, Any] = {"actor": officer, "now": NOW}
    if what == "a server took it":
        mail.update(state="accepted", done_at=NOW, answer="250 OK")
        follow_mails(NOW)
    elif what == "it is given up":
        mail.update(state="failed", done_at=NOW, trouble="SMTPDataError")
        follow_mails(NOW)
    elif what == "a bounce is recorded":
        note_bounced(sending=sending, why="A bounce.", **told)
    elif what == "its arrival is proved":
        note_delivered(sending=sending, at=NOW, proof="An answer.", **told)
    else:
        duty = sending.notice.duty
        note_sent_otherwise(duty=duty, at=NOW, proof="By the form.", **told)


@pytest.mark.parametrize("what", HAPPENS)
def test_a_copy_on_its_way_becomes_only_what_its_table_says(
    cast: Cast, what: str
) -> None:
    for begins in Sending.State.values:
        duty = duty_of(opened(cast.carl, NOW))
        sending = sent_by(cast.carl, duty, NOW).sendings.get()
        Sending.objects.filter(pk=sending.pk).update(state=begins)
        sending.refresh_from_db()
        if what in SAID_BY_OFFICERS and (begins, what) not in BECOMES:
            with pytest.raises(IncidentRefused):
                let_happen(what, sending, cast.carl)
        else:
            let_happen(what, sending, cast.carl)
        sending.refresh_from_db()
        assert sending.state == BECOMES.get((begins, what), begins), begins


ENDS = ("signed", "refused")
DECIDES = {"signed": sign, "refused": refuse}


def stands(decision: Decision) -> str:
    now = Decision.objects.get(pk=decision.pk)
    if now.refused_at:
        return "refused"
    return "signed" if now.signed_at else "waiting"


@pytest.mark.parametrize("what", Decision.What)
def test_a_decision_ends_once_and_stays_as_it_ended(
    cast: Cast, clara: User, what: Decision.What
) -> None:
    for first, then in product(ENDS, ENDS):
        incident = opened(cast.carl, NOW)
        decision = ask_decision(
            actor=cast.carl, incident=incident, what=what, why="So.", now=NOW
        )
        assert stands(decision) == "waiting"
        DECIDES[first](actor=clara, decision=decision, now=NOW)
        with pytest.raises(IncidentRefused, match="any more"):
            DECIDES[then](actor=clara, decision=decision, now=NOW)
        assert stands(decision) == first


@pytest.mark.parametrize("what", Decision.What)
def test_what_is_refused_changes_nothing_and_can_be_asked_again(
    cast: Cast, clara: User, what: Decision.What
) -> None:
    incident = opened(cast.carl, NOW)
    asked: dict[str, Any] = {"incident": incident, "what": what, "why": "So."}
    decision = ask_decision(actor=cast.carl, now=NOW, **asked)
    before = Incident.objects.values().get(pk=incident.pk)
    refuse(actor=clara, decision=decision, now=NOW + timedelta(hours=1))
    assert Incident.objects.values().get(pk=incident.pk) == before
    assert duty_of(incident).is_open
    decision.refresh_from_db()
    assert (decision.refused_by, decision.signed_by) == (clara.pk, None)
    entry = incident.timeline.get(what="refused")
    assert (entry.actor_id, entry.details["decision"]) == (clara.pk, what)
    again = ask_decision(actor=cast.carl, now=NOW + timedelta(hours=1), **asked)
    refuse(actor=cast.carl, decision=again, now=NOW + timedelta(hours=1))  # taken back
    assert stands(again) == "refused"


def test_an_officer_refuses_it_at_the_desk(cast: Cast, clara: User) -> None:
    incident = opened(cast.carl, NOW)
    decision = ask_decision(
        actor=cast.carl,
        incident=incident,
        what=Decision.What.NO_NOTICE,
        why="So.",
        now=NOW,
    )
    desk = f"/admin/compliance/incident/{incident.pk}"
    clara_s = signed_in(clara)
    at = f"{desk}/decisions/{decision.pk}/refuse/"
    assert at in clara_s.get(f"{desk}/change/").text
    assert clara_s.post(at).status_code == 302
    assert stands(decision) == "refused"
    assert at not in clara_s.get(f"{desk}/change/").text
    assert duty_of(incident).is_open
