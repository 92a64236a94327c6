"""Joins requests about the same data, and keeps one clock for each that leads."""

from datetime import datetime

from compliance import clocks
from compliance.deletion.arranging import earliest_due, leaders
from compliance.deletion.models import DeletionRequest
from compliance.deletion.services.steps import OPEN, note_step

DUTY = "deletion"


def open_beside(request: DeletionRequest) -> list[DeletionRequest]:
    """Open requests that may be about the same data, this one among them if open."""
    every = DeletionRequest.objects.filter(OPEN)
    if request.seller_id is not None:
        return list(every.filter(seller_id=request.seller_id))
    if request.kind != DeletionRequest.Kind.PEOPLE:
        return list(every.filter(pk=request.pk))
    others = every.filter(kind=DeletionRequest.Kind.PEOPLE, seller_id=None)
    return [one for one in others if set(one.people) & set(request.people)]


def arrange(request: DeletionRequest, *, now: datetime) -> None:
    """Decide anew which of the requests about the same data leads.

    Those joined share the leader's clock, and the earliest date of all counts for
    each of them. In the caller's transaction, with the seller's rows held.
    """
    found = leaders(open_beside(request))
    groups: dict[DeletionRequest, list[DeletionRequest]] = {
        one: [one] for one, leader in found.items() if leader is None
    }
    for one, leader in found.items():
        if leader is not None:
            groups[leader].append(one)
    for leader, group in groups.items():  # joined first: only one may lead
        for one in group[1:]:
            _join(one, leader, now=now)
    for leader, group in groups.items():
        _lead(leader, group, now=now)


def _join(one: DeletionRequest, leader: DeletionRequest, *, now: datetime) -> None:
    clocks.drop(DUTY, one.pk, now=now)
    if one.joined_to_id == leader.pk:
        return
    DeletionRequest.objects.filter(pk=one.pk).update(joined_to=leader)
    note_step(one, "joined", actor=None, now=now, to=leader.reference)


def _lead(
    leader: DeletionRequest, group: list[DeletionRequest], *, now: datetime
) -> None:
    due = earliest_due(group)
    also = sorted({one.source for one in group} - {leader.source})
    ours = DeletionRequest.objects.filter(pk=leader.pk)
    ours.update(joined_to=None, also_from=sorted({*leader.also_from, *also}))
    # An end that is stored is never moved later, only to an older one's.
    ids = [one.pk for one in group]
    DeletionRequest.objects.filter(pk__in=ids, due_at__gt=due).update(due_at=due)
    clocks.start(
        DUTY, leader.pk, label=f"{leader.reference}: {leader.what}", now=now, due_at=due
    )
