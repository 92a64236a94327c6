"""Every button of containment, pressed at the desk: it says before what it does, does
that, ticks the runbook, stands on the timeline, and is taken back or says why not."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from compliance.incidents.casework import RunbookStep
from compliance.incidents.containment.actions import ACTIONS, BY_NAME
from compliance.incidents.containment.models import Measure
from compliance.incidents.containment.services import log_is_held_since
from compliance.incidents.models import Incident
from compliance.incidents.runbooks import RUNBOOKS
from marketplaces.models import Connection, SecretRotation
from marketplaces.sync.rounds import live_connections
from plugseller.accounts.models import ApiToken, User
from plugseller.accounts.services import make_token
from plugseller.accounts.sessions import sessions_of
from plugseller.jobs.models import OutgoingMail
from tests.compliance.incidents.cases import opened
from tests.conftest import Cast, enter, signed_in
from tests.marketplaces.conftest import Simulators

pytestmark = pytest.mark.django_db
Kind = Incident.Kind


@dataclass(frozen=True)
class World:
    """What there is to stop: Alice's session and keys, North's Amazon account."""

    cast: Cast
    account: Connection

    @property
    def alice(self) -> User:
        return User.objects.get(pk=self.cast.alice.pk)

    def keys(self) -> int:
        """North's that work."""
        now = timezone.now()
        return ApiToken.objects.filter(revoked_at=None, expiry__gt=now).count()

    def exports(self) -> int:
        return signed_in(self.cast.alice).get("/s/north/orders.csv").status_code


@pytest.fixture
def world(cast: Cast, simulators: Simulators) -> World:
    """Two keys of Alice's work, a third has ended; nothing of South's is touched."""
    simulators(clock=timezone.now)
    enter(Client(), cast.alice.email)
    now = timezone.now()
    for label, made in (("One", now), ("Two", now), ("Old", now - timedelta(days=9))):
        make_token(
            actor=cast.alice,
            seller=cast.north,
            kind="personal",
            label=label,
            permissions=["view_orders"],
            days=7,
            now=made,
        )
    accounts = [
        Connection.unfenced.create(
            seller=seller, marketplace="amazon", region="eu", account_id=seller.slug
        )
        for seller in (cast.north, cast.south)
    ]
    return World(cast, accounts[0])


@dataclass(frozen=True)
class Pressed:
    """A button, what is typed beside it, and what comes of that."""

    kind: Incident.Kind  # of the case, for its runbook
    types: Callable[[World], str]
    target: Callable[[World], str]
    says: str  # with the figures of this world
    counts: dict[str, Any]  # on the timeline
    ticks: set[str]
    stopped: Callable[[World], object]  # once it is done, and not before
    undone: dict[str, Any] = field(default_factory=dict)  # counts of taking it back


def _alice(world: World) -> str:
    return str(world.cast.alice.pk)


def _north(world: World) -> str:
    return str(world.cast.north.pk)


def _is_fetched(world: World) -> bool:
    return world.account in live_connections()


PRESSED = {
    "revoke-connection": Pressed(
        Kind.SUPPLIER,
        lambda w: str(w.account.pk),
        lambda w: str(w.account.pk),
        "The amazon account of north is disconnected. Its credentials are destroyed "
        "here, a sync under way ends, and its owners get a mail. What was fetched "
        "stays.",
        {"connections": 1},
        {"revoke"},
        lambda w: not _is_fetched(w),
    ),
    "rotate-secret": Pressed(
        Kind.CREDENTIAL_LEAK,
        lambda w: "Amazon",
        lambda w: "amazon",
        "Amazon is asked for a new secret of our app. The old one works for some days "
        "more, as the marketplace has it; no seller has to do anything.",
        {},
        {"rotate"},
        lambda w: SecretRotation.objects.filter(
            state=SecretRotation.State.ACCEPTED, asked_by=w.cast.carl.pk
        ),
    ),
    "suspend-person": Pressed(
        Kind.ACCESS,
        lambda w: "ALICE@example.test",
        _alice,
        "They can't sign in any more; 1 session(s) end and 2 API key(s) stop working. "
        "Roles, keys and second factors stay as they are.",
        {"sessions": 1},
        {"suspend", "sessions"},
        lambda w: not w.alice.is_active,
        {"people": 1},
    ),
    "end-sessions": Pressed(
        Kind.LOST_DEVICE,
        lambda w: w.cast.alice.email,
        _alice,
        "1 session(s) end at once. They can sign in again.",
        {"sessions": 1},
        {"sessions"},
        lambda w: not sessions_of(w.alice),
    ),
    "revoke-keys": Pressed(
        Kind.ACCESS,
        lambda w: w.cast.alice.email,
        _alice,
        "2 API key(s) of theirs end for good; a mail for each goes to them.",
        {"keys": 2},
        {"tokens"},
        lambda w: not w.keys(),
    ),
    "revoke-seller-keys": Pressed(
        Kind.ACCESS,
        lambda w: "north",
        _north,
        "2 API key(s) at this seller end for good; their owners get mails.",
        {"keys": 2},
        {"tokens"},
        lambda w: not w.keys(),
    ),
    "pause-seller": Pressed(
        Kind.EXPOSURE,
        lambda w: "north",
        _north,
        "1 connected account(s) of this seller aren't fetched any more, and a sync "
        "under way ends; nor is one that is connected meanwhile. Nothing is deleted, "
        "and what was fetched is shown as before.",
        {"connections": 1},
        {"freeze"},
        lambda w: not _is_fetched(w),
        {"connections": 1},
    ),
    "stop-exports": Pressed(
        Kind.EXPOSURE,
        lambda w: "north",
        _north,
        "None of the seller's 2 people can take a file of its data along. One that is "
        "being made waits; one that is ready can be fetched afterwards, if its day "
        "isn't over by then. The data is shown on the screen as before.",
        {"sellers": 1},
        {"close"},
        lambda w: w.exports() == 403,
        {"sellers": 1},
    ),
    "hold-log": Pressed(
        Kind.UNKNOWN,
        lambda w: "",
        lambda w: "audit log",
        "Audit entries since thirty days before the detection, or since the time whose "
        "affected sellers were computed, aren't removed while the hold stands, however "
        "old they become.",
        {},
        set(),
        lambda w: log_is_held_since(),
    ),
}


