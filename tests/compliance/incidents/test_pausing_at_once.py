"""An account connected while a pause is undone isn't left paused."""

from collections.abc import Callable
from threading import Event, Thread

import pytest
from django.db import connections, transaction
from django.utils import timezone

from compliance.incidents.containment.actions import BY_NAME
from compliance.incidents.containment.models import Measure
from compliance.incidents.containment.services import contain, undo
from marketplaces import connecting, shelf
from marketplaces.contract import Credentials
from marketplaces.models import Connection
from tests.compliance.incidents.cases import opened
from tests.conftest import Cast

pytestmark = pytest.mark.django_db(transaction=True)
ARRIVES = 1.0  # seconds until the second of two waits for the first


def connect(cast: Cast) -> Connection:
    """As after the seller's consent at Walmart, or once more."""
    adapter = shelf.adapter("walmart")
    return connecting.keep(
        actor=None,
        seller=cast.north,
        adapter=adapter,
        region=adapter.regions[0],
        credentials=Credentials(account_id="N1"),
        features=[],
        way="secrets",
        now=timezone.now(),
    )


def pause(cast: Cast) -> Measure:
    now = timezone.now()
    return contain(
        actor=cast.carl,
        incident=opened(cast.carl, now),
        action=BY_NAME["pause-seller"],
        target=str(cast.north.pk),
        now=now,
    )


def meanwhile(first: Callable[[], object], second: Callable[[], object]) -> None:
    """The second begins when the first has done its work and not ended yet."""
    begun, failures = Event(), []

    def run() -> None:
        begun.set()
        try:
            second()
        except Exception as error:  # told to the test, which fails on it
            failures.append(error)
        finally:
            connections.close_all()

    other = Thread(target=run)
    with transaction.atomic():
        first()
        other.start()
        begun.wait()
        other.join(ARRIVES)
    other.join()
    assert failures == []


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("undone_first", [False, True])
def test_it_is_fetched_once_the_pause_is_undone(
    cast: Cast, known: bool, undone_first: bool
) -> None:
    if known:
        connect(cast)
    measure = pause(cast)

    def taken_back() -> None:
        undo(actor=cast.carl, measure=measure, now=timezone.now())

    def connected() -> None:
        connect(cast)

    two = (taken_back, connected) if undone_first else (connected, taken_back)
    meanwhile(*two)
    assert Connection.unfenced.get().paused_at is None
