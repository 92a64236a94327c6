"""How every clock stands, for whoever watches them: the command, the desk, health."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from compliance import clocks
from compliance.clocks import DUTIES, Deadline
from plugseller.jobs.models import OutgoingMail

LATE = timedelta(hours=1)  # a step that was due so long ago wasn't taken by anybody


@dataclass(frozen=True, slots=True)
class Clock:
    """One clock that runs, and what is wrong with it."""

    deadline: Deadline
    state: str  # "in time", "warned", "overdue"
    trouble: str  # "" if its warnings are out

    @property
    def is_wrong(self) -> bool:
        return self.state == "overdue" or bool(self.trouble)


def check_clocks(now: datetime) -> list[Clock]:
    """Every clock that runs, the most urgent first.

    Wrong is what is overdue, a step that nobody took although its time came, and a
    warning that no mail server accepts: a deadline of which nobody hears.
    """
    every = list(clocks.running())
    unsent = _unsent(every)
    return [_looked_at(one, unsent.get(str(one.pk), 0), now) for one in every]


def _unsent(every: list[Deadline]) -> dict[str, int]:
    """How many of each clock's mails were given up, or failed and are tried again."""
    of = {mail: str(one.pk) for one in every for mail in one.mails}
    failing = OutgoingMail.objects.filter(pk__in=list(of)).exclude(trouble="")
    counts: dict[str, int] = defaultdict(int)
    for pk in failing.values_list("pk", flat=True):
        counts[of[str(pk)]] += 1
    return counts


def _looked_at(deadline: Deadline, unsent: int, now: datetime) -> Clock:
    state = "warned" if deadline.warned else "in time"
    if deadline.is_overdue(now):
        state = "overdue"
    handled = DUTIES.get(deadline.duty)
    trouble = handled.trouble(deadline, now) if handled and handled.trouble else ""
    if trouble:
        return Clock(deadline, state, trouble)
    if unsent:
        trouble = f"{unsent} of its mails didn't leave"
    elif _missed(deadline, now - LATE):
        trouble = "a step wasn't taken: do the jobs run?"
    return Clock(deadline, state, trouble)


def _missed(deadline: Deadline, now: datetime) -> bool:
    if deadline.duty not in DUTIES:
        return True
    if deadline.is_overdue(now):
        return deadline.escalated_at is None
    acts_at = clocks.acts_at(deadline)
    waits = acts_at is not None and acts_at <= now and deadline.acted_at is None
    able = DUTIES[deadline.duty].act is not None
    return clocks.passed(deadline, now) > deadline.warned or (waits and able)
