"""What a decision does: nothing here decides, each calls the service whose it is."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError

from compliance.governance.reviews.choices import Choice, Sort
from compliance.governance.reviews.models import Review, ReviewItem
from compliance.tasks import Task, open_task
from plugseller.accounts.models import ApiToken, Grant, Membership, Seller, User
from plugseller.accounts.roles import Role, StaffRole
from plugseller.accounts.services import change_role, remove_member
from plugseller.accounts.services.grants import owners_of
from plugseller.accounts.services.reviewed import (
    change_staff_role,
    end_grant,
    end_staff_access,
    end_token,
)
from plugseller.jobs import outbox

R = TypeVar("R", Role, StaffRole)
TASK_WITHIN = timedelta(days=14)
GONE = "It had ended before."


@dataclass(frozen=True, slots=True)
class Act:
    """A decision that is to take effect."""

    actor: User | None  # None: nobody answered, and the date has come
    item: ReviewItem
    to: str
    now: datetime


Effect = tuple[str, UUID | None]  # what happened, and the task that was opened
Does = Callable[[Act], Effect]


def carry_out(
    *, actor: User, item: ReviewItem, choice: Choice, to: str, now: datetime
) -> Effect:
    """Do what was decided; a sentence on what happened. Raises ValidationError."""
    act = Act(actor, item, to, now)
    if choice == Choice.FINDING:
        return _finding(act)
    does = _DOES.get((Sort(item.sort), choice))
    return does(act) if does else ("", None)


def _staff_removed(act: Act) -> Effect:
    person = _person(act)
    if person is None or not person.is_active:
        return GONE, None
    end_staff_access(actor=act.actor, person=person, now=act.now)
    return "The account ended, with sessions, grants and factors.", None


def _staff_changed(act: Act) -> Effect:
    person = _person(act)
    if person is None or act.actor is None:
        return GONE, None
    role = _role(StaffRole, act.to)
    change_staff_role(actor=act.actor, person=person, role=role, now=act.now)
    return f"The role is {role.label} now; sessions and grants ended.", None


def _grant_removed(act: Act) -> Effect:
    grant = Grant.objects.filter(pk=act.item.subject).select_related("person").first()
    ended = grant is not None and end_grant(actor=act.actor, grant=grant, now=act.now)
    return ("The access ended." if ended else GONE), None


def _member_removed(act: Act) -> Effect:
    member = _member(act)
    if member is None or act.actor is None:
        return GONE, None
    remove_member(actor=act.actor, membership=member, now=act.now)
    return "The role ended, with sessions and API keys.", None


def _member_changed(act: Act) -> Effect:
    member = _member(act)
    if member is None or act.actor is None:
        return GONE, None
    role = _role(Role, act.to)
    change_role(actor=act.actor, membership=member, role=role, now=act.now)
    return f"The role is {role.label} now; sessions ended.", None


def _token_removed(act: Act) -> Effect:
    token = token_of(act.item)
    if token is None or act.actor is None:
        return GONE, None
    ended = end_token(actor=act.actor, token=token, now=act.now)
    return ("The key ended." if ended else GONE), None


def _service_changed(act: Act) -> Effect:
    """No silent outage: what runs with the credential gets time for it."""
    task = task_about(act.actor, act.item, "Rotate", act.now)
    return "A task to rotate it was opened.", task.pk


def _service_removed(act: Act) -> Effect:
    task = task_about(act.actor, act.item, "End", act.now)
    return "A task to end it was opened.", task.pk


def _owners_asked(act: Act) -> Effect:
    seller = seller_of(act.item)
    if seller is None:
        return GONE, None
    owners = list(owners_of(seller))
    for owner in owners:
        outbox.post(
            to=owner.email,
            subject=f"Please look at who belongs to {seller.name}",
            text=(
                f"Our review of access found members of {seller.name} who haven't been "
                "seen for long, have left, or have no second factor. Please look at "
                "the page Team, and remove whom you don't need:\n"
                f"{settings.PUBLIC_ADDRESS}/s/{seller.slug}/team\n\n"
                f"Questions? Write to {settings.CONTACT_ADDRESS}.\n"
            ),
            owner=owner.pk,
            now=act.now,
        )
    return f"{len(owners)} owners were asked by mail.", None


def _finding(act: Act) -> Effect:
    task = task_about(act.actor, act.item, "Finding", act.now)
    return "A task was opened.", task.pk


def task_about(actor: User | None, item: ReviewItem, verb: str, now: datetime) -> Task:
    """What has to be done about it, owned by who found it.

    Everybody at the desk reads a task's title; a finding may be about one of them.
    """
    is_of_case = item.sort == Sort.FINDING
    what = f"line {item.number} of the logs" if is_of_case else item.label
    return open_task(
        actor=actor,
        source=Task.Source.REVIEW,
        subject_id=item.review_id,
        key=f"item {item.number}",
        title=f"{verb}: {what}"[:200],
        due_at=now + TASK_WITHIN,
        owner=actor,
        now=now,
    )


_DOES: dict[tuple[Sort, Choice], Does] = {
    (Sort.STAFF, Choice.REMOVE): _staff_removed,
    (Sort.STAFF, Choice.CHANGE): _staff_changed,
    (Sort.GRANT, Choice.REMOVE): _grant_removed,
    (Sort.SERVICE, Choice.CHANGE): _service_changed,
    (Sort.SERVICE, Choice.REMOVE): _service_removed,
    (Sort.SELLER, Choice.ASK): _owners_asked,
    (Sort.MEMBER, Choice.REMOVE): _member_removed,
    (Sort.MEMBER, Choice.CHANGE): _member_changed,
    (Sort.TOKEN, Choice.REMOVE): _token_removed,
}


def _person(act: Act) -> User | None:
    return person_of(act.item)


def _member(act: Act) -> Membership | None:
    found = Membership.objects.filter(pk=act.item.subject)
    return found.select_related("user", "seller").first()


def person_of(item: ReviewItem) -> User | None:
    """Whose it is, if the person is still there."""
    pk = item.person_id
    return User.objects.filter(pk=pk).first() if pk else None


def seller_of(about: ReviewItem | Review) -> Seller | None:
    """The seller it is about, if it is still there."""
    pk = about.seller_id
    return Seller.objects.filter(pk=pk).first() if pk else None


def token_of(item: ReviewItem) -> ApiToken | None:
    """The key an item is about, if it is still there."""
    found = ApiToken.objects.filter(pk=item.subject)
    return found.select_related("user", "seller").first()


def _role(roles: type[R], value: str) -> R:
    if value not in roles.values:
        raise ValidationError("Choose the new role.")
    return roles(value)
