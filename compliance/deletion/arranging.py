"""Several requests about the same data: which of them leads, and whose date counts.

Of requests that mean the same data, or part of it, one is carried out and the others
are joined to it: the one that is verified and begins first; of equals the oldest. It
is decided anew whenever one of them is asked, verified or ends, so that to be somebody
else's duplicate never keeps a request from being verified or withdrawn.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from compliance.deletion.models import DeletionRequest
from compliance.deletion.states import Status

Kind = DeletionRequest.Kind


def covers(wide: DeletionRequest, narrow: DeletionRequest) -> bool:
    """Whether carrying out the first deletes all that the second is about."""
    if Kind.OUTSIDER in (wide.kind, narrow.kind):
        return False  # known by an address alone, which is sealed
    if wide.kind == Kind.ACCOUNT:
        same = wide.seller_id == narrow.seller_id
        return same and narrow.kind in (Kind.ACCOUNT, Kind.CONNECTION)
    if wide.kind != narrow.kind:
        return False
    if wide.kind == Kind.CONNECTION:
        return wide.connection_id == narrow.connection_id
    return set(narrow.people) <= set(wide.people)


def touches(one: DeletionRequest, other: DeletionRequest) -> bool:
    """Whether two requests of one seller, or about people, have data in common."""
    if one.pk == other.pk:
        return True
    kinds = {one.kind, other.kind}
    if Kind.OUTSIDER in kinds or kinds == {Kind.CONNECTION, Kind.PEOPLE}:
        return False
    if kinds == {Kind.CONNECTION}:
        return one.connection_id == other.connection_id
    return kinds != {Kind.PEOPLE} or bool(set(one.people) & set(other.people))


def leaders(
    requests: Iterable[DeletionRequest],
) -> dict[DeletionRequest, DeletionRequest | None]:
    """Each open request, with the one it is joined to; None for those that lead."""
    leading: list[DeletionRequest] = []
    found: dict[DeletionRequest, DeletionRequest | None] = {}
    for request in sorted(requests, key=_turn):
        before = None if _is_under_way(request) else _first_over(leading, request)
        found[request] = before
        if before is None:
            leading.append(request)
    return found


def earliest_due(group: Sequence[DeletionRequest]) -> datetime:
    """The date that counts for what they have in common: the earliest wins."""
    return min(request.due_at for request in group)


def _is_under_way(request: DeletionRequest) -> bool:
    return request.began_at is not None


def _first_over(
    leading: list[DeletionRequest], request: DeletionRequest
) -> DeletionRequest | None:
    return next((one for one in leading if covers(one, request)), None)


def _turn(request: DeletionRequest) -> tuple[object, ...]:
    """What has begun, what is verified by when it begins, then the rest by age."""
    is_set = request.starts_at is not None and request.status != Status.RECEIVED
    begins = request.starts_at if is_set else request.received_at
    return (
        not _is_under_way(request),
        request.status == Status.RECEIVED,
        not is_set,
        begins,
        request.received_at,
        request.pk,
    )
