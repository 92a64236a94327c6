"""One click stops what goes on, says before what it does, and is taken back."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils import timezone

from compliance.incidents.casework import Decision, NoticeDuty, RunbookStep
from compliance.incidents.containment.actions import ACTIONS, BY_NAME
from compliance.incidents.containment.models import Measure
from compliance.incidents.containment.services import (
    contain,
    keep,
    log_is_held_since,
    unanswered,
    undo,
)
from compliance.incidents.models import Incident
from compliance.incidents.services import (
    IncidentRefused,
    advance,
    ask_decision,
    bar,
)
from marketplaces import connecting, shelf
from marketplaces.contract import Credentials
from marketplaces.models import Connection
from marketplaces.sync.rounds import live_connections
from plugseller.accounts.models import ApiToken, User
from plugseller.accounts.services import make_token
from plugseller.audit.models import Entry
from tests.compliance.incidents.cases import opened
from tests.conftest import Cast, enter, signed_in

pytestmark = pytest.mark.django_db
ACCESS = Incident.Kind.ACCESS


@pytest.fixture
def case(cast: Cast, clara: User) -> Incident:
    return opened(cast.carl, timezone.now(), kind=ACCESS)


def done(cast: Cast, case: Incident, name: str, typed: str) -> Measure:
    action, now = BY_NAME[name], timezone.now()
    target = action.found(typed)
    assert action.says(target, now)
    return contain(
        actor=cast.carl, incident=case, action=action, target=target, now=now
    )


def account(cast: Cast) -> Connection:
    return Connection.unfenced.create(
        seller=cast.north, marketplace="amazon", region="eu", account_id="A1"
    )


def connected(cast: Cast, name: str) -> Connection:
    """As after the seller's consent at Walmart, or once more."""
    adapter = shelf.adapter("walmart")
    return connecting.keep(
        actor=None,
        seller=getattr(cast, name),
        adapter=adapter,
        region=adapter.regions[0],
        credentials=Credentials(account_id=f"of {name}"),
        features=[],
        way="secrets",
        now=timezone.now(),
    )


def ticked(case: Incident, key: str) -> bool:
    return RunbookStep.objects.filter(
        incident=case, key=key, done_at__isnull=False, is_automatic=True
    ).exists()


def test_a_suspended_user_is_out_at_once_and_comes_back(
    cast: Cast, case: Incident
) -> None:
    client = Client()
    enter(client, cast.alice.email)
    assert client.get("/s/north/orders").status_code == 200
    measure = done(cast, case, "suspend-person", cast.alice.email)
    assert measure.counts["sessions"] == 1
    assert client.get("/s/north/orders").status_code == 302
    assert ticked(case, "suspend")
    assert signed_in(cast.alice).get("/s/north/orders").status_code == 302
    undo(actor=cast.carl, measure=measure, now=timezone.now())
    assert signed_in(cast.alice).get("/s/north/orders").status_code == 200
    steps = case.timeline.filter(what__in=("contained by", "containment undone"))
    assert {step.details["target"] for step in steps} == {str(cast.alice.pk)}
    assert steps.count() == 2


def test_nothing_is_done_twice(cast: Cast, case: Incident) -> None:
    done(cast, case, "suspend-person", cast.bob.email)
    for typed in (cast.bob.email, str(cast.bob.pk)):
        with pytest.raises(IncidentRefused, match="already"):
            done(cast, case, "suspend-person", typed)
    assert Measure.objects.count() == 1
    assert Entry.objects.filter(event="person.suspended").count() == 1


def test_officers_cannot_suspend_each_other_until_nobody_is_left(
    cast: Cast, case: Incident, clara: User
) -> None:
    with pytest.raises(IncidentRefused, match="yourself"):
        done(cast, case, "suspend-person", cast.carl.email)
    done(cast, case, "suspend-person", clara.email)
    action = BY_NAME["suspend-person"]
    with pytest.raises(PermissionDenied):
        contain(
            actor=clara,
            incident=case,
            action=action,
            target=str(cast.carl.pk),
            now=timezone.now(),
        )
    assert User.objects.get(pk=cast.carl.pk).is_active


def test_a_paused_seller_is_read_but_not_fetched(cast: Cast, case: Incident) -> None:
    theirs = account(cast)
    assert theirs in live_connections()
    measure = done(cast, case, "pause-seller", "north")
    assert measure.counts == {"connections": 1}
    assert theirs not in live_connections()
    assert signed_in(cast.alice).get("/s/north/orders").status_code == 200
    undo(actor=cast.carl, measure=measure, now=timezone.now())
    assert theirs in live_connections()


