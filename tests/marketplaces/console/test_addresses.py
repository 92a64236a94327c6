"""Addresses by the marketplace's own keys: whatever is in an SKU, its page opens."""

import pytest
from django.urls import Resolver404, resolve, reverse

from marketplaces.console.converters import NaturalKey
from tests.conftest import signed_in
from tests.marketplaces.console import rows
from tests.marketplaces.console.conftest import World


@pytest.mark.parametrize(
    "key", [*rows.NASTY_SKUS, "", ".", "...", "~", "ü", "\n", "a~b"]
)
def test_a_key_comes_back_as_it_went(key: str) -> None:
    spoken = NaturalKey().to_url(key)
    assert NaturalKey().to_python(spoken) == key
    assert not set(spoken) & set("/%+#?&; \"'\\")
    assert spoken.strip(".")


@pytest.mark.parametrize(
    "spoken", ["~2f", "~41", "~C3", "~FF", "~ED~A0~80", "a~", "~~", "..", "~2Ea", "a/b"]
)
def test_only_one_spelling_of_a_key_is_accepted(spoken: str) -> None:
    with pytest.raises(Resolver404):
        resolve(f"/s/north/orders/00000000-0000-0000-0000-000000000000/{spoken}")


def test_ordinary_keys_stay_readable(world: World) -> None:
    key = ("north", world.north.pk, "113-1234567-1234567")
    assert reverse("console:order", args=key).endswith("/113-1234567-1234567")


@pytest.mark.parametrize("sku", rows.NASTY_SKUS)
def test_the_page_of_an_awkward_sku_opens_from_every_list(
    world: World, sku: str
) -> None:
    client = signed_in(world.cast.alice)
    rows.listing(world.north, sku, title="Awkward")
    rows.stock(world.north, sku)
    rows.price(world.north, sku)
    rows.order(world.north, sku, skus=(sku,))
    path = reverse("console:sku", args=("north", world.north.pk, rows.US, sku))
    for name in ("listings", "inventory", "prices"):
        found = client.get(f"/s/north/{name}", {"q": sku.strip()}).content.decode()
        assert f'href="{path}"' in found, name
    page = client.get(path)
    assert page.status_code == 200
    assert "Awkward" in page.content.decode()
    order = reverse("console:order", args=("north", world.north.pk, sku))
    assert client.get(order).status_code == 200
