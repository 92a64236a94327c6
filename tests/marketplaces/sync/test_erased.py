"""A page that was on its way when its connection was erased isn't kept (RET-2)."""

import pytest
from django.utils import timezone

from marketplaces.datamap import Feature
from marketplaces.models import Order
from marketplaces.sync.walking import Progress
from marketplaces.sync.writer import Erased
from plugseller.custody.models import Tombstone
from plugseller.custody.services import bury
from tests.conftest import Cast
from tests.marketplaces.conftest import Simulators, TestClock, connect_account
from tests.marketplaces.sync.test_engine import AMAZON, sync


def test_what_comes_after_the_burial_is_not_written(
    cast: Cast, simulators: Simulators, clock: TestClock
) -> None:
    account = connect_account(
        cast.north, simulators(orders=350), AMAZON, features=(Feature.ORDERS,)
    )

    def bury_after_one_page(told: Progress) -> None:
        if told.feature == "orders":
            bury(
                Tombstone.Kind.CONNECTION,
                account.pk,
                request="DEL-1",
                now=timezone.now(),
            )

    with pytest.raises(Erased):
        sync(account, clock, progress=bury_after_one_page)
    assert Order.objects.of_seller(cast.north).count() == 100
