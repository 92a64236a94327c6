"""What auditors take along of deletions (RET-2): references, instants and numbers.

What people wrote, who asked and whose data it was stay here.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q, QuerySet

from compliance.deletion.certificates import as_file
from compliance.deletion.models import (
    Certificate,
    DeletionRequest,
    LegalHold,
    Outcome,
    Step,
)
from compliance.packing import Document, Period, Table, packed

_AT_ONCE = 50  # certificates: each has a line per place


def part(period: Period, now: datetime) -> Iterable[Table | Document]:
    """Every request that was open in the period, and what was certified in it."""
    open_then = Q(received_at__lt=period.ends) & (
        Q(ended_at=None) | Q(ended_at__gte=period.begins)
    )
    requests = DeletionRequest.objects.filter(open_then)
    yield _requests(requests)
    yield _steps(period)
    yield _outcomes(requests)
    yield _holds(period)
    issued = Certificate.objects.filter(
        issued_at__gte=period.begins, issued_at__lt=period.ends
    ).order_by("request__reference", "version")
    for one in issued.select_related("request").iterator(chunk_size=_AT_ONCE):
        yield Document(
            f"deletion/certificates/{one.request.reference}-v{one.version}.json",
            "What one deletion did, signed: manage.py verify_certificate checks it.",
            as_file(one),
        )


def _requests(requests: QuerySet[DeletionRequest]) -> Table:
    columns = (
        *("reference", "source", "kind", "status", "received_at", "due_at"),
        *("verified_at", "starts_at", "began_at", "keys_destroyed_at", "erased_at"),
        *("ended_at", "joined_to__reference"),
    )
    return Table(
        "deletion/requests.csv",
        "Every request that was open in the period: when it came, when it had to be "
        "done by, and how it stands.",
        (*columns[:-1], "joined_to"),
        requests.order_by("received_at", "reference").values_list(*columns).iterator(),
    )


def _steps(period: Period) -> Table:
    steps = Step.objects.filter(at__gte=period.begins, at__lt=period.ends)
    rows = steps.order_by("at", "pk").values_list(
        "request__reference", "at", "what", "actor_id"
    )
    return Table(
        "deletion/steps.csv",
        "What happened to requests in the period, and whether a person did it.",
        ("reference", "at", "what", "by"),
        (
            (reference, at, what, "a person" if actor else "by itself")
            for reference, at, what, actor in rows.iterator()
        ),
    )


def _outcomes(requests: QuerySet[DeletionRequest]) -> Table:
    columns = (
        *("request__reference", "holding", "data_class", "before", "erased"),
        *("after", "stays", "began_at", "ended_at"),
    )
    found = Outcome.objects.filter(request__in=requests.order_by())
    rows = found.order_by("request__reference", "rank", "holding")
    return Table(
        "deletion/outcomes.csv",
        "What these requests found in each place, what was erased, and what is left.",
        ("reference", *columns[1:]),
        rows.values_list(*columns).iterator(),
    )


def _holds(period: Period) -> Table:
    """Who asked and who approved are officers, and never the same one."""
    columns = (
        *("request__reference", "holdings", "asked_at", "asked_by", "approved_at"),
        *("approved_by", "ends_at", "released_at", "released_by"),
    )
    over = Q(released_at__lt=period.begins) | Q(ends_at__lt=period.begins)
    found = LegalHold.objects.filter(asked_at__lt=period.ends).exclude(over)
    return Table(
        "deletion/legal-holds.csv",
        "Holds by law that were asked for or stood in the period: by which two "
        "officers, and until when.",
        ("reference", *columns[1:]),
        found.order_by("asked_at", "pk").values_list(*columns).iterator(),
    )


packed("deletion", part)
