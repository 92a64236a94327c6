"""How each rule finds what it looks for. Each asks few, indexed questions."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Avg, Count, Sum

from compliance.incidents.detection.hits import Hit
from compliance.incidents.detection.models import Canary, DayOfReads
from compliance.incidents.detection.paths import new_paths
from compliance.incidents.detection.reading import News, Seen
from marketplaces.datamap import NOT_PERMITTED
from marketplaces.evidence.fetching import CALLS_REFUSED
from plugseller.accounts.models import ApiToken, Lockout
from plugseller.accounts.refused import MOST, WINDOW
from plugseller.audit.models import Entry
from plugseller.shelves import EVENTS

_TOLD = 20  # ids of entries that are told; all are counted
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


def mass_exports(news: News, now: datetime) -> Iterator[Hit]:
    names = [name for name in EVENTS if name.startswith("read.") and _is_export(name)]
    ours = [e for e in news.of("read.") if _is_export(e.event)]
    minutes = settings.DETECTION_EXPORT_MINUTES
    for person, entries in _by_person(ours):
        since = entries[-1].timestamp - timedelta(minutes=minutes)
        lately = Entry.objects.filter(
            actor_id=person, event__in=names, timestamp__gt=since
        ).order_by()
        rows = lately.aggregate(rows=Sum("rows"))["rows"] or 0
        if rows >= settings.DETECTION_EXPORT_ROWS:
            yield _hit(entries, person=person, rows=rows, in_minutes=minutes)


def _is_export(event: str) -> bool:
    return event.endswith(".export")


def canaries(news: News, now: datetime) -> Iterator[Hit]:
    touched = news.of("read.", "access.refused", "grant.asked", "grant.break_glass")
    planted = set(Canary.objects.values_list("seller_id", flat=True))
    for entry in touched:
        if entry.seller_id in planted:
            yield _hit([entry], person=entry.actor_id, what=entry.event)


def unusual_reads(news: News, now: datetime) -> Iterator[Hit]:
    """A person's day against the mean of the days on which they read anything."""
    reads = [e for e in news.entries if e.is_read and e.rows]
    habit = timedelta(days=settings.DETECTION_HABIT_DAYS)
    for person, entries in _by_person(reads):
        day = entries[-1].day
        theirs = DayOfReads.objects.filter(person_id=person).order_by()
        today = theirs.filter(day=day).aggregate(rows=Sum("rows"))["rows"] or 0
        if today < settings.DETECTION_READS_FLOOR:
            continue
        before = theirs.filter(day__lt=day, day__gte=day - habit)
        usual = float(before.aggregate(rows=Avg("rows"))["rows"] or 0)
        if today >= settings.DETECTION_READS_FACTOR * usual:
            yield _hit(entries, person=person, rows=today, usual=round(usual))


def foreign_ids(news: News, now: datetime) -> Iterator[Hit]:
    """Only so many refusals are logged within ten minutes, so no more are asked for."""
    most = min(settings.DETECTION_REFUSED, MOST)
    missing = [
        e for e in news.of("access.refused") if e.additional_data["status"] == 404
    ]
    for person, entries in _by_person(missing):
        since = entries[-1].timestamp - WINDOW
        lately = Entry.objects.filter(
            actor_id=person, event="access.refused", timestamp__gt=since
        )
        found = lately.order_by("-id")[:most].values_list("additional_data", flat=True)
        refused = sum(told["status"] == 404 for told in found)
        if refused >= most:
            yield _hit(entries, person=person, refused=refused, in_minutes=10)


def lockouts(news: News, now: datetime) -> Iterator[Hit]:
    locked = news.of("person.locked_out")
    if not locked:
        return
    rows = Lockout.objects.in_bulk([UUID(e.object_pk) for e in locked])
    for entry in locked:
        row = rows.get(UUID(entry.object_pk))
        if row is None:
            continue
        again = Lockout.objects.filter(kind=row.kind, subject=row.subject)
        lately = again.filter(began_at__gt=entry.timestamp - _DAY).order_by("began_at")
        times = lately.count()
        if times >= settings.DETECTION_LOCKOUTS:
            first = lately.values_list("pk", flat=True)[0]
            yield _hit([entry], cause=f"lockout {first}", kind=row.kind, times=times)
    since = locked[-1].timestamp - _HOUR
    many = Lockout.objects.filter(kind=Lockout.Kind.ACCOUNT, began_at__gt=since)
    accounts = many.aggregate(many=Count("subject", distinct=True))["many"]
    if accounts >= settings.DETECTION_LOCKED_ACCOUNTS:
        yield _hit(locked, cause="many accounts", accounts=accounts, in_minutes=60)


