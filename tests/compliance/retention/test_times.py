"""A seller may keep its data shorter than the rules say, never longer (RET-1)."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404

from compliance.models import ShorterTime
from compliance.retention.times import set_shorter_time, shorter_times
from plugseller.accounts.models import Seller
from plugseller.audit.models import Entry
from plugseller.custody.rules import RULES, keep_of
from tests.conftest import Cast

pytestmark = pytest.mark.django_db


def choose(cast: Cast, now: datetime, **more: Any) -> None:
    told: dict[str, Any] = {"actor": cast.alice, "rule": "orders", "days": 90} | more
    set_shorter_time(seller=cast.north, now=now, **told)


def days_of(seller: Seller) -> dict[str, int]:
    return {time.rule.name: time.days for time in shorter_times(seller)}


def test_an_owner_chooses_a_shorter_time_for_its_own_seller(
    cast: Cast, now: datetime
) -> None:
    usual = days_of(cast.north)
    assert usual["orders"] == 548
    choose(cast, now)
    assert days_of(cast.north) == usual | {"orders": 90}
    assert days_of(cast.south) == usual
    [time] = [t for t in shorter_times(cast.north) if t.chosen_at]
    assert (time.rule.name, time.most, time.chosen_at) == ("orders", 548, now)
    assert keep_of("orders", cast.north.pk) == timedelta(days=90)
    assert keep_of("orders", cast.south.pk) == RULES["orders"].keep
    assert keep_of("with_account", cast.north.pk) is None


def test_each_choice_is_logged_and_nothing_else_is(cast: Cast, now: datetime) -> None:
    for days in (90, 90, 30, None, None):
        choose(cast, now, days=days)
    told = Entry.objects.filter(event="retention.time_chosen").order_by("id")
    assert [(e.additional_data["before"], e.additional_data["days"]) for e in told] == [
        (None, 90),
        (90, 30),
        (30, None),
    ]
    assert {entry.seller_id for entry in told} == {cast.north.pk}
    assert not ShorterTime.objects.exists()


@pytest.mark.parametrize(
    ("rule", "days", "said"),
    [
        ("orders", 548, "Enter 547 or less"),
        ("orders", 10_000, "you can only choose less"),
        ("orders", 0, "Enter 1 or more"),
        ("orders", -3, "Enter 1 or more"),
        ("audit", 400, "can't be chosen"),
        ("mail", 1, "can't be chosen"),
        ("nothing", 1, "can't be chosen"),
        ("audit", None, "can't be chosen"),
    ],
)
def test_what_can_not_be_is_refused_with_what_to_do(
    cast: Cast, now: datetime, rule: str, days: int | None, said: str
) -> None:
    with pytest.raises(ValidationError, match=said):
        choose(cast, now, rule=rule, days=days)
    assert not ShorterTime.objects.exists()


def test_nobody_else_chooses(cast: Cast, now: datetime) -> None:
    with pytest.raises(PermissionDenied):
        choose(cast, now, actor=cast.bob)
    for stranger in (cast.charlie, cast.olga, cast.carl):
        with pytest.raises(Http404):
            choose(cast, now, actor=stranger)
    assert not ShorterTime.objects.exists()


def test_a_rule_that_became_shorter_wins_over_what_was_chosen(
    cast: Cast, now: datetime
) -> None:
    ShorterTime.objects.create(seller=cast.north, rule="orders", days=900)
    assert days_of(cast.north)["orders"] == 548
    assert keep_of("orders", cast.north.pk) == RULES["orders"].keep
