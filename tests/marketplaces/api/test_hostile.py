"""Rows 10 and 20 of the threats: parameters and shapes nobody should send."""

import time
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from plugseller.audit.models import Entry
from tests.marketplaces.api.conftest import V1, Key
from tests.marketplaces.console import rows
from tests.marketplaces.console.conftest import World

LISTS = ("orders", "listings", "prices", "inventory", "sync-runs")
NAMES = (
    "_connector",
    "_negated",
    "pk",
    "id",
    "id__gt",
    "seller",
    "seller_id",
    "seller__slug",
    "seller__memberships__user__password__startswith",
    "connection__credentials",
    "connection__seller",
    "user__password__startswith",
    "status__in",
    "sku__regex",
    "q__icontains",
    "ordering",
    "order_by",
    "sort__desc",
    "page",
    "page_size",
    "limit",
    "offset",
    "format",
    "fields",
    "include",
    "expand",
    "callback",
    "lang",
    "_method",
    "size[]",
    "size.0",
    "__class__",
    "*",
    "",
    "\x00",
    "q\x00",
    "‮gnp",
    "a" * 5_000,
)
VALUES = (
    ("size", "0"),
    ("size", "-1"),
    ("size", "201"),
    ("size", "1000000000"),
    ("size", "9" * 5_000),
    ("size", "1e3"),
    ("size", "NaN"),
    ("sort", "-seller__api_tokens__digest"),
    ("sort", "id;DROP TABLE"),
    ("sort", "?"),
    ("connection", "1"),
    ("connection", "' OR 1=1 --"),
    ("connection", "\x00"),
    ("cursor", "AAAA"),
    ("cursor", "WyJuZXdlc3QiLGZhbHNlLCIyMDAwIiwxXQ"),
    ("cursor", "W1tbW1tbW1tb" * 100),
    ("cursor", "W" * 100_000),
    ("cursor", "é☃"),
    ("q", "'"),
    ("q", "%"),
    ("q", "_"),
    ("q", "\\"),
    ("q", "\x00"),
    ("q", "\ud800"),
    ("q", "a" * 201),
    ("q", "(a+)+$"),
)


@pytest.mark.parametrize("where", LISTS)
def test_unknown_parameters_are_refused_by_name(key: Key, where: str) -> None:
    for name in NAMES:
        answer = key.get(f"{V1}/sellers/north/{where}", {name: "1"})
        assert answer.status_code == 400, name
        told = answer.json()
        assert told["errors"][0]["parameter"]
        assert len(answer.content) < 500
    assert not Entry.objects.filter(event__startswith="read.").exists()


@pytest.mark.parametrize("where", LISTS)
def test_hostile_values_are_refused_or_harmless(
    world: World, key: Key, where: str
) -> None:
    path = f"{V1}/sellers/north/{where}"
    every = key.get(path).json()["results"]
    for name, value in VALUES:
        sent = urlencode({name: value}, errors="surrogatepass")
        answer = Client().get(f"{path}?{sent}", headers=key.header)
        assert answer.status_code in (200, 400), (name, value[:20])
        if answer.status_code == 200:
            kept = answer.json()["results"]
            assert all(row in every for row in kept), (name, value[:20])
            assert name == "q"
        else:
            assert answer.json()["errors"][0]["parameter"] == name
            assert value == "" or len(value) < 3 or value not in answer.content.decode()


@pytest.mark.parametrize("name", ["size", "q", "cursor", "sort"])
def test_a_parameter_is_given_once(key: Key, name: str) -> None:
    answer = key.get(f"{V1}/sellers/north/orders?{name}=&{name}=")
    assert answer.status_code == 400
    assert answer.json()["errors"] == [
        {"parameter": name, "detail": "Given more than once."}
    ]


@pytest.mark.parametrize("one", ["order", "listing", "price", "stock", "connection"])
def test_a_thing_takes_no_parameters(key: Key, paths: dict[str, str], one: str) -> None:
    assert key.get(paths[one], {"fields": "credentials"}).status_code == 400


