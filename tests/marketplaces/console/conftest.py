"""North's and South's accounts with something of everything in them."""

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from django.urls import reverse

from marketplaces.datamap import Feature
from marketplaces.models import Connection, SyncRun
from plugseller.accounts.models import User
from plugseller.accounts.roles import Role
from plugseller.accounts.services import join
from tests.conftest import SECRETS, Cast, person
from tests.marketplaces.console import rows
from tests.remembering import Remembered


@dataclass(frozen=True)
class World:
    """The cast, their accounts, and one of each page's rows."""

    cast: Cast
    north: Connection
    south: Connection
    run: SyncRun
    sam: User  # ships for North: sees orders only
    ann: User  # analyst of North: looks and exports
    paths: dict[str, str] = field(default_factory=dict)


def fill(connection: Connection, mark: str) -> SyncRun:
    """A row of everything, each text carrying the mark."""
    run = rows.synced(
        connection,
        Feature.ORDERS,
        "amazon.searchOrders",
        fields_dropped=5,
        dropped={"orders[].buyer": 5},
    )
    rows.synced(connection, Feature.LISTINGS, "amazon.searchListingsItems")
    rows.order(connection, f"111-{mark}", skus=(f"SKU-{mark}",))
    rows.listing(
        connection,
        f"SKU-{mark}",
        title=f"Mug {mark}",
        issue_count=1,
        issues=[{"code": "1", "severity": "ERROR", "message": f"Problem {mark}"}],
    )
    rows.product(connection, title=f"Mug {mark}", brand=mark)
    rows.price(connection, f"SKU-{mark}")
    rows.stock(connection, f"SKU-{mark}", available=2)
    return run


_world: Remembered[tuple[World, dict[str, str]]] = Remembered()


@pytest.fixture
def world(cast: Cast) -> World:
    made, secrets = _world.get(partial(_make_world, cast), on=cast)
    SECRETS.update(secrets)
    return made


def _make_world(cast: Cast) -> tuple[World, dict[str, str]]:
    north, south = rows.connect(cast.north), rows.connect(cast.south)
    run = fill(north, "NORTHERN")
    fill(south, "SOUTHERN")
    people = []
    for name, role in (("sam", Role.SHIPPING), ("ann", Role.ANALYST)):
        people.append(person(name))
        join(actor=None, seller=cast.north, user=people[-1], role=role)
    home = "/s/north"
    one = f"{home}/connections/{north.pk}"
    paths = {
        "dashboard": f"{home}/",
        "orders": f"{home}/orders",
        "order": f"{home}/orders/{north.pk}/111-NORTHERN",
        "listings": f"{home}/listings",
        "sku": f"{home}/skus/{north.pk}/{rows.US}/SKU-NORTHERN",
        "inventory": f"{home}/inventory",
        "prices": f"{home}/prices",
        "what_we_fetch": f"{home}/what-we-fetch",
        "connections": f"{home}/connections",
        "connection": one,
        "progress": f"{one}/progress",
        "run": reverse("console:run", args=["north", north.pk, run.pk]),
        "choose_marketplace": f"{home}/connections/new",
        "connect": f"{home}/connections/new/amazon/na",
        "disconnect": f"{one}/disconnect",
        "orders_file": f"{home}/orders.csv",
        "listings_file": f"{home}/listings.csv",
        "inventory_file": f"{home}/inventory.csv",
        "prices_file": f"{home}/prices.csv",
    }
    sam, ann = people
    made = World(
        cast=cast, north=north, south=south, run=run, sam=sam, ann=ann, paths=paths
    )
    return made, {one.email: SECRETS[one.email] for one in people}


def whole(response: Any) -> bytes:
    """The body of an answer, streamed or not."""
    if response.streaming:
        return b"".join(response.streaming_content)
    content: bytes = response.content
    return content
