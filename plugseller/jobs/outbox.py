"""The way out for mail: kept first, sent afterwards, tried again (CON-1, ACC-2).

A mail is a row in the transaction of what it tells of, so neither exists without the
other. Handing it over happens outside of that transaction, at once where possible and
by the timetable otherwise. To send a mail twice after a crash is better than never;
the second one carries the same Message-ID.
"""

import logging
from datetime import datetime, timedelta
from email.utils import make_msgid
from functools import partial
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import models, transaction
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from django_q.tasks import async_task

from plugseller.crypto.sealing import Unopenable
from plugseller.crypto.services import INSTALLATION, create_data_key
from plugseller.jobs import leases
from plugseller.jobs.models import OutgoingMail

_WAITS = (1, 5, 15, 60, 180, 360, 720, 1440)  # minutes after a failed try, then no more
_AT_ONCE = 100  # mails in one round

logger = logging.getLogger(__name__)


@sensitive_variables("to", "subject", "text", "content")
def post(
    *,
    to: str,
    subject: str,
    text: str,
    owner: UUID | None = None,
    now: datetime | None = None,
) -> OutgoingMail:
    """Put a mail into the outbox, in the caller's transaction.

    `owner` is the person or seller whose key seals it. Raises KeyTrouble.
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
        )
        transaction.on_commit(partial(_hurry, mail.pk))
    return mail


def _hurry(mail_id: UUID) -> None:
    """Ask a worker to send it now; without one, the timetable does."""
    try:
        async_task("plugseller.jobs.outbox.send_now", str(mail_id))
    except Exception as error:
        logger.warning("A mail waits for the timetable: %s.", type(error).__name__)


def send_now(mail_id: str) -> None:
    """Send one mail, if it still waits; a job."""
    _hand_over(OutgoingMail.objects.filter(pk=UUID(mail_id)), timezone.now())


def send_due(now: datetime) -> int:
    """Send what waits and whose time has come; how many were accepted."""
    due = OutgoingMail.objects.filter(try_at__lte=now).order_by("try_at", "pk")
    return _hand_over(due, now)


def _hand_over(mails: models.QuerySet[OutgoingMail], now: datetime) -> int:
    held = leases.take("outbox", now=now)
    if held is None:
        return 0  # another worker is at it
    try:
        waiting = mails.filter(state=OutgoingMail.State.QUEUED)[:_AT_ONCE]
        return sum(_try(mail, now) for mail in waiting)
    finally:
        leases.give_back(held)


def _try(mail: OutgoingMail, now: datetime) -> bool:
    try:
        _send(mail)
    except Unopenable:
        trouble, last = "its key was destroyed", True
    except OSError as error:  # refused, cut off, not resolved; smtplib's are OSErrors
        trouble, last = type(error).__name__, mail.attempts >= len(_WAITS)
    else:
        return _note(mail, state=OutgoingMail.State.ACCEPTED, done_at=now, trouble="")
    if last:
        logger.error("Mail %s is given up: %s.", mail.pk, trouble)
        _note(mail, state=OutgoingMail.State.FAILED, done_at=now, trouble=trouble)
    else:
        later = now + timedelta(minutes=_WAITS[mail.attempts])
        _note(mail, try_at=later, trouble=trouble)
    return False


def _note(mail: OutgoingMail, **fields: object) -> bool:
    waiting = OutgoingMail.objects.filter(pk=mail.pk, state=OutgoingMail.State.QUEUED)
    return bool(waiting.update(attempts=mail.attempts + 1, **fields))


@sensitive_variables("content")
def _send(mail: OutgoingMail) -> None:
    content = mail.content.reveal()
    EmailMessage(
        subject=content["subject"],
        body=content["text"],
        to=[content["to"]],
        headers={"Message-ID": mail.message_id, "Auto-Submitted": "auto-generated"},
    ).send()
