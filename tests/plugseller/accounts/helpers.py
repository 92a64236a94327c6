"""What tests of the entrance ask again and again."""

import re
import time
from datetime import datetime
from typing import Any

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.test import Client

from plugseller.audit.models import Entry
from plugseller.jobs.models import OutgoingMail

ANOTHER = "Another-Horse-10-Battery"


def mails(to: str) -> list[dict[str, str]]:
    """What is in the outbox for that address, oldest first."""
    every = [m.content.reveal() for m in OutgoingMail.objects.order_by("posted_at")]
    return [content for content in every if content["to"] == to]


def subjects(to: str) -> list[str]:
    return [mail["subject"] for mail in mails(to)]


def mailed_code(to: str) -> str:
    """The code in the newest mail."""
    found = re.search(r"^    (\S+)$", mails(to)[-1]["text"], re.MULTILINE)
    assert found
    return found[1]


def entries(event: str) -> list[Any]:
    return list(Entry.objects.filter(event=event).order_by("id"))


def code_for(secret: str, steps: int = 0) -> str:
    """What an app with that secret shows, so many steps from now."""
    counter = int(time.time()) // 30 + steps
    return str(format_hotp_value(hotp_value(secret, counter)))


def guess(client: Client, email: str, **more: Any) -> Any:
    return client.post(
        "/sign-in", {"login": email, "password": "Wrong-1-wrong"}, **more
    )


def stamp(client: Client, name: str, at: datetime) -> None:
    """Set a clock of the browser's session."""
    session = client.session
    session[name] = at.timestamp()
    session.save()
