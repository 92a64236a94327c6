"""A page that shows counts answers at once, however much there is (RET-1)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.models import OrmQ

from compliance.retention import figures
from compliance.retention.figures import count_held, held_of
from marketplaces.models import Order
from plugseller.accounts.services.freezing import freeze_seller
from plugseller.custody.walking import erase_holding
from plugseller.jobs.timetable import run_queued
from plugseller.shelves import HOLDINGS
from tests.compliance.inhabited import Lived, lived_in
from tests.conftest import Cast, signed_in

pytestmark = pytest.mark.django_db
DESK = "/admin/compliance/purge/inventory/"
HOUR = timedelta(hours=1)


@pytest.fixture
def lived(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Lived:
    """A seller among long tables; nothing else waits to be done."""
    lived = lived_in("west", staff=cast.olga)
    OrmQ.objects.all().delete()
    cache.clear()
    monkeypatch.setattr(figures, "SHORT", 5)
    return lived


def home(lived: Lived) -> str:
    answer = signed_in(lived.owner).get(f"/s/{lived.seller.slug}/privacy/")
    assert answer.status_code == 200
    return answer.text


def test_a_seller_sees_what_was_counted_in_the_background(lived: Lived) -> None:
    assert "being counted" in home(lived)
    assert "being counted" in home(lived)
    assert OrmQ.objects.count() == 1  # asked for once
    [ran] = run_queued()
    assert (ran.name, ran.failed) == ("compliance.jobs.count_held", False)
    text = home(lived)
    assert "Counted just now" in text
    assert "Lines of orders" in text


def test_a_page_counts_no_long_table(lived: Lived, cast: Cast) -> None:
    for who, page in ((lived.owner, "/s/west/privacy/"), (cast.carl, DESK)):
        reader = signed_in(who)
        with CaptureQueriesContext(connection) as asked:
            reader.get(page)
        table = Order._meta.db_table
        counting = [
            q["sql"] for q in asked if table in q["sql"] and "COUNT" in q["sql"]
        ]
        assert len(counting) == 1
        assert "LIMIT 6" in counting[0]


def test_figures_an_hour_old_are_shown_and_counted_anew(lived: Lived) -> None:
    now = timezone.now()
    count_held(lived.seller.pk, now)
    Order.unfenced.filter(seller=lived.seller).delete()
    before = held_of(lived.seller, now + HOUR - timedelta(seconds=1))
    assert not OrmQ.objects.exists()
    assert held_of(lived.seller, now + HOUR) == before
    assert before.at == now
    run_queued()
    after = held_of(lived.seller, timezone.now())
    assert after.rows < before.rows


def test_the_figures_of_one_seller_are_not_anothers(lived: Lived, cast: Cast) -> None:
    count_held(lived.seller.pk, timezone.now())
    assert held_of(cast.north, timezone.now()).at is None


def test_nothing_names_a_seller_that_is_to_be_deleted(lived: Lived) -> None:
    """Figures kept after its places were walked would be found as something left."""
    count_held(lived.seller.pk, timezone.now())
    caches = HOLDINGS["caches"]
    alone = replace(lived.whole(), people=frozenset(), addresses=frozenset())
    assert erase_holding(caches, alone) > 0
    freeze_seller(seller=lived.seller.pk, now=timezone.now())
    lived.seller.refresh_from_db()
    assert "Not counted while it is to be deleted" in home(lived)
    count_held(lived.seller.pk, timezone.now())
    assert caches.store.count(alone) == 0
    assert not OrmQ.objects.exists()


def test_officers_see_everything_with_the_time_it_was_counted(
    lived: Lived, cast: Cast
) -> None:
    officer = signed_in(cast.carl)
    assert "Nothing has been counted yet" in officer.get(DESK).text
    [ran] = run_queued()
    assert (ran.name, ran.failed) == ("compliance.jobs.count_everything", False)
    page = officer.get(DESK).text
    assert f"counted on {timezone.now():%Y-%m-%d}" in page
    assert "<td>6</td>" in page  # orders
