"""SCOPE-1: “Marketplace Information is any data we retrieve from Amazon or Walmart on a
seller's behalf: product, pricing, listing, inventory and order information, and any
personal data within it. This policy covers all of it.”"""

import pytest

from marketplaces.models import SyncState
from plugseller import shelves
from tests.marketplaces.console.conftest import World
from tests.promise.controls import fails, figure, passes

pytestmark = pytest.mark.django_db
CONTROL = "scope-1.datamap"


def test_all_that_is_held_stands_in_the_map(world: World) -> None:
    assert passes(CONTROL)
    assert figure(CONTROL, "columns") > 100


def test_a_table_nobody_decided_about_breaks_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(shelves._holdings, "marketplaces.Order")
    assert fails(CONTROL)


def test_a_field_whose_source_nobody_wrote_down_breaks_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from plugseller.accounts import portability

    monkeypatch.delitem(portability._portables, "marketplaces.Order")
    assert fails(CONTROL)


def test_a_call_outside_of_the_map_breaks_it(world: World) -> None:
    SyncState.objects.create(connection=world.north, operation="amazon.getOrderBuyer")
    assert fails(CONTROL)