def test_an_account_that_is_connected_meanwhile_is_paused_as_well(
    cast: Cast, case: Incident
) -> None:
    measure = done(cast, case, "pause-seller", "north")
    assert measure.counts == {"connections": 0}
    new, theirs = (connected(cast, name) for name in ("north", "south"))
    assert new.paused_at == measure.begun_at
    assert new not in live_connections()
    assert theirs in live_connections()
    undo(actor=cast.carl, measure=measure, now=timezone.now())
    assert new in live_connections()
    assert connected(cast, "north").paused_at is None


def test_what_two_incidents_stop_takes_both_to_go_on(
    cast: Cast, case: Incident
) -> None:
    theirs = account(cast)
    other = opened(cast.carl, timezone.now())
    first = done(cast, case, "pause-seller", "north")
    second = done(cast, other, "pause-seller", "north")
    undo(actor=cast.carl, measure=first, now=timezone.now())
    assert theirs not in live_connections()
    undo(actor=cast.carl, measure=second, now=timezone.now())
    assert theirs in live_connections()


def test_no_file_leaves_a_seller_whose_exports_are_stopped(
    cast: Cast, case: Incident
) -> None:
    client = signed_in(cast.alice)
    pages = ("/s/north/orders.csv", "/s/north/activity.csv")
    before = [client.get(page).status_code for page in pages]
    measure = done(cast, case, "stop-exports", "north")
    assert [client.get(page).status_code for page in pages] == [403, 403]
    assert client.get("/s/north/orders").status_code == 200
    undo(actor=cast.carl, measure=measure, now=timezone.now())
    assert [client.get(page).status_code for page in pages] == before == [200, 200]


def test_keys_and_connections_end_for_good(cast: Cast, case: Incident) -> None:
    now = timezone.now()
    for label in ("One", "Two"):
        make_token(
            actor=cast.alice,
            seller=cast.north,
            kind="personal",
            label=label,
            permissions=["view_orders"],
            now=now,
        )
    measure = done(cast, case, "revoke-seller-keys", "north")
    assert measure.counts == {"keys": 2}
    assert not ApiToken.objects.filter(revoked_at=None).exists()
    with pytest.raises(IncidentRefused, match="no key"):
        done(cast, case, "revoke-keys", cast.alice.email)
    with pytest.raises(IncidentRefused, match="can't be undone"):
        undo(actor=cast.carl, measure=measure, now=now)
    theirs = account(cast)
    done(cast, case, "revoke-connection", str(theirs.pk))
    theirs.refresh_from_db()
    assert theirs.status == Connection.Status.DISCONNECTED
    with pytest.raises(IncidentRefused, match="already"):
        done(cast, case, "revoke-connection", str(theirs.pk))


def test_sessions_end(cast: Cast, case: Incident) -> None:
    enter(Client(), cast.bob.email)
    assert done(cast, case, "end-sessions", cast.bob.email).counts == {"sessions": 1}
    with pytest.raises(IncidentRefused, match="no session"):
        done(cast, case, "end-sessions", cast.bob.email)


def test_a_secret_that_cannot_be_asked_for_leaves_a_trace_and_no_measure(
    cast: Cast, case: Incident
) -> None:
    with pytest.raises(IncidentRefused):
        done(cast, case, "rotate-secret", "walmart")
    assert not Measure.objects.get().stands
    assert not case.timeline.filter(what="contained by").exists()


def test_a_held_log_is_not_pruned(cast: Cast, case: Incident) -> None:
    from plugseller.audit import pruning
    from plugseller.audit.checkpoints import sign_checkpoint

    long_ago = timezone.now() - timedelta(days=900)
    sign_checkpoint(long_ago)
    assert pruning.due(timezone.now() - timedelta(days=740))
    Incident.objects.filter(pk=case.pk).update(detected_at=long_ago)
    measure = done(cast, case, "hold-log", "")
    assert log_is_held_since() == long_ago - timedelta(days=30)
    assert not pruning.due(timezone.now() - timedelta(days=740))
    undo(actor=cast.carl, measure=measure, now=timezone.now())
    assert pruning.due(timezone.now() - timedelta(days=740))


