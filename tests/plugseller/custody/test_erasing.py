"""Exactly what is meant goes, of each place there is, and nothing of a neighbour."""

from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from plugseller.accounts.models import Invitation, User
from plugseller.crypto.models import DataKey
from plugseller.custody.services import in_order
from plugseller.custody.walking import erase_holding
from plugseller.shelves import HOLDINGS, Scope
from tests.compliance.inhabited import EMPTY, Lived, apart, digests, held, lived_in
from tests.conftest import person

# Where a neighbour's row names the erased, and then names nobody.
MAY_CHANGE = {"accounts.Invitation", "crypto.DataKey"}
# A package made for the seller holds all its connections, and the team.
PACKAGES = {"exports", "marketplaces.DataExport"}
OF_A_CONNECTION = PACKAGES | {
    "jobs.Lease",
    "django_q.OrmQ",
    *(
        name
        for name, holding in HOLDINGS.items()
        if name.startswith("marketplaces.") and not holding.stays
    ),
}


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path) -> None:
    apart(settings, tmp_path)


@pytest.fixture
def two(db: None) -> tuple[Lived, Lived]:
    carl = person("carl", staff_role="officer")
    return lived_in("north", staff=carl), lived_in("south", staff=carl)


def erase(scope: Scope, *, batch: int = 2) -> dict[str, int]:
    """Walk all places in order, in tiny batches; what went of each."""
    gone = {h.name: erase_holding(h, scope, batch=batch) for h in in_order()}
    connection.check_constraints()
    return {name: count for name, count in gone.items() if count}


def changed(before: dict[str, dict[str, str]]) -> tuple[dict[str, int], set[str]]:
    """Table -> rows that went; tables in which a row that stayed is another."""
    after, gone, other = digests(), {}, set()
    for table, rows in before.items():
        stayed = after[table]
        if lost := len(rows.keys() - stayed.keys()):
            gone[table] = lost
        if any(stayed[key] != rows[key] for key in rows.keys() & stayed.keys()):
            other.add(table)
    return gone, other


def test_a_whole_seller_goes_with_its_people_and_the_neighbour_is_untouched(
    two: tuple[Lived, Lived],
) -> None:
    north, south = two
    scope, neighbour = north.whole(), south.whole()
    counted = held(scope)
    assert {name for name, count in counted.items() if not count} == EMPTY
    of_south, before = held(neighbour), digests()

    gone = erase(scope)

    assert held(scope) == dict.fromkeys(counted, 0)
    assert held(neighbour) == of_south
    assert gone == {name: count for name, count in counted.items() if count}
    rows, other = changed(before)
    assert other <= MAY_CHANGE | {"audit.Entry"}
    for table, lost in rows.items():
        assert lost == gone[table], table
    assert not User.objects.filter(pk__in=scope.people).exists()
    for owner in (north.seller.pk, *scope.people):
        assert not DataKey.objects.filter(owner=owner, destroyed_at=None).exists()
    assert DataKey.objects.get(owner=south.seller.pk).destroyed_at is None


def test_one_of_two_connections_goes_and_the_other_is_untouched(
    two: tuple[Lived, Lived],
) -> None:
    north, _ = two
    first, second = north.connections
    scope = Scope(
        seller_id=north.seller.pk,
        connection_id=first.pk,
        connections=frozenset({first.pk}),
    )
    other_one = Scope(
        seller_id=north.seller.pk,
        connection_id=second.pk,
        connections=frozenset({second.pk}),
    )
    counted = held(scope)
    assert {name for name, count in counted.items() if count} == OF_A_CONNECTION
    of_second, before = held(other_one), digests()

    gone = erase(scope)

    assert held(scope) == dict.fromkeys(counted, 0)
    assert held(other_one) == of_second | dict.fromkeys(PACKAGES, 0)
    rows, other = changed(before)
    assert rows == {n: c for n, c in gone.items() if n != "exports"}
    assert other == set()


def test_people_go_and_their_seller_and_colleagues_are_untouched(
    two: tuple[Lived, Lived],
) -> None:
    north, _ = two
    viewer = north.viewer
    scope = Scope(
        people=frozenset({viewer.pk}), addresses=frozenset({viewer.email.upper()})
    )
    owner = Scope(
        people=frozenset({north.owner.pk}), addresses=frozenset({north.owner.email})
    )
    counted, of_owner, before = held(scope), held(owner), digests()

    gone = erase(scope)

    assert held(scope) == dict.fromkeys(counted, 0)
    assert held(owner) == of_owner | dict.fromkeys(PACKAGES, 0)
    rows, other = changed(before)
    assert rows == {n: c for n, c in gone.items() if n in rows}
    assert set(gone) - set(rows) <= {"crypto.DataKey", "mail files", "exports"}
    assert other <= MAY_CHANGE
    assert {name for name in rows if name.startswith("marketplaces.")} <= PACKAGES
    assert DataKey.objects.get(owner=north.seller.pk).destroyed_at is None


def test_a_neighbour_whom_the_erased_invited_stays_invited(
    two: tuple[Lived, Lived],
) -> None:
    north, south = two
    theirs = Invitation.objects.filter(seller=south.seller).first()
    assert theirs is not None
    Invitation.objects.filter(pk=theirs.pk).update(invited_by=north.owner)
    erase(north.whole())
    theirs.refresh_from_db()
    assert theirs.invited_by is None


def test_what_somebody_else_is_called_like_stays(two: tuple[Lived, Lived]) -> None:
    """An address within a longer one is another address."""
    longer = person("the.north.owner")
    scope = two[0].whole()
    mine = Scope(people=frozenset({longer.pk}), addresses=frozenset({longer.email}))
    before = held(mine)
    erase(scope)
    assert held(mine) == before
