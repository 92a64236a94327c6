"""The measures of the audit log, each in a process of its own (`child` calls them).

Floor of a request: the same page with its access entry left out. Floor of an append:
one INSERT of the same columns with an HMAC over them, committed, by the driver alone:
no reading of the entry before, no check, no Django.
"""

# ruff: noqa: S608 (names of our own tables; values are parameters)

import hmac
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import uuid4

from django.db import connection

ORDERS = 500
REQUESTS = 150
APPENDS = 3_000
_CHUNK = 2_000
_PLACE = "US"


def prepare(folder: Path) -> dict[str, Any]:
    """A seller with orders, and its owner with a session."""
    from django.test import Client
    from django.utils import timezone

    from marketplaces.models import Connection, Market, Order
    from plugseller.accounts.roles import Role
    from plugseller.accounts.services import (
        create_person,
        create_seller,
        join,
        set_up_app,
    )

    owner = create_person(actor=None, email="owner@example.test", password=None)
    set_up_app(owner)
    seller = create_seller(
        actor=None, name="Benchmark", slug="benchmark", time_zone="UTC"
    )
    join(actor=None, seller=seller, user=owner, role=Role.OWNER)
    account = Connection.objects.create(
        seller=seller, marketplace="amazon", region="na", account_id="A1"
    )
    now = timezone.now()
    Market.objects.create(
        seller=seller,
        connection=account,
        market=_PLACE,
        currency="USD",
        fetched_at=now,
        operation="benchmark",
        run_id=0,
    )
    Order.objects.across_sellers(reason="the benchmark's own").bulk_create(
        Order(
            seller=seller,
            connection=account,
            external_id=f"111-{number:07}",
            market=_PLACE,
            status="SHIPPED",
            placed_at=now - timedelta(minutes=number),
            as_of=now,
            fetched_at=now,
            operation="amazon.searchOrders",
            run_id=1,
        )
        for number in range(ORDERS)
    )
    client = Client()
    client.force_login(owner)
    (folder / "session").write_text(
        json.dumps({name: held.value for name, held in client.cookies.items()})
    )
    return {}


def logged(folder: Path) -> dict[str, Any]:
    """Seconds for a list of orders as it is."""
    before = _entries()
    seconds = _requests(folder)
    return {"seconds": seconds, "entries": _entries() - before}


def unlogged(folder: Path) -> dict[str, Any]:
    """Seconds for the same list without its entry."""
    before = _entries()
    with patch("marketplaces.console.lists.record_access"):
        seconds = _requests(folder)
    return {"seconds": seconds, "entries": _entries() - before}


def _requests(folder: Path) -> float:
    from django.test import Client

    client = Client(headers={"Host": "localhost"})
    for name, value in json.loads((folder / "session").read_text()).items():
        client.cookies[name] = value

    def ask() -> None:
        answer = client.get("/s/benchmark/orders")
        if answer.status_code != 200 or b"111-0000001" not in answer.content:
            raise SystemExit(f"The list answered {answer.status_code}.")

    return _each(ask, REQUESTS)


def append(folder: Path) -> dict[str, Any]:
    """Seconds for an entry as it is, each in a transaction of its own."""
    from plugseller.audit.services import record

    seller, before = uuid4(), _entries()
    with _acting():
        seconds = _each(
            lambda: record(
                "read.orders.list",
                seller_id=seller,
                rows=50,
                details={"filters": ["q", "status"]},
            ),
            APPENDS,
        )
    return {"seconds": seconds, "entries": _entries() - before}


def _acting() -> Any:
    from plugseller.audit.services import Acting, acting

    return acting(
        Acting(
            kind="person",
            user_id=uuid4(),
            request_id=uuid4(),
            address="192.0.2.7",
            agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0",
            role="owner",
        )
    )


def insert(folder: Path) -> dict[str, Any]:
    """Seconds for the floor of an append."""
    from plugseller.audit.append import COLUMNS, TABLE

    before = _entries()
    names = ", ".join(f'"{name}"' for name in ("id", "previous_hash", "hash", *COLUMNS))
    connection.ensure_connection()
    embedded = connection.vendor == "sqlite"
    raw = connection.connection
    if not embedded:
        raw.autocommit = True  # BEGIN and COMMIT are ours
    mark = "?" if embedded else "%s"
    statement = f"INSERT INTO {TABLE} ({names}) VALUES ({', '.join([mark] * 21)})"
    begin = "BEGIN IMMEDIATE" if embedded else "BEGIN"
    number, previous = before, "0" * 64
    key, seller, person, request = b"k" * 32, uuid4().hex, uuid4().hex, uuid4().hex
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

    def one() -> None:
        nonlocal number, previous
        number += 1
        at = datetime.now(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
        content = (
            *(at, "read.orders.list", 3, person, "person", "", "owner", None, seller),
            *(None, "", "", 50, None, '{"filters":["q","status"]}', request),
            *("192.0.2.7", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0"),
        )
        text = encode((number, previous, *content)).encode()
        hash_ = hmac.digest(key, text, "sha256").hex()
        cursor = raw.cursor()
        cursor.execute(begin)
        cursor.execute(statement, (number, previous, hash_, *content))
        cursor.execute("COMMIT")
        previous = hash_

    seconds = _each(one, APPENDS)
    return {"seconds": seconds, "entries": _entries() - before}


def verify(folder: Path) -> dict[str, Any]:
    """Seconds to verify as many entries as the folder's `entries` says."""
    from plugseller.audit.append import append as append_all
    from plugseller.audit.append import plain
    from plugseller.audit.verify import verify as verify_all

    wanted = int((folder / "entries").read_text())
    seller, now = uuid4(), datetime.now(UTC)
    content = plain(
        timestamp=now,
        event="read.orders.list",
        action=3,
        actor_id=uuid4(),
        actor_kind="person",
        role="owner",
        seller_id=seller,
        rows=50,
        details={"filters": ["q", "status"]},
        request_id=uuid4(),
        address="192.0.2.7",
        agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0",
    )
    while (missing := wanted - _entries()) > 0:
        append_all([content] * min(_CHUNK, missing), using="default")
    began = time.perf_counter()
    seen = verify_all()
    seconds = time.perf_counter() - began
    if not seen.is_whole:
        raise SystemExit("The log of the benchmark isn't whole.")
    return {"seconds": seconds, "entries": seen.entries}


def _each(work: Callable[[], object], times: int) -> float:
    """Seconds for one, after the code is warm: the median of ten parts."""
    from statistics import median

    for _ in range(max(3, times // 20)):
        work()
    parts = []
    for _ in range(10):
        began = time.perf_counter()
        for _ in range(times // 10):
            work()
        parts.append((time.perf_counter() - began) / (times // 10))
    return median(parts)


def _entries() -> int:
    from plugseller.audit.models import Entry

    return int(Entry.objects.order_by("-id").values_list("id", flat=True).first() or 0)
