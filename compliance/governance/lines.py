"""What policies, trainings and registers show on the officers' start page (GOV-2)."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.urls import reverse

from compliance import clocks
from compliance.desklines import Block, Line, lines
from compliance.governance.people import personnel
from compliance.governance.policies.services import standings
from compliance.governance.registers.clock import DUTY as REGISTER
from compliance.governance.registers.clock import SIGN_OFF
from compliance.governance.registers.models import Supplier
from compliance.governance.training.services import dues
from plugseller.accounts.models import User

_SOON = timedelta(days=14)
_SHOWN = 10


def acknowledged(officer: User, now: datetime) -> Iterator[tuple[Block, Line]]:
    """How many of us are shut out until they acknowledge."""
    found = standings()
    lack = sum(bool(one.missing) for one in found)
    page = reverse("admin:compliance_policyversion_changelist")
    if lack:
        text = f"{lack} of {len(found)} of our staff haven't acknowledged the policies"
        yield Block.DUE, Line(text, page)
    else:
        text = f"All {len(found)} of our staff have acknowledged the policies in force"
        yield Block.QUIET, Line(text, page)


def trainings(officer: User, now: datetime) -> Iterator[tuple[Block, Line]]:
    """The officer's own training by itself; those of others as numbers."""
    due = dues(list(personnel()))
    page = reverse("admin:compliance_training_changelist")
    own = due.pop(officer.pk, None)
    if own and own <= now + _SOON:
        block = Block.LATE if own <= now else Block.DUE
        yield block, Line("Your own training is due", page, due_at=own, owner="you")
    late = [at for at in due.values() if at <= now]
    soon = [at for at in due.values() if now < at <= now + _SOON]
    if late:
        text = f"Trainings of our staff that are overdue: {len(late)}"
        yield Block.LATE, Line(text, page, due_at=min(late))
    if soon:
        text = f"Trainings of our staff that are due soon: {len(soon)}"
        yield Block.DUE, Line(text, page, due_at=min(soon))


def registers(officer: User, now: datetime) -> Iterator[tuple[Block, Line]]:
    """Reviews of risks and suppliers, and the yearly sign-off."""
    due = clocks.running().filter(duty=REGISTER, due_at__lte=now + _SOON)
    found = list(due[:_SHOWN])
    suppliers = set(Supplier.objects.values_list("pk", flat=True)) if found else set()
    for deadline in found:
        kind = "supplier" if deadline.subject_id in suppliers else "risk"
        page = reverse(f"admin:compliance_{kind}_changelist")
        if deadline.subject_id == SIGN_OFF:
            page = reverse("admin:compliance_risk_sign_off")
        block = Block.LATE if deadline.is_overdue(now) else Block.DUE
        yield block, Line(deadline.label, page, due_at=deadline.due_at)


lines("acknowledgements", acknowledged)
lines("trainings", trainings)
lines("registers", registers)
