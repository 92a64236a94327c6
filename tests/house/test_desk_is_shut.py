"""ACC-1: no page of the desk tells more than it shows, whatever is asked of it."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.db import models
from django.test import Client
from django.urls import reverse

from plugseller.displayonly import SEES, DisplayOnly
from tests.conftest import person, signed_in
from tests.marketplaces.console.conftest import World

PAGES = sorted(admin.site._registry.items(), key=lambda page: page[0]._meta.label)
NAMES = [model._meta.label for model, _ in PAGES]
ENDINGS = ("__startswith", "__gt", "__regex", "__isnull", "__in")
every_page = pytest.mark.parametrize(("model", "page"), PAGES, ids=NAMES)
Page = Any  # a ModelAdmin, which is no type at run time


@pytest.fixture
def staff(world: World) -> dict[str, Client]:
    """A browser of each role; each is a superuser as well."""
    found = {}
    for role in SEES:
        someone = person(role, staff_role=role)
        someone.is_superuser = True
        someone.save()
        found[role] = signed_in(someone)
    return found


def seers(page: object, staff: dict[str, Client]) -> Iterator[Client]:
    assert isinstance(page, DisplayOnly)
    assert page.seen_by <= staff.keys()
    yield from (staff[role] for role in page.seen_by)


def list_of(model: type[models.Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def look_ups(model: type[models.Model]) -> set[str]:
    """Every field, and every field one table further, with every ending."""
    found = set()
    for field in model._meta.get_fields():
        beyond = field.related_model if field.is_relation else None
        names = [field.name]
        if isinstance(beyond, type):
            names += [f"{field.name}__{one.name}" for one in beyond._meta.get_fields()]
        found |= {name + ending for name in names for ending in ENDINGS}
    return found


@every_page
def test_no_look_up_is_answered_but_the_filters_offered(
    staff: dict[str, Client], model: type[models.Model], page: Page
) -> None:
    for client in seers(page, staff):
        request = client.get(list_of(model)).wsgi_request
        allowed = {one for one in look_ups(model) if _lets(page, one, request)}
        assert allowed == set()
    for ending in ("pk__startswith", "pk__gt", "seller__slug__startswith"):
        told = client.get(list_of(model), {ending: "a"})
        assert told.status_code in (302, 400), ending


def _lets(page: Page, look_up: str, request: object) -> bool:
    return bool(page.lookup_allowed(look_up, "a", request))


@every_page
def test_it_offers_no_action_and_no_file(
    staff: dict[str, Client], model: type[models.Model], page: Page
) -> None:
    for client in seers(page, staff):
        answer = client.get(list_of(model))
        assert page.get_actions(answer.wsgi_request) == {}
        assert not page.list_editable
        for asked in ("csv", "json", "export"):
            told = client.get(list_of(model), {"format": asked, "_export": asked})
            assert told["Content-Type"].startswith("text/html") or not told.content
            assert "Content-Disposition" not in told


@every_page
def test_nobody_is_helped_to_complete_a_name(
    staff: dict[str, Client], model: type[models.Model], page: Page
) -> None:
    meta = model._meta
    for field in (one.name for one in meta.get_fields() if one.is_relation):
        asked = {
            "app_label": meta.app_label,
            "model_name": str(meta.model_name),
            "field_name": field,
            "term": "n",
        }
        for client in staff.values():
            told = client.get(reverse("admin:autocomplete"), asked)
            assert told.status_code == 403, field


@every_page
def test_a_page_is_for_the_roles_it_names(
    staff: dict[str, Client], model: type[models.Model], page: Page
) -> None:
    assert isinstance(page, DisplayOnly)
    row = model._default_manager.first()
    for role, client in staff.items():
        expected = 200 if role in page.seen_by else 403
        assert client.get(list_of(model)).status_code == expected, role
        if row is None or role in page.seen_by:
            continue
        for name in ("change", "history", "delete"):
            route = f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}"
            told = client.get(reverse(route, args=[row.pk]))
            assert told.status_code in (403, 404), (role, name)


@every_page
def test_rows_within_a_page_change_nothing_either(
    model: type[models.Model], page: Page
) -> None:
    assert {one for one in page.inlines if not issubclass(one, DisplayOnly)} == set()
