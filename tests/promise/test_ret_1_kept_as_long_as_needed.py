"""RET-1: “Marketplace Information is kept only as long as it is needed to provide the
service.”"""

from datetime import timedelta

import pytest
from django.utils import timezone

from plugseller.jobs.models import Beat
from tests.marketplaces.console import rows
from tests.marketplaces.console.conftest import World
from tests.promise.controls import fails, found, passes

pytestmark = pytest.mark.django_db
CONTROL = "ret-1.retention"


@pytest.fixture(autouse=True)
def _purged() -> None:
    now = timezone.now()
    Beat.objects.update_or_create(
        name="retention.purge", defaults={"known_at": now, "ran_at": now}
    )


def test_nothing_is_kept_too_long(world: World) -> None:
    assert passes(CONTROL)


def test_an_order_kept_too_long_breaks_it(world: World) -> None:
    old = timezone.now() - timedelta(days=3 * 365)
    rows.order(world.north, "111-OLD", placed_at=old)
    assert fails(CONTROL)
    assert found(CONTROL).evidence["overdue rows"] == 1


def test_a_purge_that_stopped_breaks_it(world: World) -> None:
    ago = timezone.now() - timedelta(days=5)
    Beat.objects.filter(name="retention.purge").update(ran_at=ago)
    assert fails(CONTROL)
