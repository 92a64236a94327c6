"""What lies on the officers' desk of the demonstration, so that a newcomer sees it at
work: something of each queue, made by the services that make it in earnest.

Nothing of it deletes, reaches or shuts out anybody by itself: the letter waits for its
verification, the incident is a drill, and the review is of the logs.
"""

from datetime import datetime, timedelta

from compliance.deletion.services import request_deletion
from compliance.governance.reviews.services import begin
from compliance.incidents.services import open_incident
from compliance.models import DeletionRequest, Incident, Question, Review
from compliance.questions.services import ask_question
from plugseller.accounts.models import User
from plugseller.accounts.services.grants import officers

_DETECTED = timedelta(minutes=90)  # so long before
_LAST_REVIEW = timedelta(days=11)  # then the next one begins


def furnish_desk(now: datetime) -> list[str]:
    """Make what isn't there yet; what was made, in words."""
    made = []
    if not DeletionRequest.objects.exists():
        _letter(now)
        made.append("a letter that asks for a deletion")
    if not Incident.objects.exists():
        _drill(now)
        made.append("a drill of an incident")
    if not Review.objects.filter(seller_id=None).exists():
        begin(Review.Kind.LOGS, last=now - _LAST_REVIEW, now=now)
        made.append("a review of the logs")
    asker = User.objects.filter(staff_role="", is_active=True).order_by("email").first()
    if asker and not Question.objects.exists():
        ask_question(actor=asker, text="Do you store my buyers' names?", now=now)
        made.append("a question about data")
    return made


def _letter(now: datetime) -> None:
    """Of somebody we don't know, which an officer took in."""
    address = "writer@elsewhere.example"
    request_deletion(
        actor=officers().first(),
        source=DeletionRequest.Source.LETTER,
        kind=DeletionRequest.Kind.OUTSIDER,
        contact={
            "email": address,
            "name": "A writer",
            "time_zone": "UTC",
            "addresses": [address],
        },
        identity="",
        verified=False,
        grace=timedelta(hours=48),
        now=now,
    )


def _drill(now: datetime) -> None:
    open_incident(
        actor=None,
        title="Drill: a refresh token stood in a public paste",
        kind=Incident.Kind.CREDENTIAL_LEAK,
        severity=Incident.Severity.HIGH,
        detected_by=Incident.Detected.PERSON,
        detected_at=now - _DETECTED,
        marketplaces=["amazon"],
        amazon=Incident.Involved.YES,
        is_drill=True,
        now=now,
    )
