"""Two people decide about the same thing at the same instant: one of them does."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier

import pytest
from django.db import connection

from plugseller.accounts.models import Grant, User
from plugseller.accounts.services import (
    GrantRefused,
    LastOne,
    Why,
    approve_grant,
    offboard_user,
    refuse_grant,
    revoke_grant,
)
from plugseller.audit.models import Entry
from tests.conftest import Cast, person
from tests.plugseller.accounts.granting import ask, mailed

pytestmark = pytest.mark.django_db(transaction=True)

Decide = Callable[..., Grant]


def at_once(grant: Grant, now: datetime, *decisions: tuple[Decide, User]) -> list[bool]:
    """Which of the decisions, begun together, was taken."""
    barrier = Barrier(len(decisions))

    def one(decision: tuple[Decide, User]) -> bool:
        decide, who = decision
        try:
            mine = Grant.objects.select_related("seller").get(pk=grant.pk)
            barrier.wait(timeout=20)
            decide(actor=who, grant=mine, now=now)
        except GrantRefused:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(len(decisions)) as pool:
        return list(pool.map(one, decisions))


@pytest.mark.parametrize("turn", range(5))
def test_two_approvals_at_once_are_one(cast: Cast, now: datetime, turn: int) -> None:
    dora = person("dora", staff_role="officer")
    grant = ask(cast.olga, cast.north, now=now)
    taken = at_once(grant, now, (approve_grant, cast.carl), (approve_grant, dora))
    assert sorted(taken) == [False, True]
    grant.refresh_from_db()
    assert grant.approved_by == (cast.carl if taken[0] else dora)
    assert Entry.objects.filter(event="grant.approved").count() == 1
    assert mailed("is open") == {cast.olga.email}


@pytest.mark.parametrize("turn", range(3))
def test_approval_and_refusal_at_once_are_one(
    cast: Cast, now: datetime, turn: int
) -> None:
    dora = person("dora", staff_role="officer")
    grant = ask(cast.olga, cast.north, now=now)
    approved, refused = at_once(
        grant, now, (approve_grant, cast.carl), (refuse_grant, dora)
    )
    assert approved != refused
    grant.refresh_from_db()
    assert grant.is_live(now) == approved


def test_the_owners_no_at_the_instant_of_approval_holds(
    cast: Cast, now: datetime
) -> None:
    grant = ask(cast.olga, cast.north, now=now)
    _, revoked = at_once(
        grant, now, (approve_grant, cast.carl), (revoke_grant, cast.alice)
    )
    assert revoked  # before the approval or after it
    grant.refresh_from_db()
    assert not grant.is_live(now)


@pytest.mark.parametrize("turn", range(3))
def test_of_two_officers_who_end_each_other_one_stays(
    cast: Cast, now: datetime, turn: int
) -> None:
    dora = person("dora", staff_role="officer")
    barrier = Barrier(2)

    def end(pair: tuple[User, User]) -> bool:
        try:
            barrier.wait(timeout=20)
            actor, other = pair
            offboard_user(actor=actor, person=other, now=now, reason=Why.SECURITY)
        except LastOne:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as pool:
        ended = list(pool.map(end, [(cast.carl, dora), (dora, cast.carl)]))
    assert sorted(ended) == [False, True]
    assert User.objects.filter(staff_role="officer", is_active=True).count() == 1