def test_the_accused_stops_nothing_and_a_drill_stops_nothing_real(
    cast: Cast, case: Incident, clara: User
) -> None:
    case.barred = [str(clara.pk)]
    case.save()
    target = str(cast.bob.pk)
    given: Any = {"action": BY_NAME["suspend-person"], "target": target}
    for who in (clara, cast.olga):
        with pytest.raises(PermissionDenied):
            contain(actor=who, incident=case, now=timezone.now(), **given)
    drill = opened(cast.carl, timezone.now(), is_drill=True)
    with pytest.raises(IncidentRefused, match="drill"):
        contain(actor=cast.carl, incident=drill, now=timezone.now(), **given)
    assert User.objects.get(pk=cast.bob.pk).is_active


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_what_is_not_there_is_said(action: Any, cast: Cast) -> None:
    assert action.label
    assert action.after
    if action.name != "hold-log":
        with pytest.raises(IncidentRefused):
            action.found("nobody@example.test")


def test_what_is_stopped_and_let_go_on_is_logged_below(
    cast: Cast, case: Incident
) -> None:
    account(cast)
    for name, typed in (
        ("suspend-person", cast.bob.email),
        ("pause-seller", "north"),
        ("stop-exports", "north"),
    ):
        measure = done(cast, case, name, typed)
        undo(actor=cast.carl, measure=measure, now=timezone.now())
    logged = set(Entry.objects.filter(actor=cast.carl).values_list("event", flat=True))
    assert logged >= {
        *("incident.step", "person.suspended", "person.restored"),
        *("connection.paused", "connection.resumed"),
        *("seller.exports_stopped", "seller.exports_allowed"),
    }


def test_a_case_ends_only_when_what_it_stopped_is_answered(
    cast: Cast, case: Incident, clara: User
) -> None:
    """Taken back, or said to stay, with the reason; opened again it is asked anew."""
    suspended = done(cast, case, "suspend-person", cast.bob.email)
    paused = done(cast, case, "pause-seller", "north")
    now = timezone.now()
    Incident.objects.filter(pk=case.pk).update(status=Incident.Status.REVIEWED)
    NoticeDuty.objects.filter(incident=case).update(is_needed=False)
    case.refresh_from_db()

    def close() -> None:
        closed = Incident.Status.CLOSED
        advance(actor=cast.carl, incident=case, status=closed, now=timezone.now())

    with pytest.raises(IncidentRefused, match=r"Still stopped: .*, .*take each back"):
        close()
    undo(actor=cast.carl, measure=suspended, now=now)
    with pytest.raises(IncidentRefused, match="Still stopped"):
        close()
    with pytest.raises(IncidentRefused, match="Write why"):
        keep(actor=cast.carl, measure=paused, why=" ", now=now)
    client = signed_in(cast.carl)
    home = f"/admin/compliance/incident/{case.pk}/"
    page = client.get(home + f"verbs/keep/?measure={paused.pk}")
    assert str(paused.pk) in page.text
    given = {"measure": str(paused.pk), "why": "Until its owner answers."}
    assert client.post(home + "verbs/keep/", given).status_code == 302
    close()
    assert "as carl@example.test confirmed" in client.get(home + "change/").text
    [noted] = case.timeline.filter(what="containment stays")
    assert noted.text
    assert noted.text.reveal() == "Until its owner answers."
    later = timezone.now()
    advance(actor=cast.carl, incident=case, status=Incident.Status.TRIAGED, now=later)
    later = timezone.now()
    assert [one.pk for one in unanswered(case)] == [paused.pk]
    keep(actor=clara, measure=paused, why="Still.", now=later)
    assert unanswered(case) == []
    undo(actor=clara, measure=paused, now=later)
    with pytest.raises(IncidentRefused, match="already"):
        keep(actor=clara, measure=paused, why="Late.", now=later)


def test_no_case_is_dismissed_while_somebody_is_suspended_for_it(
    cast: Cast, case: Incident
) -> None:
    measure = done(cast, case, "suspend-person", cast.bob.email)
    now = timezone.now()
    what = Decision.What.DISMISS
    with pytest.raises(IncidentRefused, match="Still stopped"):
        ask_decision(actor=cast.carl, incident=case, what=what, why="No.", now=now)
    undo(actor=cast.carl, measure=measure, now=now)
    ask_decision(actor=cast.carl, incident=case, what=what, why="No.", now=now)


def test_who_is_barred_keeps_nothing(cast: Cast, case: Incident, clara: User) -> None:
    measure = done(cast, case, "suspend-person", cast.bob.email)
    bar(actor=cast.carl, incident=case, person=clara, why="So.", now=timezone.now())
    with pytest.raises(PermissionDenied):
        keep(actor=clara, measure=measure, why="Mine.", now=timezone.now())