def test_ten_thousand_parameters_are_refused(key: Key) -> None:
    many = "&".join(f"a{n}=1" for n in range(10_000))
    answer = key.get(f"{V1}/sellers/north/orders?{many}")
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"x" * 3_000_000,
        b'{"size": 1e400}',
        b"\xff\xfe\x00",
    ],
)
def test_bodies_are_not_even_read(key: Key, body: bytes) -> None:
    began = time.process_time()
    answer = Client().post(
        f"{V1}/sellers/north/orders",
        data=body,
        content_type="application/json",
        headers=key.header,
    )
    assert answer.status_code == 405
    assert time.process_time() - began < 1
    got = Client().generic(
        "GET", f"{V1}/sellers/north/orders", body, headers=key.header
    )
    assert got.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept": "text/html"},
        {"Accept": "application/xml;q=" + "1" * 5_000},
        {"Accept": ",".join(["a/b"] * 20_000)},
        {"Accept-Language": "en-" * 5_000},
        {"Accept": "application/json; indent=1000000"},
        {"X-HTTP-Method-Override": "DELETE"},
        {"Cookie": "sessionid=" + "x" * 5_000},
        {"X-Forwarded-For": "1.2.3.4, " * 1_000},
    ],
)
def test_odd_headers_change_nothing(key: Key, headers: dict[str, str]) -> None:
    began = time.process_time()
    plain = key.get(f"{V1}/sellers/north/orders")
    odd = Client().get(f"{V1}/sellers/north/orders", headers=key.header | headers)
    assert odd.content == plain.content
    assert odd.headers["Content-Type"] == "application/json"
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    "path",
    [
        "sellers/north/orders/",
        "sellers/north/orders/1/2",
        "sellers/north/orders/%2e%2e/south",
        "sellers/north/../south/orders",
        "sellers//orders",
        "sellers/north/sync-runs/{0}/7",  # a bare number
        "sellers/north/sync-runs/{0}/99999999999999999999999-0123456789abcdef",
        "sellers/north/listings/{0}/x/%00",
        "sellers/north/listings/{0}/x/~ZZ",
        "sellers/north/listings/{0}/x/~FF",
        "sellers/north/prices/{0}/x/y/nothing",
        "x" * 10_000,
    ],
)
def test_odd_addresses_are_the_one_404(world: World, key: Key, path: str) -> None:
    answer = key.get(f"{V1}/{path.format(world.north.pk)}")
    assert answer.status_code == 404
    assert answer.content == key.get(f"{V1}/nothing").content


def _queries(key: Key, path: str, data: Any = None) -> int:
    with CaptureQueriesContext(
        connection,
    ) as made:
        assert key.get(path, data).status_code == 200
    return len(made)


def test_a_page_costs_the_same_however_many_rows(world: World, key: Key) -> None:
    path, data = f"{V1}/sellers/north/orders", {"size": "200"}
    key.get(path)  # the first use of a key is noted
    few = _queries(key, path, data)
    rows.many_orders(world.north, 300)
    assert _queries(key, path, data) == few
    assert few <= 20
    with CaptureQueriesContext(connection) as made:
        key.get(path, data)
    rights = [q for q in made if "selleruserobjectpermission" in q["sql"].lower()]
    assert len(rights) == 1
    assert not [
        q
        for q in made
        if " OFFSET " in q["sql"]
        or ("COUNT(*)" in q["sql"] and "marketplaces_" in q["sql"])
    ]


@pytest.mark.parametrize("where", ["listings", "prices", "inventory"])
def test_facts_cost_the_same_however_many_rows(
    world: World, key: Key, where: str
) -> None:
    path = f"{V1}/sellers/north/{where}"
    key.get(path)
    few = _queries(key, path)
    for place in range(30):
        rows.listing(world.north, f"M-{place}")
        rows.price(world.north, f"M-{place}")
        rows.stock(world.north, f"M-{place}")
    assert _queries(key, path) == few
