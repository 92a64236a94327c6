"""Whether all of us follow what we promise (GOV-2): looked at, not believed."""

from datetime import datetime

from compliance.governance.people import personnel
from compliance.governance.policies import checks, services
from compliance.governance.training.services import dues
from plugseller.shelves import GATES, Finding, Verdict


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
