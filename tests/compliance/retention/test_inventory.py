"""Everything that is held, counted: for officers, and for whoever asks the command."""

import csv
import io
import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from compliance.retention.inventory import inventory, listed
from marketplaces.models import Order
from plugseller.custody.rules import RULES
from plugseller.shelves import HOLDINGS
from tests.compliance.inhabited import NOW, lived_in
from tests.conftest import Cast, signed_in

README = (Path(__file__).resolve().parents[3] / "README.md").read_text()


@pytest.mark.django_db
def test_every_place_is_listed_with_what_lies_there(cast: Cast) -> None:
    lived_in("west", staff=cast.olga)
    found = inventory(NOW)
    places = {place.holding: place for place in found.places}
    assert places.keys() == HOLDINGS.keys()
    orders = places["marketplaces.Order"]
    assert (orders.rows, orders.oldest, orders.overdue) == (6, NOW, 0)
    assert (orders.keep, orders.data_class) == ("548 days", "marketplace information")
    assert places["marketplaces.Connection"].keep == "with the account"
    assert places["marketplaces.ConnectAttempt"].keep == "24 hours"
    assert found.at == NOW


@pytest.mark.django_db
def test_overdue_rows_are_counted(cast: Cast) -> None:
    lived_in("west", staff=cast.olga)
    Order.unfenced.update(placed_at=datetime(2020, 1, 1, tzinfo=NOW.tzinfo))
    found = inventory(NOW)
    [orders] = [one for one in found.places if one.holding == "marketplaces.Order"]
    assert orders.overdue == 6
    assert found.overdue >= 18  # with their lines


@pytest.mark.django_db
def test_what_is_kept_how_long_takes_no_query() -> None:
    with CaptureQueriesContext(connection) as asked:
        found = listed(NOW, {})
    assert len(asked) == 0
    assert {place.rows for place in found.places} == {None}


@pytest.mark.django_db
def test_the_command_prints_a_table_json_and_csv(cast: Cast, capsys: Any) -> None:
    call_command("data_inventory")
    assert "rows overdue" in capsys.readouterr().out
    call_command("data_inventory", "--json")
    told = json.loads(capsys.readouterr().out)
    assert {row["holding"] for row in told["rows"]} == HOLDINGS.keys()
    assert datetime.fromisoformat(told["at"])
    call_command("data_inventory", "--csv")
    lines = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {line["holding"] for line in lines} == HOLDINGS.keys()


@pytest.mark.django_db
def test_officers_see_counts_and_nobody_else_does(cast: Cast) -> None:
    lived = lived_in("west", staff=cast.olga)
    page = signed_in(cast.carl).get("/admin/compliance/purge/inventory/")
    assert page.status_code == 200
    assert "Listings and stock" not in page.text
    assert "Orders" in page.text
    for secret in (lived.seller.name, lived.owner.email, str(lived.seller.pk), "O-1"):
        assert secret not in page.text
    for someone in (cast.olga, cast.alice):
        answer = signed_in(someone).get(page.request["PATH_INFO"], follow=True)
        assert answer.status_code == 403


def test_the_papers_say_what_the_rules_say() -> None:
    """README's table of rules is the rules' own."""
    rows = dict(re.findall(r"^\| ([A-Z].+?) \| (.+?) \|", _section("Retention"), re.M))
    for rule in RULES.values():
        if rule.keep is None:
            continue
        hours = rule.keep.total_seconds() / 3600
        said = f"{round(hours)} hours" if hours < 48 else f"{rule.keep.days} days"
        if rule.by_seller:
            said += ", or less"
        assert rows[rule.label] == said, rule.name


def _section(title: str) -> str:
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]
