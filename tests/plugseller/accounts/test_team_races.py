"""Two people change one team at the same moment: somebody always stays owner."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.http import Http404
from django.utils import timezone

from plugseller.accounts.models import Invitation, Membership, User
from plugseller.accounts.roles import Role
from plugseller.accounts.services import (
    Why,
    accept_invitation,
    change_role,
    leave_seller,
    offboard_user,
    remove_member,
)
from tests.conftest import Cast, person
from tests.plugseller.accounts.team import invited, member, of, orphans

pytestmark = pytest.mark.django_db(transaction=True)
REFUSALS = (ValidationError, PermissionDenied, Http404)


def at_once(*steps: Callable[[], Any]) -> list[str]:
    """Run the steps in threads that start together; what came of each."""
    outcomes = [""] * len(steps)
    start = threading.Barrier(len(steps))

    def run(place: int, step: Callable[[], Any]) -> None:
        try:
            start.wait(timeout=20)
            step()
            outcomes[place] = "done"
        except REFUSALS:
            outcomes[place] = "refused"
        except Exception as error:  # told to the test, which fails on it
            outcomes[place] = f"{type(error).__name__}: {error}"
        finally:
            connection.close()

    threads = [
        threading.Thread(target=run, args=(place, step))
        for place, step in enumerate(steps)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return sorted(outcomes)


def owners(cast: Cast) -> int:
    return Membership.objects.filter(seller=cast.north, role=Role.OWNER).count()


@pytest.fixture
def pair(cast: Cast) -> tuple[Membership, Membership]:
    """The two owners of North."""
    return of(cast.alice, cast.north), member(cast.north, "eve", Role.OWNER)


@pytest.mark.parametrize("turn", range(5))
def test_two_owners_who_remove_each_other(
    cast: Cast, pair: tuple[Membership, Membership], turn: int
) -> None:
    alice, eve = pair
    now = timezone.now()
    outcomes = at_once(
        lambda: remove_member(actor=cast.alice, membership=eve, now=now),
        lambda: remove_member(actor=eve.user, membership=alice, now=now),
    )
    assert outcomes == ["done", "refused"]
    assert owners(cast) == 1
    assert orphans() == 0


def test_two_owners_who_lower_each_other(
    cast: Cast, pair: tuple[Membership, Membership]
) -> None:
    alice, eve = pair
    now = timezone.now()
    outcomes = at_once(
        lambda: change_role(
            actor=cast.alice, membership=eve, role=Role.VIEWER, now=now
        ),
        lambda: change_role(
            actor=eve.user, membership=alice, role=Role.VIEWER, now=now
        ),
    )
    assert outcomes == ["done", "refused"]
    assert owners(cast) == 1


def test_two_owners_who_both_leave(
    cast: Cast, pair: tuple[Membership, Membership]
) -> None:
    now = timezone.now()
    outcomes = at_once(
        lambda: leave_seller(actor=cast.alice, seller=cast.north, now=now),
        lambda: leave_seller(actor=pair[1].user, seller=cast.north, now=now),
    )
    assert outcomes == ["done", "refused"]
    assert owners(cast) == 1


def test_two_owners_whose_accounts_end(
    cast: Cast, pair: tuple[Membership, Membership]
) -> None:
    """Bob, who is left, becomes owner."""
    member(cast.south, "eva", Role.OWNER)

    def ends(user: User) -> None:
        offboard_user(actor=cast.carl, person=user, now=timezone.now(), reason=Why.LEFT)

    outcomes = at_once(lambda: ends(cast.alice), lambda: ends(pair[1].user))
    assert outcomes == ["done", "done"]
    [last] = Membership.objects.filter(seller=cast.north)
    assert (last.user_id, last.role) == (cast.bob.pk, Role.OWNER)
    assert orphans() == 0


def test_an_invitation_accepted_twice_at_once(cast: Cast) -> None:
    dora, invitation = person("dora"), invited(cast, "dora@example.test")

    def takes() -> None:
        accept_invitation(actor=dora, invitation=invitation, now=timezone.now())

    assert at_once(takes, takes, takes) == ["done", "refused", "refused"]
    assert Membership.objects.filter(user=dora).count() == 1


def test_an_invitation_accepted_while_the_account_ends(cast: Cast) -> None:
    dora, invitation = person("dora"), invited(cast, "dora@example.test")
    at_once(
        lambda: accept_invitation(
            actor=dora, invitation=invitation, now=timezone.now()
        ),
        lambda: offboard_user(
            actor=cast.carl, person=dora, now=timezone.now(), reason=Why.LEFT
        ),
    )
    assert not User.objects.get(pk=dora.pk).is_active
    assert not Membership.objects.filter(user=dora).exists()
    assert Invitation.objects.count() == 1
    assert orphans() == 0
