"""Looks whether what this floor promises holds: retention, requests, incidents, us."""

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, Min, OuterRef
from django.http import HttpRequest
from django.urls import resolve, reverse

from compliance.credentials.rows import inventory
from compliance.governance import controls as governance
from compliance.governance.reviews import controls as reviews
from compliance.incidents import controls as cases
from compliance.models import Certificate, DeletionRequest, Purge
from compliance.questions import telling as questions
from compliance.retention.services import nothing_overdue
from plugseller.jobs.timetable import beats
from plugseller.shelves import Finding, Standing, Verdict, control

_DAY = timedelta(days=1)
_SLACK = 2 * _DAY  # a purge each day, and one that may have been missed


def credentials(now: datetime) -> Finding:
    """No credential is used longer than it may be."""
    items = inventory(now)
    overdue = [one for one in items if one.standing == Standing.OVERDUE]
    trouble = sum(one.standing == Standing.TROUBLE for one in items)
    soon = sum(one.standing == Standing.SOON for one in items)
    return Finding(
        Verdict.FAIL if overdue else Verdict.PASS,
        "A credential should have been replaced by now."
        if overdue
        else "No credential is older than it may be.",
        {
            "credentials": len(items),
            "overdue": len(overdue),
            "due soon": soon,
            "don't work": trouble,
        },
    )


def retention(now: datetime) -> Finding:
    """Nothing lies longer than its rule allows, and the purge runs."""
    left = nothing_overdue(now, slack=_SLACK)
    beat = beats()["retention.purge"]
    since = beat.ran_at or beat.known_at
    stopped = now - since > _SLACK
    figures: dict[str, int | float | bool | str] = {
        "overdue rows": sum(one.rows for one in left),
        "places with overdue rows": len(left),
        "last purge": beat.ran_at.isoformat() if beat.ran_at else "not yet",
        "removed in 30 days": _removed(now),
    }
    if left:
        sentence = "Something is kept longer than it is needed."
        return Finding(Verdict.FAIL, sentence, figures)
    if stopped:
        sentence = "What is kept long enough hasn't been looked for lately."
        return Finding(Verdict.FAIL, sentence, figures)
    return Finding(
        Verdict.PASS, "Nothing is kept longer than its rule allows.", figures
    )


def _removed(now: datetime) -> int:
    rows = Purge.objects.filter(began_at__gte=now - 30 * _DAY)
    return sum(rows.values_list("rows", flat=True))


def requests(now: datetime) -> Finding:
    """No deletion is late, and none ended without its certificate."""
    still = DeletionRequest.objects.exclude(status__in=DeletionRequest.CLOSED)
    overdue = still.filter(due_at__lte=now).count()
    done = DeletionRequest.objects.filter(status=DeletionRequest.Status.COMPLETED)
    certified = Certificate.objects.filter(request=OuterRef("pk"))
    bare = done.filter(~Exists(certified), joined_to=None).count()
    oldest = still.aggregate(at=Min("received_at"))["at"]
    figures: dict[str, int | float | bool | str] = {
        "open": still.count(),
        "overdue": overdue,
        "days the oldest has been open": (now - oldest).days if oldest else 0,
        "completed": done.count(),
        "without certificate": bare,
    }
    if overdue:
        sentence = "A deletion wasn't done within 30 days of its request."
        return Finding(Verdict.FAIL, sentence, figures)
    if bare:
        sentence = "A deletion ended without its certificate."
        return Finding(Verdict.FAIL, sentence, figures)
    return Finding(Verdict.PASS, "Every deletion is within its 30 days.", figures)


_PAGES = ("data_protection", "what_we_fetch", "data_deletion", "security")
_SOON = 30 * _DAY
_LONGEST = 366 * _DAY  # RFC 9116 advises less than a year


def contact(now: datetime) -> Finding:
    """Our address on every page of the policy, and in a security.txt that is good."""
    missing = [name for name in _PAGES if settings.CONTACT_ADDRESS not in _page(name)]
    fields = dict(
        line.split(": ", 1) for line in _page("security_txt").splitlines() if line
    )
    named = settings.CONTACT_ADDRESS in fields.get("Contact", "")
    left = _expiry(fields.get("Expires", "")) - now
    good = named and _SOON < left < _LONGEST
    figures = {
        "pages": len(_PAGES),
        "pages without the address": len(missing),
        "in security.txt": named,
        "days until security.txt expires": left.days,
    }
    broken = missing or not good
    return Finding(
        Verdict.FAIL if broken else Verdict.PASS,
        "A page of this policy doesn't say how to reach us."
        if broken
        else "Every page of this policy says how to reach us.",
        figures,
    )


def _page(name: str) -> str:
    """What somebody who isn't signed in gets there."""
    request = HttpRequest()
    request.method, request.path = "GET", reverse(name)
    request.user = AnonymousUser()
    view, args, kwargs = resolve(request.path)
    text: str = view(request, *args, **kwargs).content.decode()
    return text


def _expiry(told: str) -> datetime:
    try:
        return datetime.fromisoformat(told)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)


control(
    "acc-3.credentials",
    promise="ACC-3",
    label="Credentials are replaced in time",
    look=credentials,
)
control(
    "ret-1.retention",
    promise="RET-1",
    label="Nothing is kept longer than its rule allows",
    look=retention,
)
control(
    "ret-2.requests",
    promise="RET-2",
    label="Deletions are done within 30 days, and certified",
    look=requests,
)
control(
    "inc-1.incidents",
    promise="INC-1",
    label="Incidents are handled as the plan says",
    look=cases.handled,
    every=timedelta(hours=12),
)
control(
    "inc-1.plan",
    promise="INC-1",
    label="There is an incident plan, reviewed within six months",
    look=governance.planned,
)
control(
    "inc-2.notices",
    promise="INC-2",
    label="Notices leave in time",
    look=cases.notices,
    every=timedelta(hours=12),
)
control(
    "inc-3.clock",
    promise="INC-3",
    label="Amazon is told within 24 hours",
    look=cases.amazon,
    every=timedelta(hours=12),
)
control(
    "gov-1.reviews",
    promise="GOV-1",
    label="Access, logs and controls are reviewed in time, and reviews stay as signed",
    look=reviews.reviews_done,
)
control(
    "gov-2.acknowledged",
    promise="GOV-2",
    label="Our staff get in only after acknowledging the policies in force",
    look=governance.acknowledged,
)
control(
    "gov-2.trained",
    promise="GOV-2",
    label="Our staff take the yearly training",
    look=governance.trained,
)
control(
    "con-1.answers",
    promise="CON-1",
    label="Questions about data are answered in time",
    look=questions.answered,
    every=timedelta(hours=12),
)
control(
    "con-1.contact",
    promise="CON-1",
    label="Every page says how to reach us",
    look=contact,
)
