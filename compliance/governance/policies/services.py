"""What happens to policies: they come into force, and are acknowledged (GOV-2)."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction

from compliance import clocks
from compliance.governance.people import personnel
from compliance.governance.policies import texts
from compliance.governance.policies.models import Acknowledgement, PolicyVersion
from compliance.governance.policies.texts import Text
from plugseller.accounts.models import User
from plugseller.audit.services import record

DUTY = "acknowledgement"  # the name of its clocks


class PolicyRefused(ValidationError):
    """Nothing was changed; one sentence that says what to do, for who tried."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One of our staff, and what they have still to acknowledge."""

    person: User
    missing: tuple[Text, ...]


@transaction.atomic
def register_versions(now: datetime) -> int:
    """Note which versions are in force from now on; how many are new.

    A deployment brings them, so nobody decides here. One whose text has changed under
    its number is left as it was: `checks.py` refuses it.
    """
    known = set(PolicyVersion.objects.values_list("name", "number"))
    new = [one for one in texts.every() if (one.name, one.number) not in known]
    return sum(_register(text, now) for text in new)


def _register(text: Text, now: datetime) -> bool:
    version, is_new = PolicyVersion.objects.get_or_create(
        name=text.name,
        number=text.number,
        defaults={"sha256": text.sha256, "in_force_at": now},
    )
    if is_new:
        about = {"name": text.name, "number": text.number, "sha256": text.sha256}
        record("policy.in_force", subject=version, details=about)
    return is_new


@transaction.atomic
def acknowledge(*, actor: User, name: str, sha256: str, now: datetime) -> None:
    """The person read this very text and follows it. Raises PolicyRefused.

    Twice is once. With the last one missing the person is let in.
    """
    if not actor.is_staff:
        raise PermissionDenied
    text = next((one for one in texts.current() if one.sha256 == sha256), None)
    if text is None or text.name != name:
        raise PolicyRefused("A newer version came into force meanwhile. Read that one.")
    register_versions(now)
    if not PolicyVersion.objects.filter(
        name=text.name, number=text.number, sha256=text.sha256
    ).exists():
        raise PolicyRefused(
            "This text was changed without a new number, so it can't be acknowledged. "
            "Nothing was stored. An operator has to put the right file back."
        )
    if not _insert(actor, text, now):
        return
    if not missing_of(actor.pk):
        clocks.met(DUTY, actor.pk, now=now)
    about = {"name": text.name, "number": text.number, "sha256": text.sha256}
    record("policy.acknowledged", actor=actor, details=about)


def _insert(actor: User, text: Text, now: datetime) -> bool:
    """False if it stands there already, put by whichever click was faster."""
    try:
        with transaction.atomic():
            Acknowledgement.objects.create(
                person_id=actor.pk,
                role=actor.staff_role,
                name=text.name,
                number=text.number,
                sha256=text.sha256,
                at=now,
            )
    except IntegrityError:
        return False
    return True


def missing_of(person_id: UUID) -> tuple[Text, ...]:
    """What the person has still to acknowledge; one query."""
    mine = Acknowledgement.objects.filter(person_id=person_id)
    has = set(mine.values_list("sha256", flat=True))
    return tuple(text for text in texts.current() if text.sha256 not in has)


def acknowledged_before(person_id: UUID, text: Text) -> Acknowledgement | None:
    """The version the person acknowledged last, if there was an older one."""
    mine = Acknowledgement.objects.filter(person_id=person_id, name=text.name)
    return mine.filter(number__lt=text.number).order_by("-number", "-at").first()


def standings() -> list[Standing]:
    """Each of our staff and what they lack; two queries."""
    people = list(personnel())
    has = _acknowledged({one.pk for one in people})
    return [
        Standing(
            person,
            tuple(
                text for text in texts.current() if text.sha256 not in has[person.pk]
            ),
        )
        for person in people
    ]


def _acknowledged(people: Collection[UUID]) -> dict[UUID, set[str]]:
    has: dict[UUID, set[str]] = defaultdict(set)
    found = Acknowledgement.objects.filter(
        person_id__in=people, sha256__in=texts.hashes()
    )
    for person_id, sha256 in found.values_list("person_id", "sha256"):
        has[person_id].add(sha256)
    return has
