"""No address holds a number one could count on from (ACC-1)."""

from collections.abc import Iterator

from django.contrib import admin
from django.db import models
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import IntConverter

COUNTED = {
    "admin:view_on_site": "Django's; there is nothing for anybody",
}
# On the desk, where a role sees each row of the table anyway.
COUNTED_PAGES = {
    "audit.Entry": "the place in the chain, which officers read as a whole",
    "marketplaces.SyncRun": "the order of runs, which operators read as a whole",
    "compliance.ControlResult": "the order of results, which officers read as a whole",
    "jobs.Run": "the order of runs, which operators read as a whole",
    "django_q.Schedule": "django-q2's",
}


def _addresses(resolver: URLResolver, space: str = "") -> Iterator[tuple[str, bool]]:
    """The name of each address, and whether a number stands in it."""
    for part in resolver.url_patterns:
        if isinstance(part, URLResolver):
            yield from _addresses(part, f"{part.namespace}:" if part.namespace else "")
        elif isinstance(part, URLPattern):
            kinds = part.pattern.converters.values()
            yield f"{space}{part.name}", any(type(k) is IntConverter for k in kinds)


def test_no_address_of_ours_takes_a_bare_number() -> None:
    counted = {name for name, number in _addresses(get_resolver()) if number}
    assert counted - COUNTED.keys() == set()


def test_no_page_of_the_desk_is_found_by_counting() -> None:
    counted = {
        model._meta.label
        for model in admin.site._registry
        if isinstance(model._meta.pk, models.IntegerField | models.AutoField)
    }
    assert counted == COUNTED_PAGES.keys()
