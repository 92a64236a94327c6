"""Whether all of us follow what we promise (GOV-2, INC-1): looked at, not believed."""

from datetime import datetime

from django.db.models import Max

from compliance.governance.people import personnel
from compliance.governance.policies import checks, services, texts
from compliance.governance.policies.models import PolicyVersion
from compliance.governance.reviews.models import Review
from compliance.governance.reviews.schedule import SCHEDULES
from compliance.governance.training.services import dues
from plugseller.shelves import GATES, Finding, Verdict

_PLAN = "incident-plan"


def acknowledged(now: datetime) -> Finding:
    """Who lacks an acknowledgement must be shut out; that some lack one is normal."""
    found = services.standings()
    lack = [one.person for one in found if one.missing]
    gate = GATES.get("policies")
    through = [one for one in lack if gate is None or not gate.shuts(one)]
    changed = checks.changed()
    evidence = {
        "staff": len(found),
        "without": len(lack),
        "without_and_let_in": len(through),
        "gate_in_place": gate is not None,
        "texts_changed": len(changed),
    }
    if gate is None or through:
        said = "Some of our staff get in without having acknowledged our policies."
        return Finding(Verdict.FAIL, said, evidence)
    if changed:
        said = "The text of a policy that was in force was changed or removed."
        return Finding(Verdict.FAIL, said, evidence)
    said = "Nobody of our staff gets in without having acknowledged our policies."
    return Finding(Verdict.PASS, said, evidence)


def trained(now: datetime) -> Finding:
    """Everybody of us took the yearly training."""
    due = dues(list(personnel()))
    late = sum(at <= now for at in due.values())
    evidence = {"staff": len(due), "overdue": late}
    if late:
        said = "The yearly training of some of our staff is overdue."
        return Finding(Verdict.FAIL, said, evidence)
    return Finding(Verdict.PASS, "All of our staff are trained.", evidence)


def planned(now: datetime) -> Finding:
    """The incident plan is there, and was written or reviewed within six months."""
    plan = next((one for one in texts.current() if one.name == _PLAN), None)
    if plan is None:
        sentence = "There is no plan for incidents in force."
        return Finding(Verdict.FAIL, sentence, {"version": 0})
    known = PolicyVersion.objects.filter(name=_PLAN, number=plan.number).first()
    signed = Review.objects.filter(kind=Review.Kind.PLAN, signed_at__isnull=False)
    reviewed = signed.aggregate(at=Max("signed_at"))["at"]
    since = max(filter(None, (reviewed, known and known.in_force_at)), default=now)
    figures: dict[str, int | float | bool | str] = {
        "version": plan.number,
        "sha256": plan.sha256,
        "days since it was written or reviewed": (now - since).days,
        "reviews": signed.count(),
    }
    if now - since > SCHEDULES[Review.Kind.PLAN].oldest:
        sentence = "The plan for incidents wasn't reviewed within six months."
        return Finding(Verdict.FAIL, sentence, figures)
    sentence = "There is a plan for incidents, reviewed within six months."
    return Finding(Verdict.PASS, sentence, figures)
