"""A rule that a new version no longer has isn't waited for, nor is it a trouble."""

from datetime import datetime
from typing import Any

import pytest
from django.utils import timezone

from compliance.incidents.detection import services
from compliance.incidents.detection.models import Detection, Reading
from compliance.incidents.detection.rules import RULES, Rule
from compliance.incidents.detection.services import read_log, trouble
from plugseller.audit.services import record
from tests.conftest import Cast

pytestmark = pytest.mark.django_db


def test_what_a_rule_left_behind_goes_with_the_rule(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(news: Any, now: datetime) -> Any:
        raise RuntimeError

    read_log(timezone.now())
    old = Rule(
        "old-rule", "Old", "Old.", "Never.", RULES[0].kind, RULES[0].severity, fails
    )
    monkeypatch.setattr(services, "RULES", (*RULES, old))
    record("read.orders.list", actor=cast.bob, seller_id=cast.north.pk, rows=1)
    with pytest.raises(ExceptionGroup):
        read_log(timezone.now())
    assert "old-rule (" in trouble(timezone.now())
    monkeypatch.setattr(services, "RULES", RULES)
    assert trouble(timezone.now()) == ""
    assert Reading.objects.count() == 2
    read_log(timezone.now())
    assert Reading.objects.get().name == "audit"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_name_of_each_rule_fits_where_it_is_kept(rule: Rule) -> None:
    """SQLite would take a longer one, PostgreSQL not: then no rule could fail alone."""
    Reading(name=rule.name).clean_fields(exclude={"position", "read_at"})
    others = {"incident", "cause", "day", "first_at", "last_at"}
    Detection(rule=rule.name).clean_fields(exclude=others)
    assert rule.name != "audit"  # how far all the others are
