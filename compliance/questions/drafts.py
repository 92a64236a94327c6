"""Answers to what is asked again and again, for officers to begin with (CON-1).

Each points to the page that shows it, and holds only figures of who asked.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.urls import reverse

from marketplaces.reports import dropped_since
from plugseller.accounts.models import User
from plugseller.accounts.tenancy import sellers_of

_DAYS = 30


@dataclass(frozen=True, slots=True)
class Draft:
    """One of them: what it is about, and the text for somebody at an instant."""

    key: str  # in the address
    label: str
    text: Callable[[User, datetime], str]


def _buyers(person: User, now: datetime) -> str:
    since = now - timedelta(days=_DAYS)
    dropped = sum(
        one.times
        for seller in sellers_of(person)
        for one in dropped_since(seller, since=since)
    )
    return (
        "No. We fetch no names, addresses, phone numbers or e-mail addresses of your "
        "buyers, and hold no role at a marketplace that would open them. If some "
        "arrive unasked, they are dropped before anything is stored: that happened to "
        f"{dropped:,} values of yours in the last {_DAYS} days.\n\n"
        f"What we fetch, and why: {_page('what_we_fetch')}"
    )


def _kept(person: User, now: datetime) -> str:
    return (
        "Each kind of data has a time after which it is removed by itself, and you may "
        "choose shorter times: open your seller, then Access, then Privacy and "
        f"deletion.\n\nAll the times: {_page('data_deletion')}"
    )


def _deleted(person: User, now: datetime) -> str:
    return (
        "An owner asks for it: open your seller, then Access, then Privacy and "
        "deletion. It is done within 30 days, and you get a signed certificate. Your "
        "own user account is deleted under Account, then Deletions.\n\n"
        f"How it works: {_page('data_deletion')}"
    )


def _seen(person: User, now: datetime) -> str:
    return (
        "None of our roles opens your data. Where one of us was let in, for a reason "
        "and some hours, the page Staff access of your seller shows who it was by "
        "role, why, and what was read.\n\n"
        f"What we promise, and whether it holds: {_page('data_protection')}"
    )


DRAFTS = (
    Draft("buyers", "Do you store my buyers' names?", _buyers),
    Draft("kept", "How long do you keep my data?", _kept),
    Draft("deleted", "How is my data deleted?", _deleted),
    Draft("seen", "Who has seen my data?", _seen),
)


def text_of(key: str, person: User | None, now: datetime) -> str:
    """The draft of that key for who asked; nothing if there is none."""
    found = next((one for one in DRAFTS if one.key == key), None)
    return found.text(person, now) if found and person else ""


def _page(name: str) -> str:
    return f"{settings.PUBLIC_ADDRESS}{reverse(name)}"
