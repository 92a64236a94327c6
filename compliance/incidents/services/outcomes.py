"""What becomes of a notice that left: accepted, arrived, come back (INC-2).

It is read from the outbox each minute. It is evidence, so it is copied before the mail
itself expires; and who has other evidence than the mail server's word records it.
"""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from compliance import clocks
from compliance.incidents.casework import Notice, NoticeDuty, Sending
from compliance.incidents.models import Incident
from compliance.incidents.sections import affected_sellers
from compliance.incidents.services.clock import renew_duties, run_clock
from compliance.incidents.services.notices import is_told
from compliance.incidents.services.people import hold, officer_at, tell
from compliance.incidents.services.reach import reachable_sellers
from compliance.incidents.services.runbook import tick_key
from compliance.incidents.services.sending import (
    Way,
    is_real,
    seal,
    take_way,
    ways_to,
)
from compliance.incidents.services.timeline import note_fact
from compliance.incidents.states import IncidentRefused
from plugseller.accounts.models import User
from plugseller.jobs import outbox
from plugseller.jobs.models import OutgoingMail

State = Sending.State
_REFUSED_TRIES = 3  # after so many refusals for good another way is tried


def follow_mails(now: datetime) -> int:
    """Copy from the outbox what became of each notice; how many got further."""
    waiting = Sending.objects.filter(state=State.QUEUED).exclude(mail_id=None)
    ids = list(waiting.values_list("pk", flat=True))
    return sum(_follow(pk, now) for pk in ids)


@transaction.atomic
def _follow(pk: UUID, now: datetime) -> bool:
    sending = Sending.objects.select_related("notice__duty__incident").get(pk=pk)
    incident = hold(sending.notice.duty.incident)
    sending.refresh_from_db()
    mail = OutgoingMail.objects.filter(pk=sending.mail_id or pk).first()
    if sending.state != State.QUEUED or mail is None:
        return False
    if mail.state == OutgoingMail.State.ACCEPTED:
        _accepted(incident, sending, mail, now)
        return True
    if mail.trouble != sending.trouble:
        sending.trouble = mail.trouble
        sending.save(update_fields=["trouble"])
    refused = mail.answer.startswith("5") and mail.attempts >= _REFUSED_TRIES
    # A person is told in the console at the latest.
    elsewhere = bool(_next(sending) or sending.person_id)
    if mail.state == OutgoingMail.State.FAILED or (refused and elsewhere):
        _came_back(incident, sending, None, now)
        outbox.withdraw(mail.pk, now=now)
        return True
    if refused and not sending.is_refused:
        _refused(incident, sending, mail, now)
        return True
    return False


def _refused(
    incident: Incident, sending: Sending, mail: OutgoingMail, now: datetime
) -> None:
    """Nothing is left but to try it again; so somebody has to send it by hand."""
    sending.answer = mail.answer
    sending.save(update_fields=["answer"])
    _note(incident, sending, "notice refused", None, now)
    if not _arrived(sending.notice):
        _page(incident, sending.notice, "is refused", now)


def _accepted(
    incident: Incident, sending: Sending, mail: OutgoingMail, now: datetime
) -> None:
    sending.state, sending.trouble = State.ACCEPTED, ""
    sending.accepted_at, sending.answer = mail.done_at, mail.answer
    sending.save(update_fields=["state", "trouble", "accepted_at", "answer"])
    notice = sending.notice
    note_fact(
        incident,
        "notice accepted",
        actor=None,
        now=now,
        at=min(sending.accepted_at or now, now),
        recipient=notice.duty.recipient,
        number=notice.number,
        way=sending.way,
        message_id=sending.message_id,
        answer=sending.answer,
    )
    settle(notice.duty, now=now)