def test_every_button_is_pressed_here() -> None:
    assert PRESSED.keys() == BY_NAME.keys()


def test_every_tick_is_a_step_of_some_runbook() -> None:
    steps = {step.key for runbook in RUNBOOKS.values() for step in runbook}
    assert {tick for action in ACTIONS for tick in action.ticks} <= steps


@pytest.mark.parametrize("name", PRESSED)
def test_what_is_said_is_what_is_done_noted_and_taken_back(
    world: World, name: str
) -> None:
    told, action, carl = PRESSED[name], BY_NAME[name], world.cast.carl
    case = opened(carl, timezone.now(), kind=told.kind)
    officer = signed_in(carl)
    home = f"/admin/compliance/incident/{case.pk}/"
    given = {"action": name, "target": told.types(world)}

    preview = officer.get(home + "verbs/contain/", given).text
    assert escape(told.says) in preview
    assert escape(action.after) in preview
    assert not told.stopped(world)
    assert not Measure.objects.exists()
    assert _noted(case, "contained by") == []

    mails = OutgoingMail.objects.count()
    answer = officer.post(home + "verbs/contain/", given)
    assert answer["Location"] == home + "change/"
    assert told.stopped(world)
    measure = Measure.objects.get()
    assert measure.begun_by == carl.pk
    [noted] = _noted(case, "contained by")
    assert noted.items() >= told.counts.items()
    assert (noted["action"], noted["target"]) == (name, told.target(world))
    if told.counts.get("keys"):  # a mail for each was said
        assert OutgoingMail.objects.count() == mails + told.counts["keys"]
    ticked = RunbookStep.objects.filter(incident=case).exclude(done_at=None)
    assert set(ticked.values_list("key", flat=True)) == told.ticks
    for step in ticked:
        assert (step.is_automatic, step.done_by) == (True, carl.pk)
    assert {one["step"] for one in _noted(case, "step done")} == told.ticks
    assert live_connections().filter(seller=world.cast.south).exists()
    assert escape(action.label) in officer.get(home + "change/").text

    officer.post(home + "verbs/undo/", {"measure": str(measure.pk)})
    measure.refresh_from_db()
    undone = _noted(case, "containment undone")
    page = officer.get(home + "change/").text
    if action.undo is None:
        assert told.stopped(world)
        assert undone == []
        assert escape(action.after) in page
        return
    assert not told.stopped(world)
    about = {"action": name, "target": told.target(world)}
    assert undone == [about | told.undone]
    assert measure.ended_by == carl.pk
    assert "undone" in page


def _noted(case: Incident, what: str) -> list[dict[str, Any]]:
    return [step.details for step in case.timeline.filter(what=what)]


def test_a_secret_that_cannot_be_asked_for_says_so_before(
    world: World, settings: Any
) -> None:
    case = opened(world.cast.carl, timezone.now(), kind=Kind.CREDENTIAL_LEAK)
    page = f"/admin/compliance/incident/{case.pk}/verbs/contain/"
    given = {"action": "rotate-secret", "target": "walmart"}
    officer = signed_in(world.cast.carl)
    assert escape("Walmart can't be asked now.") in officer.get(page, given).text
    assert officer.post(page, given).status_code == 400
    assert _noted(case, "contained by") == []
    step = RunbookStep.objects.get(incident=case, key="rotate")
    assert step.done_at is None
