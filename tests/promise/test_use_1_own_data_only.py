"""USE-1: “We use Marketplace Information solely to provide the service to the seller it
belongs to.”"""

import pytest
from guardian.shortcuts import assign_perm

from marketplaces.models import Order
from plugseller.accounts.models import User
from tests.conftest import Cast
from tests.marketplaces.console.conftest import World
from tests.promise.controls import fails, passes

pytestmark = pytest.mark.django_db


def test_rows_are_their_sellers(world: World) -> None:
    assert passes("use-1.rows")


def test_a_row_under_another_seller_breaks_it(world: World) -> None:
    rows = Order.unfenced.filter(connection=world.north)
    rows.update(seller=world.cast.south)
    assert fails("use-1.rows")


def test_rights_follow_from_belonging(cast: Cast) -> None:
    assert passes("use-1.rights")


def test_a_right_without_belonging_breaks_it(cast: Cast) -> None:
    assign_perm("accounts.view_orders", cast.charlie, cast.north)
    assert fails("use-1.rights")


def test_a_right_on_all_sellers_breaks_it(cast: Cast) -> None:
    assign_perm("accounts.view_orders", User.objects.get(pk=cast.bob.pk))
    assert fails("use-1.rights")