def new_countries(news: News, now: datetime) -> Iterator[Hit]:
    """A country is told only where a header for it is set (settings.COUNTRY_HEADER)."""
    before = timedelta(days=settings.DETECTION_COUNTRY_DAYS)
    for entry in news.of("person.signed_in"):
        country = entry.additional_data.get("country")
        if not country or entry.actor_id is None:
            continue
        earlier = Entry.objects.filter(
            actor_id=entry.actor_id,
            event="person.signed_in",
            timestamp__gt=entry.timestamp - before,
            id__lt=entry.id,
        ).order_by("-id")
        told = earlier.values_list("additional_data", flat=True)[:1_000]
        known = {one["country"] for one in told if one.get("country")}
        if known and country not in known:
            yield _hit([entry], person=entry.actor_id, country=country)


def broken_log(news: News, now: datetime) -> Iterator[Hit]:
    for entry in news.of("audit.verified"):
        if not entry.additional_data["whole"]:
            faults = entry.additional_data["faults"]
            yield _hit([entry], cause="audit log", faults=faults)
    if news.is_cut:
        facts: dict[str, str | int] = {"ends_with": news.last}
        yield Hit("audit log", now, (), facts)


def unexpected_pii(news: News, now: datetime) -> Iterator[Hit]:
    runs = [e for e in news.of("sync.run") if e.seller_id]
    for entry, marketplace, paths in new_paths(runs, now):
        yield Hit(
            cause=f"answers of {marketplace}",
            at=entry.timestamp,
            entries=(entry.id,),
            facts={"paths": ", ".join(paths[:_TOLD]), "new_paths": len(paths)},
            marketplaces=frozenset({marketplace}),
        )


def refused_calls(news: News, now: datetime) -> Iterator[Hit]:
    """What the transport refuses before it opens a socket, whoever of ours tried."""
    for entry in news.of(*CALLS_REFUSED):
        told = entry.additional_data
        if told.get(CALLS_REFUSED[entry.event]) == NOT_PERMITTED:
            tried = {"sync.run": f"fetching {told.get('feature')}"}.get(
                entry.event, f"{entry.event} at {told.get('marketplace')}"
            )
            yield _hit([entry], cause="a call of ours", tried=tried)


def ended_keys(news: News, now: datetime) -> Iterator[Hit]:
    refused = news.of("token.refused")
    if not refused:
        return
    ids = {UUID(e.object_pk) for e in refused}
    revoked = ApiToken.objects.filter(pk__in=ids).exclude(revoked_at=None)
    ended = dict(revoked.values_list("pk", "revoked_at"))
    for entry in refused:
        if UUID(entry.object_pk) in ended:
            yield _hit([entry], cause=f"key {entry.object_pk}", key=entry.object_pk)


def unproved_backups(news: News, now: datetime) -> Iterator[Hit]:
    for entry in news.of("backup.verified"):
        if not entry.additional_data["holds"]:
            yield _hit([entry], cause="backups", backup=entry.object_pk)


def moved_values(news: News, now: datetime) -> Iterator[Hit]:
    for entry in news.of("sealed_value.broken"):
        place = str(entry.additional_data.get("place", ""))
        yield _hit([entry], cause="sealed values", place=place[:200])


def _by_person(entries: Iterable[Seen]) -> Iterator[tuple[UUID, list[Seen]]]:
    found: dict[UUID, list[Seen]] = defaultdict(list)
    for entry in entries:
        if entry.actor_id:
            found[entry.actor_id].append(entry)
    yield from found.items()


def _hit(
    entries: list[Seen],
    *,
    cause: str = "",
    person: UUID | None = None,
    **facts: str | int,
) -> Hit:
    return Hit(
        cause=cause or str(person or "nobody signed in"),
        at=entries[-1].timestamp,
        entries=tuple(entry.id for entry in entries[-_TOLD:]),
        facts=facts,
        person_id=person,
    )
