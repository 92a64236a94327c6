"""USE-3: “We retrieve only the data needed for the features a seller has switched
on.”
"""

from datetime import timedelta

import pytest
from django.utils import timezone

from marketplaces.datamap import Feature
from marketplaces.models import FeatureSwitch
from marketplaces.services import switch_feature
from tests.marketplaces.console import rows
from tests.marketplaces.console.conftest import World
from tests.promise.controls import fails, passes

pytestmark = pytest.mark.django_db
CONTROL = "use-3.features"
MINUTE = timedelta(minutes=1)


def run(world: World, ago: timedelta) -> None:
    began = timezone.now() - ago
    times = {"started_at": began, "finished_at": began}
    rows.synced(world.north, Feature.PRICING, "amazon.getPricing", **times)


def switch(world: World, *, on: bool) -> None:
    actor, feature = world.cast.alice, Feature.PRICING
    switch_feature(actor=actor, connection=world.north, feature=feature, on=on)


def test_what_is_on_is_fetched(world: World) -> None:
    run(world, MINUTE)
    assert passes(CONTROL)


def test_a_pass_before_it_was_switched_off_is_none(world: World) -> None:
    run(world, MINUTE)
    switch(world, on=False)
    assert passes(CONTROL)


def test_a_pass_while_it_is_off_breaks_it(world: World) -> None:
    switch(world, on=False)
    run(world, -MINUTE / 60)
    assert fails(CONTROL)


def test_it_stays_broken_when_the_feature_is_on_again(world: World) -> None:
    switch(world, on=False)
    run(world, timedelta(0))
    switch(world, on=True)
    assert fails(CONTROL)


def test_a_feature_nobody_ever_chose_breaks_it(world: World) -> None:
    FeatureSwitch.objects.filter(connection=world.north, feature="pricing").delete()
    run(world, MINUTE)
    assert fails(CONTROL)
