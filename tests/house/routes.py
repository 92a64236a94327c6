"""Every address of the product, found in the URLconf, with arguments that exist."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.contrib import admin
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.base import reverse

UNNAMED = {"admin:<path:object_id>/", "admin:(?P<url>.*)$"}
"""The admin's own: an old spelling that leads to the new one, and "no such page"."""

SHADOWED = {
    "admin:login",
    "admin:logout",
    "admin:password_change",
    "admin:autocomplete",
}
"""The admin's own, in front of which stand addresses of ours."""

Things = Mapping[str, Any]
"""What an address asks for, by name -> something that exists, or what makes it."""


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


def address_of(name: str, asked: tuple[str, ...], things: Things) -> str:
    """Where the route leads: to what `things` says of the route, or of the argument.

    KeyError for an argument nobody said anything about.
    """
    if name.startswith("admin:") and asked == ("object_id",):
        return reverse(name, args=[_first_row(name)])
    given = {one: things.get(f"{name} {one}", things.get(one)) for one in asked}
    given = {one: made() if callable(made) else made for one, made in given.items()}
    if missing := [one for one, thing in given.items() if thing is None]:
        raise KeyError(f"What stands for {missing} in {name}?")
    return reverse(name, kwargs=given)


def _first_row(name: str) -> Any:
    """The key of a row the desk's page could show; of none if there is none."""
    for registered in admin.site._registry:
        meta = registered._meta
        if name.startswith(f"admin:{meta.app_label}_{meta.model_name}_"):
            row = registered._default_manager.first()
            return row.pk if row else "0"
    return "0"
