"""The month's mail to owners about staff access; it comes also when nobody looked."""

import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from plugseller.accounts.models import AccessReport, Grant, Seller
from plugseller.accounts.reads import Read, reads_under
from plugseller.accounts.services import grant_mails
from plugseller.accounts.services.grants import owners_of
from plugseller.audit.services import record


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month of a seller's time zone."""

    first: date
    begins: datetime
    ends: datetime

    @property
    def name(self) -> str:
        return f"{self.first:%B %Y}"


def month_before(now: datetime, zone: str) -> Month:
    """The last month that is wholly over in that zone."""
    there = _zone(zone)
    this = now.astimezone(there).date().replace(day=1)
    first = (this - timedelta(days=1)).replace(day=1)
    begins = datetime(first.year, first.month, 1, tzinfo=there)
    return Month(first, begins, datetime(this.year, this.month, 1, tzinfo=there))


def report_access(now: datetime) -> int:
    """Tell the owners of every seller about the last month, once; how many reports.

    Each seller is a transaction, so what was told stays told if the work is cut off.
    """
    made = 0
    for zone in (
        Seller.objects.order_by().values_list("time_zone", flat=True).distinct()
    ):
        month = month_before(now, zone)
        there_then = Seller.objects.filter(time_zone=zone, created_at__lt=month.ends)
        untold = there_then.exclude(access_reports__month=month.first)
        for pk in list(untold.order_by("pk").values_list("pk", flat=True)):
            made += report_month(Seller.objects.get(pk=pk), month, now=now)
    return made


@transaction.atomic
def report_month(seller: Seller, month: Month, *, now: datetime) -> bool:
    """Mail one seller's owners about one month; False if they were told already."""
    grants = list(_grants_in(seller, month))
    reads = reads_under(
        seller,
        [grant.pk for grant in grants],
        since=month.begins,
        before=month.ends,
    )
    text = _text(seller, month, grants, reads, now)
    owners = list(owners_of(seller.pk))
    report, new = AccessReport.objects.get_or_create(
        seller=seller,
        month=month.first,
        defaults={
            "grants": len(grants),
            "text": text,
            "told": len(owners),
            "posted_at": now,
        },
    )
    if not new:
        return False
    subject = f"Staff access to {seller.name} in {month.name}: {_summary(grants)}"
    for owner in owners:
        grant_mails.access_report(owner, subject=subject, text=text, now=now)
    record(
        "access_report.posted",
        seller_id=seller.pk,
        subject=report,
        rows=len(grants),
        details={"month": month.first, "owners": len(owners)},
    )
    return True


def _grants_in(seller: Seller, month: Month) -> list[Grant]:
    asked = Q(asked_at__gte=month.begins, asked_at__lt=month.ends)
    open_then = Q(starts_at__lt=month.ends, ends_at__gt=month.begins) & (
        Q(ended_at=None) | Q(ended_at__gt=month.begins)
    )
    return list(
        Grant.objects.filter(asked | open_then, seller=seller).order_by("asked_at")
    )


def _summary(grants: list[Grant]) -> str:
    begun = sum(grant.starts_at is not None for grant in grants)
    return {0: "nobody", 1: "once"}.get(begun, f"{begun} times")


def _text(
    seller: Seller,
    month: Month,
    grants: list[Grant],
    reads: Mapping[UUID, list[Read]],
    now: datetime,
) -> str:
    page = grant_mails.staff_access_page(seller.slug)
    if not grants:
        body = (
            f"In {month.name} nobody of our staff had access to the data of "
            f"{seller.name}, and nobody asked for it."
        )
    else:
        told = [_told(grant, reads.get(grant.pk, []), now) for grant in grants]
        body = "\n\n".join(
            [f"Staff access to the data of {seller.name} in {month.name}:", *told]
        )
    return (
        f"{body}\n\nThe page behind this mail shows each record of it:\n{page}\n\n"
        "You get this mail each month, also when nobody looked, so that its absence "
        "would tell you something."
    )


def _told(grant: Grant, reads: list[Read], now: datetime) -> str:
    zone = _zone(grant.seller.time_zone)
    begun = _day_and_time(grant.starts_at or grant.asked_at, zone)
    over = grant.over_since(now) or grant.ends_at
    until = f" until {_day_and_time(over, zone)}" if grant.starts_at and over else ""
    seen = [f"{read.sentence}: {read.times} times, {read.rows} rows" for read in reads]
    lines = [
        f"{grant.get_role_display() or 'Staff'}, {begun}{until}: "
        f"{grant.state_at(now).label.lower()}",
        f"  Could {', '.join(grant.opens)}",
        f"  Why: {grant.reason}",
        f"  Ticket: {grant.ticket}" if grant.ticket else "",
        "  In an emergency, without a second person" if grant.break_glass else "",
        *([f"  They {line}" for line in seen] or ["  Nothing was opened"]),
    ]
    return "\n".join(line for line in lines if line)


def _day_and_time(instant: datetime, zone: tzinfo) -> str:
    local = instant.astimezone(zone)
    return f"{local.day} {local:%b %Y, %H:%M}"


def _zone(name: str) -> tzinfo:
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return UTC
