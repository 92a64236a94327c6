"""USE-1: where code leaves the fence around sellers' rows; a bare query can't."""

import re
from pathlib import Path
from uuid import UUID

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission
from django.db import models
from django.utils import timezone

from marketplaces.models import DataExport, Order
from plugseller.accounts.models import User
from plugseller.accounts.tenancy import FencedQuerySet, Unfenced
from tests.conftest import person
from tests.marketplaces.console.conftest import World

ROOT = Path(__file__).resolve().parents[2]
FENCED = [
    model
    for model in apps.get_models()
    if isinstance(getattr(model, "objects", None), models.Manager)
    and isinstance(model.objects.all(), FencedQuerySet)  # type: ignore[attr-defined]
]
# Files that may cross sellers or go round the fence, each with its reason.
MAY_LEAVE = {
    "plugseller/accounts/tenancy.py": "defines the fence",
    "plugseller/custody/erasers.py": "erases what nobody may see any more",
    "compliance/deletion/places.py": "looks whether anything of the erased is left",
    "compliance/incidents/affected/reach.py": "ids of accounts, never contents",
    "compliance/incidents/detection/paths.py": "names of paths, never contents",
    "plugseller/crypto/fields.py": "seals one row's value anew and shows nothing",
    "plugseller/crypto/resealing.py": "seals an owner's values anew, shows nothing",
    "plugseller/accounts/custody.py": "finds whom the deletion ledger names",
    "marketplaces/custody.py": "finds which connection the deletion ledger names",
    "plugseller/audit/models.py": "takes back a row that could not be logged",
    "marketplaces/sync/": "works for a connection, with no person in front of it",
    "marketplaces/exporting/": "the timetable builds and ends packages of all sellers",
    "marketplaces/services.py": "freezes and ends what a deletion names by its id",
    "marketplaces/jobs.py": "looks for connections that are due, of all sellers",
    "marketplaces/stores.py": "removes what was kept long enough",
    "marketplaces/benchmarks/": "counts rows of its own temporary database",
    "marketplaces/inventory.py": "shows when credentials are due, never contents",
    "marketplaces/evidence/": "counts what a promise forbids, and shows nothing",
    "plugseller/crypto/controls.py": "looks whether values are sealed, opens none",
    "marketplaces/admin.py": "shows connections and runs to operators, never contents",
}
EXITS = re.compile(r"\bunfenced\b|_default_manager|_base_manager|across_sellers\(")


def test_every_table_of_a_seller_is_fenced() -> None:
    open_tables = [
        model._meta.label
        for model in apps.get_models()
        if model.__module__.startswith("marketplaces.")
        and any(f.name == "seller" for f in model._meta.get_fields())
        and model not in FENCED
        and model._meta.label != "marketplaces.ConnectAttempt"
    ]
    assert open_tables == []


@pytest.mark.django_db
@pytest.mark.parametrize("model", FENCED, ids=lambda m: m._meta.label)
def test_a_bare_query_refuses(model: type[Order]) -> None:
    bare = model.objects
    for ask in (
        lambda: list(bare.all()),
        lambda: bare.first(),
        lambda: bare.count(),
        lambda: bare.exists(),
        lambda: list(bare.values_list("pk")),
        lambda: list(bare.all().iterator()),
        lambda: bare.all().delete(),
        lambda: bare.in_bulk(),
    ):
        with pytest.raises(Unfenced):
            ask()


@pytest.mark.parametrize("model", FENCED, ids=lambda m: m._meta.label)
def test_a_superuser_is_shown_nothing_without_a_right(
    world: World, model: type[Order]
) -> None:
    """Neither of no seller, nor our staff, nor with every right of Django's."""
    cast = world.cast
    for seller in (cast.north, cast.south):
        DataExport.objects.create(
            seller=seller, asked_at=timezone.now(), file_name=seller.slug
        )
    for someone in (person("root"), cast.olga, cast.carl, cast.charlie):
        someone.user_permissions.set(Permission.objects.all())
        User.objects.filter(pk=someone.pk).update(is_superuser=True)
    shown = {one: _seen(model, one) for one in User.objects.all()}
    assert shown.pop(cast.alice) == {cast.north.pk}
    assert shown.pop(cast.charlie) == {cast.south.pk}
    of_north = {one for one, sellers in shown.items() if cast.north.pk in sellers}
    assert of_north <= {cast.bob, world.sam, world.ann}


def _seen(model: type[Order], someone: User) -> set[UUID]:
    rows = model.objects.visible_to(someone)
    return set(rows.values_list("seller", flat=True))


def test_the_fence_is_left_only_where_the_list_says() -> None:
    left = []
    for floor in ("plugseller", "marketplaces", "compliance"):
        for path in sorted((ROOT / floor).rglob("*.py")):
            name = str(path.relative_to(ROOT))
            if "migrations" in path.parts or name.startswith("marketplaces/models/"):
                continue
            if name.startswith(tuple(MAY_LEAVE)):
                continue
            left += [
                f"{name}:{number}"
                for number, line in enumerate(path.read_text().splitlines(), 1)
                if EXITS.search(line)
            ]
    assert left == []