def settle(duty: NoticeDuty, *, now: datetime) -> None:
    """Whether what is owed has arrived: its clock is met, or runs again.

    One that came back leaves the clock where it was: it counts from the detection. In
    the caller's transaction, which holds the incident.
    """
    duty = NoticeDuty.objects.select_related("incident").get(pk=duty.pk)
    told = is_told(duty)
    if told and duty.met_at is None:
        NoticeDuty.objects.filter(pk=duty.pk).update(met_at=told)
        clocks.met(duty.clock_name, duty.pk, now=told)
        tick_key(duty.incident, duty.recipient, actor=None, now=now)
    elif not told and duty.met_at is not None:
        NoticeDuty.objects.filter(pk=duty.pk).update(met_at=None)
        duty.met_at = None
        run_clock(duty, now=now)


def follow_erasures(now: datetime) -> int:
    """An affected seller that was deleted can't be told, and holds up no notice to the
    others; how many duties changed by that."""
    owed = NoticeDuty.objects.filter(
        recipient=NoticeDuty.Recipient.SELLERS,
        is_needed=True,
        met_at=None,
        incident__ended_at=None,
    )
    return sum(
        _without_the_gone(one, now)
        for one in owed.select_related("incident")
        if _is_free_by_that(one)
    )


def _is_free_by_that(duty: NoticeDuty) -> bool:
    """Whether those who can't be told any more are all that is still owed."""
    reachable = reachable_sellers(duty.incident)
    if len(reachable) == len(affected_sellers(duty.incident)):
        return False
    return not reachable or is_told(duty) is not None


@transaction.atomic
def _without_the_gone(duty: NoticeDuty, now: datetime) -> bool:
    incident = hold(duty.incident)
    renew_duties(incident, now=now)
    settle(duty, now=now)
    after = NoticeDuty.objects.get(pk=duty.pk)
    return not after.is_open


def _next(sending: Sending) -> list[Way]:
    """What is tried after this way, as long as nothing was."""
    notice = sending.notice
    if sending.person_id:  # all owners were written to; somebody may have joined them
        tried = set(notice.sendings.values_list("person_id", flat=True))
        every = [way for one in ways_to(notice.duty, notice.seller_id) for way in one]
        return [way for way in every if way.person_id not in tried]
    if notice.sendings.filter(way__gt=sending.way).exists():
        return []
    ways = ways_to(notice.duty, notice.seller_id)
    return ways[sending.way] if sending.way < len(ways) else []


def _came_back(
    incident: Incident, sending: Sending, actor: User | None, now: datetime
) -> None:
    """The duty is red again, and the next way is tried, or somebody has to."""
    notice, following = sending.notice, _next(sending)
    sending.state, sending.bounced_at = State.BOUNCED, now
    sending.noted_by = actor.pk if actor else None
    sending.save(update_fields=["state", "bounced_at", "noted_by"])
    _note(incident, sending, "notice came back", actor, now)
    settle(notice.duty, now=now)
    for way in following:
        take_way(notice, way, sending.way + 1, now=now)
        _note(incident, sending, "next way taken", None, now)
    if not following and not _is_under_way(notice):
        _page(incident, notice, "came back", now)


def _arrived(notice: Notice) -> bool:
    return notice.sendings.filter(state__in=Sending.ARRIVED).exists()


def _is_under_way(notice: Notice) -> bool:
    """Whether another copy of it arrived, or may still."""
    alive = (*Sending.ARRIVED, State.QUEUED)
    return notice.sendings.filter(state__in=alive).exists()


def _page(incident: Incident, notice: Notice, what: str, now: datetime) -> None:
    """No way is left: all officers are told what to do by hand, and get the text."""
    recipient = notice.duty.get_recipient_display()
    content = notice.content.reveal()
    tell(
        incident,
        subject=f"ACT NOW: the notice of {incident.reference} {what}",
        text=(
            f"The notice to {recipient} {what}, and no other address is left.\n"
            f"{_in_the_console(notice)}"
            "Send it by any other means: the marketplace's pages, a form, the phone.\n"
            "Record at the desk, under Incidents, how it was sent, with the proof.\n"
            f"It is due {notice.duty.due_at:%Y-%m-%d %H:%M} UTC. Its exact text:\n\n"
            f"{content['subject']}\n\n{content['text']}"
        ),
        now=now,
    )


