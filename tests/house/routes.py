"""Every address of the product, found in the URLconf, with arguments that exist."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.base import reverse

from tests.marketplaces.console.conftest import World

ARGUMENTS: Mapping[str, Callable[[World], Any]] = {
    "slug": lambda world: world.cast.north.slug,
    "connection": lambda world: world.north.pk,
    "number": lambda world: "111-NORTHERN",
    "market": lambda world: "ATVPDKIKX0DER",
    "sku": lambda world: "SKU-NORTHERN",
    "marketplace": lambda world: "amazon",
    "region": lambda world: "na",
    "feature": lambda world: "orders",
    "run_id": lambda world: world.run.pk,
    "pk": lambda world: 1,
    "app_label": lambda world: "accounts",
    "content_type_id": lambda world: 1,
    "url": lambda world: "nowhere",
}
"""Of each name an address can ask for: something of North's."""


def routes() -> dict[str, tuple[str, ...]]:
    """The name of each address, with its namespace, and its arguments' names."""
    return dict(_walk(get_resolver(), (), ()))


def _walk(
    resolver: URLResolver, spaces: tuple[str, ...], names: tuple[str, ...]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    for part in resolver.url_patterns:
        own = (*names, *part.pattern.converters, *part.pattern.regex.groupindex)
        asked = tuple(dict.fromkeys(own))
        if isinstance(part, URLResolver):
            space = (*spaces, part.namespace) if part.namespace else spaces
            yield from _walk(part, space, asked)
        elif isinstance(part, URLPattern):
            yield ":".join((*spaces, part.name or str(part.pattern))), asked


def address_of(name: str, asked: tuple[str, ...], world: World) -> str:
    """Where the route leads, for North."""
    if name.startswith("admin:") and "object_id" in asked:
        return reverse(name, args=[_first_row(name)])
    return reverse(name, kwargs={one: ARGUMENTS[one](world) for one in asked})


def _first_row(name: str) -> Any:
    """The key of a row the desk's page could show; of none if there is none."""
    label, _, model = name.removeprefix("admin:").rpartition("_")[0].partition("_")
    for registered in admin.site._registry:
        meta = registered._meta
        if (meta.app_label, meta.model_name) == (label, model) or name.startswith(
            f"admin:{meta.app_label}_{meta.model_name}_"
        ):
            row = apps.get_model(meta.app_label, meta.object_name)._base_manager.first()
            return row.pk if row else "0"
    return "0"
