"""A task has an owner and a clock, and goes away only by being done (INC-1, GOV-1)."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied

from compliance import clocks, tasks
from compliance.tasks import Task, TaskRefused
from plugseller.accounts.models import User
from plugseller.accounts.roles import StaffRole
from plugseller.audit.models import Entry
from plugseller.jobs.models import OutgoingMail
from tests.conftest import NOW, Cast

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def second(cast: Cast) -> User:
    return User.objects.create_user(
        "second@plug.example", staff_role=StaffRole.OFFICER, name="Second"
    )


def opened(cast: Cast, **fields: object) -> Task:
    return tasks.open_task(
        **{
            "actor": cast.carl,
            "source": Task.Source.INCIDENT,
            "subject_id": uuid4(),
            "title": "Rotate the secret",
            "due_at": NOW + 3 * DAY,
            "now": NOW,
            **fields,
        }  # type: ignore[arg-type]  # the arguments of open_task
    )


def mails() -> list[dict[str, str]]:
    return [mail.content.reveal() for mail in OutgoingMail.objects.all()]


def test_its_owner_is_warned_and_every_officer_hears_when_it_is_late(
    cast: Cast, second: User
) -> None:
    opened(cast, owner=second)
    clocks.run_due(NOW + 2 * DAY)
    assert [(mail["to"], mail["subject"][:7]) for mail in mails()] == [
        ("second@plug.example", "Due on ")
    ]
    clocks.run_due(NOW + 3 * DAY)
    late = {mail["to"] for mail in mails() if mail["subject"].startswith("OVERDUE")}
    assert late == {cast.carl.email, "second@plug.example"}


def test_a_task_whose_owner_left_warns_every_officer(cast: Cast, second: User) -> None:
    opened(cast, owner=second)
    User.objects.filter(pk=second.pk).update(is_active=False)
    clocks.run_due(NOW + 2 * DAY)
    assert {mail["to"] for mail in mails()} == {cast.carl.email}


def test_a_finished_task_stops_its_clock_and_is_finished_once(cast: Cast) -> None:
    task = opened(cast)
    tasks.finish_task(actor=cast.carl, task=task, outcome="Rotated.", now=NOW)
    assert not clocks.running().filter(subject_id=task.pk).exists()
    with pytest.raises(TaskRefused, match="done already"):
        tasks.finish_task(actor=cast.carl, task=task, outcome="Again.", now=NOW)


def test_a_second_person_accepts_that_it_stays_open(cast: Cast, second: User) -> None:
    task = opened(cast, owner=cast.carl)
    with pytest.raises(TaskRefused, match="second person"):
        tasks.accept_open(actor=cast.carl, task=task, why="Later.", now=NOW)
    tasks.accept_open(actor=second, task=task, why="Next quarter.", now=NOW)
    assert task.left_open_by == second.pk
    assert task.is_open, "its clock runs on"
    with pytest.raises(TaskRefused, match="can't be handed over"):
        tasks.hand_over(actor=cast.carl, task=task, owner=second, now=NOW)


def test_the_same_thing_has_one_open_task(cast: Cast) -> None:
    about = uuid4()
    first = opened(cast, subject_id=about, key="enc-1")
    assert opened(cast, subject_id=about, key="enc-1") == first
    tasks.finish_task(actor=None, task=first, outcome="It passes again.", now=NOW)
    assert opened(cast, subject_id=about, key="enc-1") != first


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"title": " "}, "1 to 200"),
        ({"title": "x" * 201}, "1 to 200"),
        ({"due_at": NOW}, "in the future"),
    ],
)
def test_what_is_wrong_is_said(cast: Cast, wrong: dict[str, object], why: str) -> None:
    with pytest.raises(TaskRefused, match=why):
        opened(cast, **wrong)
    assert not Task.objects.exists()


def test_a_seller_can_neither_own_nor_finish_one(cast: Cast) -> None:
    with pytest.raises(TaskRefused, match="our own staff"):
        opened(cast, owner=cast.alice)
    task = opened(cast)
    with pytest.raises(PermissionDenied):
        tasks.finish_task(actor=cast.alice, task=task, outcome="Done.", now=NOW)


def test_each_step_is_in_the_log(cast: Cast, second: User) -> None:
    task = opened(cast, owner=cast.carl)
    tasks.accept_open(actor=second, task=task, why="Next quarter.", now=NOW)
    tasks.hand_over(actor=cast.carl, task=task, owner=cast.olga, now=NOW)
    tasks.finish_task(actor=cast.carl, task=task, outcome="Rotated.", now=NOW)
    names = ["task.opened", "task.left_open", "task.handed_over", "task.done"]
    found = Entry.objects.filter(event__in=names).order_by("id")
    assert [entry.event for entry in found] == names
