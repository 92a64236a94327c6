"""Every table is a holding: what it holds, how long, how it goes (SCOPE-1, RET-1)."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.checks import run_checks
from django.utils import timezone

from plugseller import shelves
from plugseller.custody.checks import check_holdings
from plugseller.custody.rules import RULES
from plugseller.shelves import HOLDINGS, Scope

ANY = Scope(
    seller_id=uuid4(),
    people=frozenset({uuid4()}),
    addresses=frozenset({"nobody@example.com"}),
)
ONE = Scope(seller_id=uuid4(), connection_id=uuid4())


@pytest.mark.django_db
def test_every_table_is_registered_with_a_rule() -> None:
    assert check_holdings() == []
    assert not [m for m in run_checks() if m.id in ("custody.E001", "custody.E002")]


def test_a_table_nobody_decided_about_stops_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(shelves._holdings, "marketplaces.Order")
    [found] = check_holdings()
    assert found.id == "custody.E001"
    assert "marketplaces.Order" in found.msg


def test_a_rule_that_is_missing_stops_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(RULES, "price_history")
    [found] = check_holdings()
    assert found.id == "custody.E002"
    assert "marketplaces.PriceChange" in found.msg


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(HOLDINGS))
def test_every_place_counts_and_erases(name: str) -> None:
    """Of somebody it has never heard of there is nothing, and nothing goes."""
    store = HOLDINGS[name].store
    long_ago = timezone.now() - timedelta(days=10_000)
    total = store.total()
    store.oldest()
    for scope in (ANY, ONE):
        assert store.count(scope) == 0
        assert store.erase(scope, at_most=100) == 0
    assert store.overdue(long_ago) == 0
    assert store.overdue(long_ago, of_seller=uuid4()) == 0
    assert store.purge(long_ago, at_most=100) == 0
    assert store.total() == total
