"""The initial notice goes out by itself two hours before its deadline (INC-3).

Suspected counts as detected, so one that nobody looked at goes as well: a needless
notice costs a second one that says so, a missing one breaks the contract. Who reports
without cause is limited, and every officer hears of each report at once.

To a real recipient it goes only in production, and only if two officers have armed it.
"""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from compliance.clocks import Deadline
from compliance.incidents.casework import Arming, NoticeDuty, Sending
from compliance.incidents.services.outcomes import follow_erasures, follow_mails
from compliance.incidents.services.people import hold, tell
from compliance.incidents.services.sending import is_real, send
from compliance.incidents.services.timeline import note_fact
from compliance.incidents.states import IncidentRefused
from plugseller.accounts.models import User
from plugseller.accounts.services.grants import officers
from plugseller.audit.services import record

logger = logging.getLogger(__name__)
BEFORE = timedelta(hours=2)  # the deadline: hour 22
_PEOPLE = 2


def is_armed() -> bool:
    """Whether two different people let notices go out by themselves."""
    return Arming.objects.filter(ended_at=None).count() >= _PEOPLE


@transaction.atomic
def arm(*, actor: User, now: datetime) -> Arming:
    """One of the two signatures. Raises IncidentRefused."""
    _only_officers(actor)
    try:
        with transaction.atomic():
            made = Arming.objects.create(by=actor.pk, at=now)
    except IntegrityError:
        raise IncidentRefused(
            "You armed it already. It takes a second officer."
        ) from None
    record("incident.armed", actor=actor, subject=made)
    return made


@transaction.atomic
def disarm(*, actor: User, now: datetime) -> None:
    """One officer is enough to end it. Raises IncidentRefused."""
    _only_officers(actor)
    standing = Arming.objects.filter(ended_at=None)
    if not standing.update(ended_at=now, ended_by=actor.pk):
        raise IncidentRefused("Nobody has armed it. Nothing was changed.")
    record("incident.disarmed", actor=actor)


def _only_officers(actor: User) -> None:
    if not officers().filter(pk=actor.pk).exists():
        raise PermissionDenied


def owed_at(now: datetime) -> list[NoticeDuty]:
    """Duties to Amazon whose hour 22 has come, and of which nothing was sent."""
    amazon = NoticeDuty.Recipient.AMAZON
    lasts = NoticeDuty.WITHIN[amazon] - BEFORE
    owed = NoticeDuty.objects.filter(
        recipient=amazon,
        is_needed=True,
        met_at=None,
        incident__ended_at=None,
        incident__detected_at__lte=now - lasts,
    )
    sent = NoticeDuty.objects.filter(notices__sent_at__isnull=False)
    return list(owed.exclude(pk__in=sent).select_related("incident"))


@transaction.atomic
def send_by_itself(duty_id: UUID, *, now: datetime) -> bool:
    """Send the initial notice with the facts on file, unless it was, or mustn't.

    Raises IncidentRefused where there is no address to send it to.
    """
    duty = NoticeDuty.objects.select_related("incident").get(pk=duty_id)
    incident = hold(duty.incident)
    duty.refresh_from_db()
    if not duty.is_open or duty.notices.exclude(sent_at=None).exists():
        return False
    if is_real(incident) and not is_armed():
        return False
    notice = send(incident, duty, None, actor=None, now=now)
    tell(
        incident,
        subject=f"The notice of {incident.reference} went out by itself",
        text=(
            f"Two hours were left, so the initial notice to "
            f"{duty.get_recipient_display()} was sent with the facts on file.\n"
            f"SHA-256 of its text: {notice.sha256}\n\n"
            "Add what is known meanwhile in a follow-up, at the desk, under Incidents."
        ),
        now=now,
    )
    return True


def cry_unarmed(duty: NoticeDuty, *, now: datetime) -> None:
    """It is hour 22 and nothing may go by itself: everybody hears of it, once here and
    from then on by the banner, the log and the exit status of `check_deadlines`."""
    incident = duty.incident
    note_fact(incident, "not armed at hour 22", actor=None, now=now)
    tell(
        incident,
        subject=f"ACT NOW: nobody sends the notice of {incident.reference}",
        text=(
            f"It is due {duty.due_at:%Y-%m-%d %H:%M} UTC. Two hours are left, nothing "
            "was sent, and it can't go by itself because two officers haven't armed "
            "that.\nSend it now, at the desk, under Incidents; or arm it with a second "
            "officer, and it goes within minutes."
        ),
        now=now,
    )


def watch(now: datetime) -> int:
    """Each minute: what became of mails, what is to go by itself, what is wrong.

    A duty whose hour came while it couldn't go, goes as soon as it can.
    """
    moved = follow_mails(now) + follow_erasures(now)
    for duty in owed_at(now):
        try:
            moved += send_by_itself(duty.pk, now=now)
        except IncidentRefused as refused:
            logger.critical("%s: %s", duty.incident.reference, refused.messages[0])
    for alarm in alarms(now):
        logger.critical("%s", alarm)
    return moved


def alarms(now: datetime, *, reader: User | None = None) -> list[str]:
    """What is wrong with notices at this instant; a sentence each, without names.

    Not of cases that the reader is barred from.
    """
    found = []
    for duty in owed_at(now):
        if reader and duty.incident.is_barred(reader.pk):
            continue
        told = f"{duty.incident.reference}: the notice to Amazon isn't sent"
        found.append(f"{told}; due {duty.due_at:%Y-%m-%d %H:%M} UTC.{_why_not(duty)}")
    stuck = Sending.objects.filter(state=Sending.State.QUEUED).exclude(trouble="")
    for sending in stuck.select_related("notice__duty__incident"):
        about = sending.notice.duty
        if reader and about.incident.is_barred(reader.pk):
            continue
        found.append(
            f"{about.incident.reference}: no mail server takes the notice to "
            f"{about.get_recipient_display()} ({sending.trouble}). {_stuck(sending)}"
        )
    return found


def _stuck(sending: Sending) -> str:
    if sending.is_refused:
        return (
            f"It is refused for good ({sending.answer}): send it otherwise, now. It is "
            "tried again all the same."
        )
    return "It is tried again and again; send it otherwise if that lasts."


def _why_not(duty: NoticeDuty) -> str:
    if is_real(duty.incident) and not is_armed():
        return " It can't go by itself: two officers haven't armed that."
    if not is_real(duty.incident) and not settings.INCIDENT_DRILL_ADDRESS:
        return " It can't go by itself: INCIDENT_DRILL_ADDRESS isn't set."
    return ""


def trouble_of(deadline: Deadline, now: datetime) -> str:
    """What is wrong with the clock of a notice; "" if nothing is."""
    waiting = Sending.objects.filter(state=Sending.State.QUEUED).exclude(answer="")
    if waiting.filter(notice__duty=deadline.subject_id).exists():
        return "mail servers refuse it for good; send it otherwise."
    return next(
        (
            f"hour 22 has come, and nothing was sent.{_why_not(duty)}"
            for duty in owed_at(now)
            if duty.pk == deadline.subject_id
        ),
        "",
    )


def trouble(now: datetime) -> str:
    """For the desk and `/healthz`: no case is named, since whoever is barred from one
    reads it as well."""
    wrong = len(alarms(now))
    return f"{wrong} need somebody now: look under Incidents." if wrong else ""
