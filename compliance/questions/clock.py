"""The clock of a question: answered within 7 days, or every officer hears of it."""

from datetime import datetime, timedelta

from compliance import clocks
from compliance.clocks import Deadline, Duty
from plugseller.accounts.services.officers import tell_officers
from plugseller.jobs.models import OutgoingMail

_DAY = timedelta(days=1)
LASTS = 7 * _DAY
ANSWER = Duty(
    "question", "Answer to a question", lasts=LASTS, warns=(3 * _DAY, 1 * _DAY)
)


def _warn(deadline: Deadline, now: datetime) -> list[OutgoingMail]:
    return tell_officers(
        subject=f"A question waits for its answer until {_due(deadline)}",
        text=(
            "Somebody asked about their data and has no answer yet. We promise one "
            f"within {LASTS.days} days. Answer it at the desk, under Questions."
        ),
        now=now,
    )


def _escalate(deadline: Deadline, now: datetime) -> list[OutgoingMail]:
    return tell_officers(
        subject="OVERDUE: a question has no answer",
        text=(
            f"Its answer was due on {_due(deadline)}. A promise is broken until it is "
            "answered, at the desk under Questions."
        ),
        now=now,
    )


def _due(deadline: Deadline) -> str:
    return f"{deadline.due_at:%Y-%m-%d %H:%M} UTC"


clocks.duty(ANSWER, on_warning=_warn, on_overdue=_escalate)
