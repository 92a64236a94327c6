"""What an incident taught, and the tasks that follow from it (INC-1)."""

from datetime import datetime
from uuid import uuid4

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from compliance.incidents.models import Incident
from compliance.incidents.review.models import PostReview
from compliance.incidents.services import IncidentRefused, note_fact, officer_at
from compliance.incidents.services.people import hold
from compliance.incidents.services.timeline import LONGEST_TEXT
from compliance.incidents.states import Status
from plugseller.accounts.models import User

QUESTIONS = {
    "root_cause": "What was the root cause, and why did it get that far?",
    "noticed": "How was it noticed, and how could it have been noticed earlier?",
    "went_well": "What went well?",
    "went_badly": "What didn't?",
    "lessons": "What do we change? Open a task for each below.",
}
NEEDED = ("root_cause", "lessons")
AFTER = (Status.CONTAINED, Status.ERADICATED, Status.RECOVERED, Status.REVIEWED)


@transaction.atomic
@sensitive_variables("answers")
def write_review(
    *, actor: User, incident: Incident, answers: dict[str, str], now: datetime
) -> PostReview:
    """Keep the review; root cause and lessons become facts of the incident.

    Written again it is a further one, and the earlier stays. Raises IncidentRefused.
    """
    officer_at(actor, incident)
    held = hold(incident)
    if held.status not in AFTER:
        raise IncidentRefused("Contain it first; then it can be reviewed.")
    answers = {name: answers.get(name, "").strip() for name in QUESTIONS}
    if any(len(text) > LONGEST_TEXT for text in answers.values()):
        raise IncidentRefused(f"Write at most {LONGEST_TEXT:,} characters each.")
    if not all(answers[name] for name in NEEDED):
        raise IncidentRefused("A review says at least the root cause and the lessons.")
    last = PostReview.objects.filter(incident=held).first()
    made = PostReview.objects.create(
        id=uuid4(),
        incident=held,
        number=last.number + 1 if last else 1,
        written_at=now,
        written_by=actor.pk,
        answers=answers,
        seal_id=held.pk,
    )
    known = held.facts.reveal() if held.facts else {}
    held.facts = {**known, **{name: answers[name] for name in NEEDED}}
    held.save(update_fields=["facts"])
    note_fact(held, "review written", actor=actor, now=now, number=made.number)
    return made


def newest_review(incident: Incident) -> PostReview | None:
    """The review that counts."""
    return PostReview.objects.filter(incident=incident).first()