def _in_the_console(notice: Notice) -> str:
    if notice.seller_id is None:
        return ""
    return "The seller's owners see it on their next page in the console.\n"


@transaction.atomic
def note_delivered(
    *, actor: User, sending: Sending, at: datetime, proof: str, now: datetime
) -> None:
    """An officer has evidence that it arrived: an answer, a receipt."""
    incident = _noting(actor, sending, proof, "Write what proves that it arrived.")
    ours = Sending.objects.filter(pk=sending.pk, state=State.ACCEPTED)
    fields = {"state": State.DELIVERED, "delivered_at": at, "noted_by": actor.pk}
    if not ours.update(**fields):
        raise IncidentRefused("Only what a mail server accepted can have arrived.")
    _note(incident, sending, "notice delivered", actor, now, at=at, text=proof)


@transaction.atomic
def note_bounced(*, actor: User, sending: Sending, why: str, now: datetime) -> None:
    """It came back, whatever the mail server had said. Raises IncidentRefused."""
    incident = _noting(actor, sending, why, "Write how you know that it came back.")
    sending.refresh_from_db()
    if sending.state not in (State.ACCEPTED, State.QUEUED):
        raise IncidentRefused("This can't have come back. Nothing was changed.")
    if sending.mail_id:
        outbox.withdraw(sending.mail_id, now=now)
    _note(incident, sending, "bounce recorded", actor, now, text=why)
    _came_back(incident, sending, actor, now)


@transaction.atomic
def note_sent_otherwise(
    *,
    actor: User,
    duty: NoticeDuty,
    at: datetime,
    proof: str,
    now: datetime,
    seller_id: UUID | None = None,
) -> Notice:
    """The notice went by phone, form or letter, and this proves it (INC-2).

    What waits in the outbox for the same notice is superseded. Raises IncidentRefused.
    """
    officer_at(actor, duty.incident)
    incident = hold(duty.incident)
    duty.incident = incident
    if not proof.strip():
        raise IncidentRefused("Write how it was sent, to whom, and what proves it.")
    if not incident.detected_at <= at <= now:
        raise IncidentRefused("It can't have been sent before the detection, or later.")
    stuck = duty.notices.filter(seller_id=seller_id).exclude(sent_at=None).last()
    if stuck is None or _arrived(stuck):
        stuck = seal(duty, seller_id, actor=actor, now=now)
    for waiting in stuck.sendings.filter(state=State.QUEUED):
        if waiting.mail_id:
            outbox.withdraw(waiting.mail_id, now=now)
        waiting.state = State.SUPERSEDED
        waiting.save(update_fields=["state"])
    sending = Sending.objects.create(
        notice=stuck,
        way=stuck.sendings.count() + 1,
        address="otherwise",
        seal_id=incident.pk,
        is_real=is_real(incident),
        state=State.OTHERWISE,
        queued_at=at,
        accepted_at=at,
        noted_by=actor.pk,
    )
    what = "notice sent otherwise"
    _note(incident, sending, what, actor, now, at=at, text=proof)
    settle(duty, now=now)
    return stuck


def _noting(actor: User, sending: Sending, words: str, ask: str) -> Incident:
    officer_at(actor, sending.notice.duty.incident)
    if not words.strip():
        raise IncidentRefused(ask)
    return hold(sending.notice.duty.incident)


def _note(
    incident: Incident,
    sending: Sending,
    what: str,
    actor: User | None,
    now: datetime,
    *,
    text: str = "",
    at: datetime | None = None,
) -> None:
    notice = sending.notice
    note_fact(
        incident,
        what,
        actor=actor,
        now=now,
        at=at,
        text=text,
        recipient=notice.duty.recipient,
        number=notice.number,
        way=sending.way,
    )
