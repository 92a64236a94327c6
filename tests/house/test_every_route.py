"""Each address x everybody x each method gives what the written matrix says (ACC-1)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import resolve, reverse
from django.utils import timezone
from django_q.models import Task

from compliance.deletion.certificates import issue
from compliance.deletion.models import Certificate
from compliance.deletion.services import ask_hold
from compliance.governance.policies.services import register_versions
from compliance.governance.reviews.services import begin
from compliance.governance.training.services import record_training
from compliance.incidents.casework import (
    Decision,
    Notice,
    NoticeDuty,
    RunbookStep,
    Sending,
)
from compliance.incidents.sections import VERBS, verb
from compliance.incidents.services import ask_decision
from compliance.models import ControlResult, DeletionRequest, Purge, Review, Training
from compliance.questions.services import ask_question
from compliance.tasks import Task as Errand
from compliance.tasks import open_task
from marketplaces.models import DataExport, Price, Stock
from plugseller.accounts.enrolling import enrolling
from plugseller.accounts.models import (
    ApiToken,
    Grant,
    Invitation,
    Lockout,
    Membership,
    User,
)
from plugseller.accounts.roles import GRANTABLE, Permission, Role, StaffRole
from plugseller.accounts.services import join, make_token
from plugseller.custody.models import Backup, Replay
from plugseller.jobs.models import Beat, Run
from tests.compliance.deletion.asked import by_letter
from tests.compliance.governance.governed import a_risk, a_supplier
from tests.compliance.incidents import cases
from tests.conftest import person, signed_in
from tests.house.matrix import ROUTES, Answer, Rule, Who
from tests.house.routes import SHADOWED, UNNAMED, Things, address_of, routes
from tests.marketplaces.console.conftest import World

DOOR = "the desk's door"  # shows the sign-in to strangers, 403 to who has no desk
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
ONE_OF = 3  # each third person sends what an address doesn't take, others elsewhere
FOUND = routes()
CHUNKS = [tuple(ROUTES)[start : start + 12] for start in range(0, len(ROUTES), 12)]
FORMS = {
    "orders": "on=no",
    "sessions": "end=others",
}  # what a form needs to be a form, by an address' last word


@dataclass(frozen=True)
class Round:
    """Everybody's browser, and what the addresses are about."""

    clients: Mapping[Who, Client]
    things: Things


@pytest.fixture
def everybody(world: World) -> Round:
    """A browser of each of them, and something of each kind at North."""
    cast, north = world.cast, world.cast.north
    people = _people(world)
    for someone in people.values():
        with enrolling(someone):
            RecoveryCodes.activate(someone)
    clients = {who: signed_in(someone) for who, someone in people.items()}
    granted = _granted(world, people[Who.GRANTED], hours_ago=1)
    _granted(world, people[Who.ENDED], hours_ago=3)
    for ended_well in (True, False):
        Task.objects.create(
            id=uuid4().hex,
            name="tick",
            func="plugseller.jobs.jobs.tick",
            started=timezone.now(),
            stopped=timezone.now(),
            success=ended_well,
        )
    now = timezone.now()
    # The timetable is at work: else it is late three minutes after the tests began.
    Beat.objects.update(tried_at=now, ran_at=now)
    Run.objects.create(name="mail.send", started_at=now, beat_at=now, fence=1)
    ControlResult.objects.create(name="x", promise="x", verdict="pass", at=now, took=0)
    Purge.objects.create(holding="x", rule="orders", began_at=now, ended_at=now)
    Backup.objects.create(made_at=now, expires_at=now)
    Replay.objects.create(began_at=now, first=0, done=0, last=1)
    things = {
        "slug": north.slug,
        "connection": world.north.pk,
        "number": "111-NORTHERN",
        "market": "ATVPDKIKX0DER",
        "sku": "SKU-NORTHERN",
        "kind": Price.objects.of_seller(north).latest("pk").kind,
        "location": Stock.objects.of_seller(north).latest("pk").location,
        "marketplace": "amazon",
        "region": "na",
        "feature": "orders",
        "run_id": world.run.pk,
        "app_label": "accounts",
        "content_type_id": 0,
        "object_id": 0,
        "rest": "nothing",
        "key": "x" * 43,
        "invitation": _invited(world, cast.charlie.email),
        "invitation_take_back invitation": _invited(world, "zoe@example.test"),
        "member": Membership.objects.get(seller=north, user=cast.bob).pk,
        "person": cast.bob.pk,
        "export": _export(world),
        "reference": _over(world),
        "rule": "orders",
        "name": "con-1.contact",
        "grant": granted.pk,
        "token": _token(world),
        "mfa_edit_webauthn pk": lambda: _key(cast.alice),
        "mfa_remove_webauthn pk": lambda: _key(cast.alice),
        "admin:reset_factors pk": cast.bob.pk,
        "admin:lift_lockout pk": _lockout(),
        **_deletion(world),
        **_review(now),
        **_governance(world),
        **_incident(world),
        "returned_notice notice_id": lambda: _came_back(world),
        "pk": granted.pk,
        "subject": lambda: _token(world),
        "verb": "revoke",
    }
    Authenticator.objects.filter(user=people[Who.NEW]).delete()
    User.objects.filter(pk=people[Who.GONE].pk).update(is_active=False)
    return Round({**clients, Who.ANONYMOUS: Client()}, things)


