"""The way out for mail: kept first, sent afterwards, tried again (CON-1, ACC-2).

A mail is a row in the transaction of what it tells of, so neither exists without the
other. Handing it over happens outside of that transaction, at once where possible and
by the timetable otherwise. To send a mail twice after a crash is better than never;
the second one is the same to the letter, with its Message-ID and its date.

An urgent mail goes before all others, over the second mail server where the first
doesn't take it, and is tried until one of them does (INC-3).
"""

import logging
from datetime import datetime, timedelta
from email.utils import format_datetime, make_msgid
from functools import partial
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import models, transaction
from django.db.models import F
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from django_q.tasks import async_task

from plugseller.crypto.sealing import Unopenable
from plugseller.crypto.services import INSTALLATION, create_data_key
from plugseller.jobs import leases
from plugseller.jobs.models import OutgoingMail

_WAITS = (1, 5, 15, 60, 180, 360, 720, 1440)  # minutes after a failed try, then no more
_URGENT_WAITS = (1, 1, 2, 2, 5)  # the last one again and again
_AT_ONCE = 100  # mails in one round
LEASE = "outbox"
_LONGEST_ANSWER = 200

logger = logging.getLogger(__name__)


@sensitive_variables("to", "subject", "text", "content")
def post(
    *,
    to: str,
    subject: str,
    text: str,
    owner: UUID | None = None,
    now: datetime | None = None,
    urgent: bool = False,
) -> OutgoingMail:
    """Put a mail into the outbox, in the caller's transaction.

    `owner` is the person or seller whose key seals it; an `urgent` one is tried until
    a server takes it. Raises KeyTrouble.
    """
    owner = owner or INSTALLATION
    create_data_key(owner)
    content = {"to": to, "subject": " ".join(subject.split()), "text": text}
    with transaction.atomic():
        mail = OutgoingMail.objects.create(
            owner=owner,
            content=content,
            message_id=make_msgid(domain=settings.MAIL_DOMAIN),
            try_at=now or timezone.now(),
            urgent=urgent,
        )
        transaction.on_commit(partial(_hurry, mail.pk))
    return mail


def _hurry(mail_id: UUID) -> None:
    """Ask a worker to send it now; without one, the timetable does."""
    try:
        async_task("plugseller.jobs.outbox.send_now", str(mail_id))
    except Exception as error:
        logger.warning("A mail waits for the timetable: %s.", type(error).__name__)


def withdraw(mail_id: UUID, *, now: datetime) -> bool:
    """Try a mail no further, because another went in its place; whether it waited."""
    waiting = OutgoingMail.objects.filter(pk=mail_id, state=OutgoingMail.State.QUEUED)
    failed = OutgoingMail.State.FAILED
    return bool(waiting.update(state=failed, done_at=now, trouble="replaced"))


def send_now(mail_id: str) -> None:
    """Send one mail, if it still waits; a job."""
    _hand_over(OutgoingMail.objects.filter(pk=UUID(mail_id)), timezone.now())


def send_due(now: datetime) -> int:
    """Send what waits and whose time has come; how many were accepted."""
    due = OutgoingMail.objects.filter(try_at__lte=now).order_by(
        "-urgent", "try_at", "pk"
    )
    return _hand_over(due, now)


def _hand_over(mails: models.QuerySet[OutgoingMail], now: datetime) -> int:
    held = leases.take(LEASE, now=now)
    if held is None:
        return 0  # another worker is at it
    try:
        waiting = mails.filter(state=OutgoingMail.State.QUEUED)[:_AT_ONCE]
        return sum(_try(mail, now) for mail in waiting)
    finally:
        leases.give_back(held)


def _try(mail: OutgoingMail, now: datetime) -> bool:
    try:
        answer = _send(mail)
    except Unopenable:
        trouble, code, last = "its key was destroyed", "", True
    except OSError as error:  # refused, cut off, not resolved; smtplib's are OSErrors
        trouble, code = type(error).__name__, _code(error)
        last = mail.attempts >= len(_WAITS) and not mail.urgent
    else:
        accepted = OutgoingMail.State.ACCEPTED
        return _note(mail, state=accepted, done_at=now, trouble="", answer=answer)
    if last:
        logger.error("Mail %s is given up: %s.", mail.pk, trouble)
        failed = OutgoingMail.State.FAILED
        _note(mail, state=failed, done_at=now, trouble=trouble, answer=code)
    else:
        _note(mail, try_at=now + _pause(mail), trouble=trouble, answer=code)
    return False


def _pause(mail: OutgoingMail) -> timedelta:
    waits = _URGENT_WAITS if mail.urgent else _WAITS
    return timedelta(minutes=waits[min(mail.attempts, len(waits) - 1)])


def _code(error: OSError) -> str:
    """The number of a mail server's refusal: its words may hold an address."""
    refused = getattr(error, "recipients", None) or {}
    codes = [code for code, _ in refused.values()] or [getattr(error, "smtp_code", "")]
    return str(codes[0])


def _note(mail: OutgoingMail, **fields: object) -> bool:
    waiting = OutgoingMail.objects.filter(pk=mail.pk, state=OutgoingMail.State.QUEUED)
    return bool(waiting.update(attempts=F("attempts") + 1, **fields))


def _send(mail: OutgoingMail) -> str:
    """Hand it over; what the server answered, without addresses."""
    try:
        return _over(mail, get_connection())
    except OSError:
        if not (mail.urgent and settings.SECOND_MAIL_HOST):
            raise
        logger.warning("Mail %s goes over the second mail server.", mail.pk)
    second = get_connection(
        host=settings.SECOND_MAIL_HOST,
        port=settings.SECOND_MAIL_PORT,
        username=settings.SECOND_MAIL_USER,
        password=settings.SECOND_MAIL_PASSWORD,
    )
    return _over(mail, second)


@sensitive_variables("content")
def _over(mail: OutgoingMail, connection: BaseEmailBackend) -> str:
    content = mail.content.reveal()
    EmailMessage(
        subject=content["subject"],
        body=content["text"],
        to=[content["to"]],
        headers={
            "Message-ID": mail.message_id,
            "Date": format_datetime(mail.posted_at),
            "Auto-Submitted": "auto-generated",
        },
        connection=connection,
    ).send()
    answer = getattr(connection, "answer", "kept as a file")
    said = ("(an address)" if "@" in word else word for word in answer.split())
    return " ".join(said)[:_LONGEST_ANSWER]
