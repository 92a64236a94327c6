"""What is mailed about staff access: to officers, to the person, to the owners."""

import zoneinfo
from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo

from django.conf import settings
from django.urls import reverse

from plugseller.accounts.models import Grant, User
from plugseller.jobs import outbox


def asked(grant: Grant, deciders: Iterable[User], *, now: datetime) -> None:
    """To those who may approve it."""
    for officer in deciders:
        _post(
            officer,
            f"Staff access to {grant.seller.name} waits for your decision",
            f"{grant.get_role_display()} asks to {_opens(grant)} of "
            f"{grant.seller.name} for {_hours(grant)}.\n\n{_why(grant)}\n\n"
            "Nothing is open yet. Approve or refuse it within 12 hours; after that "
            f"the request is over:\n{_at_the_desk(grant)}",
            now=now,
        )


def decided(grant: Grant, person: User, *, approved: bool, now: datetime) -> None:
    """To the person who asked."""
    name = grant.seller.name
    if approved and grant.ends_at:
        _post(
            person,
            f"Your access to {name} is open",
            f"You may {_opens(grant)} of {name} until "
            f"{_at(grant.ends_at, person.time_zone)}. Everything you open is shown to "
            f"the seller. Give it back when you are done:\n{_at_the_desk(grant)}",
            now=now,
        )
    else:
        _post(
            person,
            f"Your request for access to {name} was refused",
            "Nothing was opened. Ask the officer why before you ask again.",
            now=now,
        )


def glass_broken(
    grant: Grant, officers: Iterable[User], owners: Iterable[User], *, now: datetime
) -> None:
    """To every officer and to the seller's owners, at once."""
    name = grant.seller.name
    for officer in officers:
        _post(
            officer,
            f"Emergency access to {name} without a second person",
            f"{_who(grant)} opened {name} and may {_opens(grant)} until "
            f"{_until(grant, officer)}.\n\n{_why(grant)}\n\nAnother officer has to "
            f"review it by {_at(grant.review_due_at, officer.time_zone)}:\n"
            f"{_at_the_desk(grant)}",
            now=now,
        )
    for owner in owners:
        _post(
            owner,
            f"Our staff opened {name} in an emergency",
            f"{_who(grant)} opened {name} without waiting for a second person, and "
            f"may {_opens(grant)} until {_until(grant, owner)}.\n\n{_why(grant)}\n\n"
            "Another officer will review it. You can end it at once, and see all that "
            f"was opened:\n{_staff_access(grant)}",
            now=now,
        )


def review_overdue(grant: Grant, officers: Iterable[User], *, now: datetime) -> None:
    for officer in officers:
        _post(
            officer,
            f"Overdue: the review of an emergency access to {grant.seller.name}",
            "The review was due by "
            f"{_at(grant.review_due_at, officer.time_zone)}, and nobody has written "
            "one. An officer other than the one who had the access has to do it now:\n"
            f"{_at_the_desk(grant)}",
            now=now,
        )


def access_report(owner: User, *, subject: str, text: str, now: datetime) -> None:
    """To an owner, the month's report as it is kept."""
    _post(owner, subject, text, now=now)


def staff_access_page(slug: str) -> str:
    """The address of the seller's page about staff access, for a mail."""
    return settings.PUBLIC_ADDRESS + reverse("staff_access", args=[slug])


def _post(person: User, subject: str, text: str, *, now: datetime) -> None:
    outbox.post(to=person.email, subject=subject, text=text, owner=person.pk, now=now)


def _who(grant: Grant) -> str:
    return f"A {grant.get_role_display().lower()} of ours"


def _opens(grant: Grant) -> str:
    return ", ".join(grant.opens)


def _hours(grant: Grant) -> str:
    return "1 hour" if grant.hours == 1 else f"{grant.hours} hours"


def _why(grant: Grant) -> str:
    ticket = f"\nTicket: {grant.ticket}" if grant.ticket else ""
    return f"Why: {grant.reason}{ticket}"


def _until(grant: Grant, reader: User) -> str:
    return _at(grant.ends_at, reader.time_zone)


def _at(instant: datetime | None, zone: str) -> str:
    """ "24 Nov 2026, 15:04 (Europe/Istanbul)" """
    if instant is None:
        return "an unknown time"
    try:
        there: tzinfo = zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        there, zone = UTC, "UTC"
    local = instant.astimezone(there)
    return f"{local.day} {local:%b %Y, %H:%M} ({zone})"


def _at_the_desk(grant: Grant) -> str:
    return settings.PUBLIC_ADDRESS + reverse(
        "admin:accounts_grant_change", args=[grant.pk]
    )


def _staff_access(grant: Grant) -> str:
    return staff_access_page(grant.seller.slug)