def _deletion(world: World) -> dict[str, Any]:
    """A request that somebody wrote, with a hold, and a step that needs a reason."""
    now = timezone.now()
    request = by_letter(world.cast.carl, now=now)
    hold = ask_hold(
        actor=world.cast.carl,
        request=request,
        reason="A court asks.",
        legal_basis="Art. 17(3) GDPR",
        ends_at=now + timedelta(days=9),
        now=now,
    )
    certificate = Certificate.objects.create(
        request=request, body={}, signature="", key_id="1", issued_at=now
    )
    place = "admin:compliance_deletionrequest"
    return {
        f"{place}_requester pk": request.pk,
        f"{place}_step pk": request.pk,
        f"{place}_step step": "reject",
        f"{place}_certificate pk": certificate.request_id,
        f"{place}_hold pk": hold.pk,
        f"{place}_hold step": "approve",
    }


def _review(now: datetime) -> dict[str, Any]:
    """A review of ours that is under way."""
    review = begin(Review.Kind.PLAN, last=now - timedelta(days=168), now=now)
    assert review is not None
    place = "admin:compliance_review"
    return {f"{place}_{step} pk": review.pk for step in ("decide", "keep", "sign")}


def _governance(world: World) -> dict[str, Any]:
    """A version in force, a training, a risk and a supplier."""
    now, carl = timezone.now(), world.cast.carl
    register_versions(now)
    record_training(
        actor=carl,
        person=world.cast.olga,
        course=Training.Course.DATA_PROTECTION,
        taken_on=now.date(),
        evidence="Held by Carl.",
        now=now,
    )
    risk, supplier = a_risk(carl, now=now), a_supplier(carl, now=now)
    return {
        f"admin:compliance_{kind}_{step} pk": row.pk
        for kind, row in (("risk", risk), ("supplier", supplier))
        for step in ("review", "close")
    }


def _came_back(world: World) -> UUID:
    """A notice to North of which the mail came back."""
    now, whole = timezone.now(), cases.opened(world.cast.carl, timezone.now())
    duty = cases.duty_of(whole, NoticeDuty.Recipient.SELLERS)
    notice = Notice.objects.create(
        duty=duty,
        kind=Notice.Kind.INITIAL,
        seller_id=world.cast.north.pk,
        number=1,
        content={"subject": "A notice", "text": "It happened."},
        seal_id=whole.pk,
        drafted_at=now,
        sent_at=now,
        sha256="0" * 64,
    )
    Sending.objects.create(
        notice=notice,
        person_id=world.cast.alice.pk,
        way=1,
        address=world.cast.alice.email,
        seal_id=whole.pk,
        is_real=True,
        state=Sending.State.BOUNCED,
        queued_at=now,
    )
    return notice.pk


