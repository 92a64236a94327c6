"""RET-2: a seller takes along everything of its own, explained, and nothing else."""

import csv
import io
import json
from typing import Any

import pytest
from django.apps import apps
from django.db import models
from django.utils import timezone

from marketplaces.exporting import dictionary
from marketplaces.models import Connection, Order
from plugseller.accounts.models import ApiToken, Seller, User
from plugseller.accounts.portability import NOT_PORTABLE, PORTABLES, Portable
from plugseller.accounts.services import make_token
from plugseller.audit.models import Entry
from plugseller.crypto.fields import SealedField
from plugseller.shelves import HOLDINGS, Scope
from tests.conftest import person
from tests.marketplaces.console import rows
from tests.marketplaces.console.conftest import World
from tests.marketplaces.exporting.conftest import built, unpacked
from tests.plugseller.accounts.granting import give

TABLES = list(PORTABLES.values())


def read_csv(held: bytes) -> list[dict[str, str]]:
    text = held.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def _of_a_seller(model: type[models.Model]) -> bool:
    """Whether the table names sellers, itself or through what it belongs to."""
    for found in model._meta.concrete_fields:
        if found.name in ("seller_id", "owner") or found.related_model is Seller:
            return True
        if found.related_model in (Connection, Order) and not found.null:
            return True
    return False


def test_each_table_that_knows_sellers_is_in_the_package_or_says_why_not() -> None:
    ours = {
        model._meta.label
        for model in apps.get_models(include_auto_created=True)
        if _of_a_seller(model) and not model.__module__.startswith("tests.")
    }
    assert ours - set(PORTABLES) - set(NOT_PORTABLE) == set()
    assert all(why.endswith(".") for why in NOT_PORTABLE.values())


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.file)
def test_each_column_has_a_sentence_or_a_reason_to_stay(table: Portable) -> None:
    if "*" in table.left_out:
        return
    told = {(c.path or c.name).split(".")[0] for c in table.columns}
    for column in table.model._meta.concrete_fields:
        names = {column.name, column.attname}
        assert names & told or names & set(table.left_out), (
            f"{table.model._meta.label}.{column.name} has no sentence: say in "
            "portable.py what it means, or why it stays here."
        )
    assert len({c.name for c in table.columns}) == len(table.columns)
    for sentence in (table.about, *(c.meaning for c in table.columns)):
        assert sentence.endswith(".")


def test_a_column_without_a_sentence_is_seen() -> None:
    table = PORTABLES["marketplaces.Order"]
    poorer = Portable(
        table.model,
        table.file,
        table.about,
        tuple(c for c in table.columns if c.name != "total"),
        table.batches,
        table.left_out,
    )
    with pytest.raises(AssertionError, match=r"Order\.total has no sentence"):
        test_each_column_has_a_sentence_or_a_reason_to_stay(poorer)


def test_no_secret_is_a_column() -> None:
    for table in TABLES:
        for column in table.columns:
            name = (column.path or column.name).split(".")[0]
            assert not any(
                word in name for word in ("digest", "hash", "secret", "credential")
            )
            held = {f.name: f for f in table.model._meta.concrete_fields}.get(name)
            assert not isinstance(held, SealedField)


def test_the_package_holds_every_row_of_the_seller_and_none_of_another(
    world: World,
) -> None:
    made = built(world.cast.alice)
    assert made.state == "ready"
    held = unpacked(made, world.cast.alice)
    for label, table in PORTABLES.items():
        told = read_csv(held[f"csv/{table.file}.csv"])
        objects = json.loads(held[f"json/{table.file}.json"])
        assert len(told) == len(objects) == made.counts[table.file]
        scope = Scope(seller_id=world.cast.north.pk)
        if not HOLDINGS[label].stays:  # what stays isn't counted by scope
            assert len(told) == HOLDINGS[label].store.count(scope), label
        for row, one in zip(told, objects, strict=True):
            assert list(row) == list(one) == [c.name for c in table.columns]
    everything = b"".join(held.values())
    assert b"111-NORTHERN" in everything
    for foreign in ("SOUTHERN", "charlie@", str(world.south.pk), "ASOUTH"):
        assert foreign.encode() not in everything
    assert b"alice@example.test" in held["csv/team.csv"]


