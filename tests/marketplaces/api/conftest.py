"""Keys of the cast, and every address of the API."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from marketplaces.models import Order, SyncRun
from plugseller.accounts import services
from plugseller.accounts.models import ApiToken, Seller, User
from plugseller.accounts.roles import FOR_TOKENS
from plugseller.accounts.tenancy import standing_at
from tests.marketplaces.console import rows
from tests.marketplaces.console.conftest import World, world

__all__ = ["world"]

V1 = "/api/v1"


@dataclass(frozen=True)
class Key:
    """A key, and a program that sends it."""

    token: ApiToken
    shown: str

    @property
    def header(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.shown}"}

    def get(self, path: str, data: Any = None, **more: Any) -> Any:
        return Client().get(path, data, headers=self.header, **more)


Keys = Callable[..., Key]


def key_of(someone: User, seller: Seller, **more: Any) -> Key:
    """A key of the person that may all that the person may, or what is said."""
    held = standing_at(someone, seller.slug, now=timezone.now()).rights
    values: dict[str, Any] = {
        "kind": "personal",
        "label": "Program",
        "permissions": [p.value for p in FOR_TOKENS if p.value in held],
        "now": timezone.now(),
    } | more
    return Key(*services.make_token(actor=someone, seller=seller, **values))


@pytest.fixture
def key(world: World) -> Key:
    """Alice's, for North."""
    return key_of(world.cast.alice, world.cast.north)


@pytest.fixture
def paths(world: World) -> dict[str, str]:
    """Each address of the API, with something of North's at it."""
    return addresses(world, "north", "NORTHERN")


def addresses(world: World, slug: str, mark: str) -> dict[str, str]:
    seller = getattr(world.cast, slug)
    account = getattr(world, slug)
    run = SyncRun.objects.of_seller(seller).first()
    order = Order.objects.of_seller(seller).first()
    assert run
    assert order
    home = f"{V1}/sellers/{slug}"
    sku = f"{account.pk}/{rows.US}/SKU-{mark}"
    return {
        "seller": home,
        "connections": f"{home}/connections",
        "connection": f"{home}/connections/{account.pk}",
        "sync_runs": f"{home}/sync-runs",
        "sync_run": reverse("api:sync_run", args=[slug, account.pk, run.pk]),
        "orders": f"{home}/orders",
        "order": f"{home}/orders/{account.pk}/{order.external_id}",
        "listings": f"{home}/listings",
        "listing": f"{home}/listings/{sku}",
        "prices": f"{home}/prices",
        "price": f"{home}/prices/{sku}/offer",
        "inventory": f"{home}/inventory",
        "stock": f"{home}/inventory/{sku}/FBA",
    }