def _incident(world: World) -> dict[str, Any]:
    """A case with a notice that was sent, a decision that waits, and a task."""
    carl, now = world.cast.carl, timezone.now()
    case = cases.opened(carl, now)
    duty = cases.duty_of(case)
    notice = cases.sent_by(carl, duty, now)
    what = Decision.What.NOT_AMAZON
    asked = ask_decision(actor=carl, incident=case, what=what, why="W.", now=now)
    task = open_task(
        actor=carl,
        source=Errand.Source.INCIDENT,
        subject_id=case.pk,
        title="Look",
        due_at=now + timedelta(days=1),
        now=now,
    )
    place = "admin:compliance_incident"
    pages = ("step", "words", "decision", "runbook", "notice", "sent", "sending")
    return {
        **{f"{place}_{page} pk": case.pk for page in (*pages, "verb")},
        f"{place}_step step": "lead",
        f"{place}_decision step": "refuse",
        f"{place}_runbook step": "tick",
        f"{place}_notice step": "edit",
        f"{place}_sending step": "bounced",
        f"{place}_verb verb": _verb(),
        "decision": asked.pk,
        "step_id": RunbookStep.objects.filter(incident=case, done_at=None)[0].pk,
        "recipient": "amazon",
        "notice_id": notice.pk,
        "sending_id": notice.sendings.get().pk,
        "admin:compliance_question_answer pk": _question(world),
        "admin:compliance_task_step pk": task.pk,
        "admin:compliance_task_step step": "hand-over",
    }


def _question(world: World) -> UUID:
    """One that waits for its answer."""
    asked = ask_question(actor=world.cast.bob, text="Why?", now=timezone.now())
    return asked.pk


def _verb() -> str:
    """What another part of the incidents' room puts on the page."""
    if "test" not in VERBS:
        verb("test", lambda request, incident: HttpResponse(incident.reference))
    return "test"


def _people(world: World) -> dict[Who, User]:
    cast, north = world.cast, world.cast.north
    members = {
        Who.MANAGER: (person("mia"), Role.MANAGER),
        Who.NEW: (person("nina"), Role.OWNER),
        Who.GONE: (person("gone"), Role.OWNER),
    }
    for someone, role in members.values():
        join(actor=None, seller=north, user=someone, role=role)
    root = person("root")
    User.objects.filter(pk=root.pk).update(is_superuser=True)
    return {
        **{who: someone for who, (someone, _) in members.items()},
        Who.OWNER: cast.alice,
        Who.VIEWER: cast.bob,
        Who.SHIPPING: world.sam,
        Who.ANALYST: world.ann,
        Who.OFFICER: cast.carl,
        Who.SUPPORT: cast.olga,
        Who.OPERATOR: person("oscar", staff_role=StaffRole.OPERATOR),
        Who.GRANTED: person("gina", staff_role=StaffRole.SUPPORT),
        Who.ENDED: person("ed", staff_role=StaffRole.SUPPORT),
        Who.STRANGER: cast.charlie,
        Who.SUPERUSER: root,
    }


def _granted(world: World, staff: User, *, hours_ago: int) -> Grant:
    began = timezone.now() - timedelta(hours=hours_ago)
    return Grant.objects.create(
        seller=world.cast.north,
        person=staff,
        permissions=[right.value for right in GRANTABLE],
        reason="A listing doesn't show.",
        ticket="T-1",
        hours=2,
        approved_by=world.cast.carl,
        starts_at=began,
        ends_at=began + timedelta(hours=2),
    )


def _invited(world: World, email: str) -> UUID:
    made = Invitation.objects.create(
        seller=world.cast.north,
        email=email,
        role=Role.VIEWER,
        invited_by=world.cast.alice,
        expires_at=timezone.now() + timedelta(days=7),
    )
    return made.pk


def _token(world: World) -> UUID:
    made, _ = make_token(
        actor=world.cast.alice,
        seller=world.cast.north,
        kind=ApiToken.Kind.PERSONAL,
        label="script",
        permissions=[Permission.VIEW_ORDERS],
        days=90,
        now=timezone.now(),
    )
    return made.pk