def test_csv_and_json_say_the_same_exactly(world: World) -> None:
    made = built(world.cast.alice)
    held = unpacked(made, world.cast.alice)
    (row,) = read_csv(held["csv/orders.csv"])
    (one,) = json.loads(held["json/orders.json"])
    order = Order.objects.of_seller(world.cast.north).get()
    assert row["total"] == one["total"] == str(order.total)
    assert one["placed_at"].endswith("Z")
    assert row["placed_at"] == one["placed_at"].replace("T", " ")[:19]
    assert row["connection_id"] == one["connection_id"] == str(world.north.pk)
    listing = json.loads(held["json/listings.json"])[0]
    assert listing["issues"][0]["message"] == "Problem NORTHERN"


def test_no_secret_and_no_name_of_our_staff_is_in_it(world: World) -> None:
    cast = world.cast
    world.north.credentials = {"refresh_token": "Atzr|SECRET-REFRESH"}
    world.north.save()
    _, shown = make_token(
        actor=cast.alice,
        seller=cast.north,
        label="ERP",
        kind=ApiToken.Kind.PERSONAL,
        permissions=["view_orders"],
        now=timezone.now(),
    )
    give(cast.olga, cast.north, by=cast.carl, now=timezone.now(), reason="A question")
    User.objects.filter(pk=cast.olga.pk).update(name="Olga Staff")
    held = unpacked(built(cast.alice), cast.alice)
    everything = b"".join(held.values())
    token = ApiToken.objects.get()
    for secret in (
        "SECRET-REFRESH",
        shown,
        token.digest,
        cast.alice.password,
        cast.olga.email,
        "Olga Staff",
        cast.carl.email,
        str(cast.olga.pk),
        str(cast.carl.pk),
    ):
        assert secret.encode() not in everything, secret
    assert b"A question" in held["csv/staff_access.csv"]
    assert b"ERP" in held["csv/api_keys.csv"]


def test_cells_are_disarmed_in_csv_and_left_alone_in_json(world: World) -> None:
    rows.order(world.north, "=cmd|' /C calc'!A0", skus=("@SUM(1)",), status="-1+1")
    held = unpacked(built(world.cast.alice), world.cast.alice)
    for name, content in held.items():
        if name.endswith(".csv"):
            for row in read_csv(content):
                for head, cell in row.items():
                    number = head in ("amount", "total")
                    assert number or not cell.startswith(tuple("=+-@\t\r")), cell
    numbers = [one["external_id"] for one in json.loads(held["json/orders.json"])]
    assert "=cmd|' /C calc'!A0" in numbers


def test_the_dictionary_explains_every_column_of_every_file(world: World) -> None:
    held = unpacked(built(world.cast.alice), world.cast.alice)
    told = read_csv(held["dictionary.csv"])
    known = {(row["file"], row["column"]) for row in told}
    for name, content in held.items():
        if name.startswith("csv/"):
            header = content.decode("utf-8-sig").split("\r\n", 1)[0]
            (heads,) = csv.reader([header])
            file = name.removeprefix("csv/").removesuffix(".csv")
            assert {(file, head) for head in heads} <= known
    total = next(r for r in told if (r["file"], r["column"]) == ("orders", "total"))
    assert total["source"] == "the marketplace"
    assert total["operations"] == "amazon.searchOrders"
    assert total["data class"] == "marketplace information"
    assert total["kept"] == "548 days"
    assert total["type"] == "decimal number"
    files = {one["file"]: one for one in json.loads(held["dictionary.json"])}
    assert "secret" in files["connections"]["left_out"]["credentials"]
    assert b"Not in here" in held["README.txt"]


def test_the_dictionary_needs_no_marketplace_on_the_shelf(
    world: World, settings: Any
) -> None:
    settings.MARKETPLACES = ["walmart"]
    made = built(world.cast.alice)
    assert made.state == "ready"
    assert list(dictionary.explained({}))


def test_long_tables_are_read_in_batches_whatever_their_key(world: World) -> None:
    rows.many_orders(world.north, 2_350)
    reports = [person(f"p{n}") for n in range(3)]
    assert reports
    held = unpacked(built(world.cast.alice), world.cast.alice)
    numbers = [one["external_id"] for one in json.loads(held["json/orders.json"])]
    assert len(numbers) == len(set(numbers)) == 2_351
    lines = json.loads(held["json/order_lines.json"])
    assert len({one["id"] for one in lines}) == len(lines)
    assert Entry.objects.filter(event="export.built").get().rows >= 2_351
