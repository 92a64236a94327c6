"""What the policy tells officers on their start page, and auditors in their pack."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from compliance import oscal
from compliance.desklines import Block, Line, lines
from compliance.packing import Document, Period, Table, packed
from compliance.policy.models import ControlResult
from compliance.policy.promises import PROMISES
from compliance.policy.standing import Looked, State, looks
from compliance.reviewing import Result, results_source
from plugseller.accounts.models import User
from plugseller.displayonly import roles_seeing
from plugseller.shelves import CONTROLS, Verdict


def told(officer: User, now: datetime) -> Iterable[tuple[Block, Line]]:
    """Each control that fails or is late; else one line that says how many pass."""
    if officer.staff_role not in roles_seeing("controls"):
        return
    found = looks(CONTROLS.values(), now)
    bad = [looked for looked in found if looked.state.is_bad]
    for looked in bad:
        yield Block.BROKEN, _line(looked)
    if not bad:
        remarks = sum(looked.state == State.REMARK for looked in found)
        text = f"{len(found)} controls pass" + (
            f", {remarks} of them with a remark" if remarks else ""
        )
        yield Block.QUIET, Line(text, reverse("admin:policy_register"))


def _line(looked: Looked) -> Line:
    control = looked.control
    said = looked.last.sentence if looked.last else "It has never been checked."
    if looked.state == State.LATE and looked.last:
        said = f"It hasn't been checked since {looked.last.at:%Y-%m-%d %H:%M} UTC."
    return Line(
        f"{control.promise}: {control.label}. {said}",
        reverse("admin:policy_control", args=[control.name]),
    )


def _for_oscal(results: QuerySet[ControlResult]) -> Iterator[oscal.Result]:
    for one in results.order_by("id").iterator():
        verdict = Verdict(one.verdict)
        yield oscal.Result(
            one.name, one.promise, verdict, one.sentence, one.evidence, one.at
        )


def _about(period: Period, now: datetime) -> oscal.About:
    return oscal.About(
        settings.PUBLIC_ADDRESS, period.begins, period.ends, now, plan="promises.csv"
    )


def part(period: Period, now: datetime) -> Iterable[Table | Document]:
    """The sentences, and everything controls found in the period."""
    results = ControlResult.objects.filter(at__gte=period.begins, at__lt=period.ends)
    yield Table(
        "policy/promises.csv",
        "What is promised, and how it is kept.",
        ("promise", "wording", "how it is kept", "controls"),
        [(one.id, one.wording, one.how, _names(one.id)) for one in PROMISES],
    )
    yield Table(
        "policy/control-results.csv",
        "What each control found, and the figures it stands on.",
        ("at", "promise", "control", "verdict", "sentence", "evidence", "seconds"),
        (
            (
                one.at.isoformat(),
                one.promise,
                one.name,
                one.verdict,
                one.sentence,
                "; ".join(f"{key}={value}" for key, value in one.evidence.items()),
                one.took,
            )
            for one in results.order_by("id").iterator()
        ),
    )
    yield Document(
        "policy/oscal-assessment-results.json",
        "The same as OSCAL assessment results, for machines.",
        oscal.assessment_results(_for_oscal(results), _about(period, now)),
    )


def _names(promise: str) -> str:
    return ", ".join(one.name for one in CONTROLS.values() if one.promise == promise)


def last_results() -> dict[str, Result]:
    """What each control found last, for who reviews the controls."""
    looked = looks(CONTROLS.values(), timezone.now())
    return {
        one.control.name: Result(
            f"{one.last.at:%Y-%m-%d %H:%M} UTC", one.last.verdict, one.last.sentence
        )
        for one in looked
        if one.last
    }


lines("policy", told)
results_source(last_results)
packed("policy", part)