def _over(world: World) -> str:
    """A request of the owner's that is over, so that nothing is stopped by it."""
    now = timezone.now()
    made = DeletionRequest.objects.create(
        reference="DEL-7K3M-Q9XT",
        source=DeletionRequest.Source.CONSOLE,
        kind=DeletionRequest.Kind.CONNECTION,
        status=DeletionRequest.Status.COMPLETED,
        seller_id=world.cast.north.pk,
        requested_by=world.cast.alice.pk,
        what="Amazon NA",
        received_at=now,
        due_at=now + timedelta(days=30),
        ended_at=now,
    )
    issue(made, now)
    return made.reference


def _export(world: World) -> UUID:
    made = DataExport.objects.create(
        seller=world.cast.north, asked_at=timezone.now(), state=DataExport.State.READY
    )
    return made.pk


def _key(owner: User) -> int:
    """A passkey, as far as a list of them shows it."""
    made = Authenticator.objects.create(
        user=owner, type=Authenticator.Type.WEBAUTHN, data={"name": "key"}
    )
    return int(made.pk)


def _lockout() -> UUID:
    now = timezone.now()
    made = Lockout.objects.create(
        kind=Lockout.Kind.ADDRESS,
        subject="x",
        failures=10,
        began_at=now,
        until=now + timedelta(minutes=15),
    )
    return made.pk


def test_the_matrix_and_the_product_have_the_same_addresses() -> None:
    named = FOUND.keys() - UNNAMED - SHADOWED
    assert named - ROUTES.keys() == set(), "not in the matrix"
    assert ROUTES.keys() - named == set(), "in the matrix, not in the product"


@pytest.mark.parametrize("name", sorted(SHADOWED))
def test_what_is_shadowed_is_out_of_reach(name: str) -> None:
    assert str(resolve(reverse(name)).url_name).startswith("desk_")


@pytest.mark.parametrize("names", CHUNKS, ids=lambda names: names[0])
def test_everybody_gets_what_the_matrix_says(
    everybody: Round, names: tuple[str, ...]
) -> None:
    """Several addresses in turn: making the people takes longer than asking once, and
    what a request changed is undone before the next."""
    wrong = {
        f"{name} {who} {method}": got
        for turn, name in enumerate(names)
        for who, method, got, wanted in _asked(
            everybody,
            ROUTES[name],
            address_of(name, FOUND[name], everybody.things),
            turn,
        )
        if got not in wanted
    }
    assert wrong == {}


def _asked(
    everybody: Round, rule: Rule, address: str, turn: int
) -> Iterator[tuple[Who, str, str, set[str]]]:
    for number, (who, client) in enumerate(everybody.clients.items()):
        for method in METHODS:
            if method not in rule.methods and (number + turn) % ONE_OF:
                continue  # what the page doesn't know it refuses to all, or to none
            wanted: set[str] = set(rule.answers(who))
            if method not in rule.methods:
                let_in = Answer.IN in wanted  # then the page refuses the method
                wanted |= {"405", Answer.REFUSED} if let_in else {"405"}
                wanted -= set() if method == "OPTIONS" else {Answer.IN}
            if wanted & {Answer.REFUSED, Answer.SIGN_IN}:
                wanted |= {DOOR}
            yield who, method, _answer(client, method, address), wanted


def _answer(client: Client, method: str, address: str) -> str:
    """What came back; what a request changed is undone."""
    before = dict(client.cookies)
    with transaction.atomic():
        response = client.generic(
            method,
            address,
            data=FORMS.get(address.rpartition("/")[2], "") if method == "POST" else "",
            content_type="application/x-www-form-urlencoded",
        )
        transaction.set_rollback(True)
    client.cookies.clear()
    client.cookies.update(before)
    return _told(response)


def _told(response: Any) -> str:
    if response.wsgi_request.method == "OPTIONS" and not response.content:
        return "405"  # nothing but the methods there are
    status, location = response.status_code, response.headers.get("Location", "")
    if status in (301, 302):
        for path, answer in (
            ("/sign-in", Answer.SIGN_IN),
            ("/admin/login/", DOOR),
        ):
            if location.startswith(path):
                return answer
        if location == "/account/factors/app":
            return Answer.SET_UP
    told = {401: Answer.SIGN_IN, 403: Answer.REFUSED, 404: Answer.HIDDEN, 405: "405"}
    return told.get(status, Answer.IN if status < 500 else str(status))
