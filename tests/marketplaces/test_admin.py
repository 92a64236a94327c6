"""The operator's desk: states and counts; no contents, no credentials, no changes."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_q.models import Schedule
from pytest_django import DjangoAssertNumQueries

from marketplaces.credentials import unpack
from marketplaces.models import Connection, SyncRun
from marketplaces.simulator.server import Simulator
from marketplaces.sync.engine import sync_connection
from plugseller.accounts.models import Membership, Seller, User
from plugseller.audit.models import Entry
from plugseller.crypto.fields import DOTS
from plugseller.displayonly import DisplayOnly
from tests.conftest import PASSWORD, Cast, enter, person, signed_in
from tests.marketplaces.conftest import TestClock, connect_account

SHOWN = (Connection, SyncRun, Seller, User, Membership, Entry)


@pytest.fixture
def root(cast: Cast) -> Client:
    """Carl, made a superuser as well."""
    User.objects.filter(pk=cast.carl.pk).update(is_superuser=True)
    return signed_in(User.objects.get(pk=cast.carl.pk))


@pytest.fixture
def otto(cast: Cast) -> Client:
    """An operator, a superuser as well."""
    someone = person("otto", staff_role="operator")
    User.objects.filter(pk=someone.pk).update(is_superuser=True)
    return signed_in(someone)


def reader(model: object, root: Client, otto: Client) -> Client:
    """Whose page it is."""
    return otto if model in (Connection, SyncRun) else root


@pytest.fixture
def synced(cast: Cast, simulator: Simulator, clock: TestClock) -> Connection:
    held = connect_account(cast.north, simulator, "north-amazon-na")
    sync_connection(held.pk, clock=clock)
    return held


def list_of(model: type) -> str:
    meta = model._meta  # type: ignore[attr-defined]  # a model
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")


def page_of(row: object) -> str:
    meta = row._meta  # type: ignore[attr-defined]  # a model's row
    name = f"admin:{meta.app_label}_{meta.model_name}_change"
    return reverse(name, args=[row.pk])  # type: ignore[attr-defined]  # a model's row


def test_no_marketplace_information_is_registered() -> None:
    ours = {m.__name__ for m in apps.get_app_config("marketplaces").get_models()}
    registered = {model.__name__ for model in admin.site._registry}
    assert registered & ours == {"Connection", "SyncRun"}


def test_superusers_read_their_pages_and_no_secret_is_on_them(
    root: Client, otto: Client, synced: Connection
) -> None:
    assert synced.credentials is not None
    secret = unpack(synced.credentials).refresh_token.reveal()
    rows = [synced, SyncRun.unfenced.first(), synced.seller, Entry.objects.first()]
    whose = [(model, list_of(model)) for model in SHOWN]
    for model, address in [*whose, *((type(row), page_of(row)) for row in rows)]:
        answer = reader(model, root, otto).get(address)
        assert answer.status_code == 200, address
        text = answer.content.decode()
        assert secret not in text
        assert DOTS not in text
        assert "md5$" not in text


def test_every_page_there_is_for_reading_only() -> None:
    """Also those of packages: django-q2's own would run any function, as anybody."""
    assert {m for m in admin.site._registry if not can_only_be_read(m)} == set()


def can_only_be_read(model: type) -> bool:
    return issubclass(type(admin.site._registry[model]), DisplayOnly)


def test_a_superuser_schedules_nothing(otto: Client) -> None:
    given = {"name": "x", "func": "os.getcwd", "schedule_type": "O", "repeats": "-1"}
    assert otto.post("/admin/django_q/schedule/add/", given).status_code == 403
    assert not Schedule.objects.filter(func="os.getcwd").exists()
    for name in ("schedule", "success", "failure"):
        assert otto.get(f"/admin/django_q/{name}/").status_code == 200
    assert otto.get("/admin/django_q/ormq/").status_code == 404


def test_the_desk_takes_no_password_itself(cast: Cast, root: Client) -> None:
    given = {"username": cast.carl.email, "password": PASSWORD, "next": "/admin/"}
    stranger = Client()
    answer = stranger.post("/admin/login/", given)
    assert answer["Location"] == "/sign-in?next=/admin/"
    assert "_auth_user_id" not in stranger.session
    assert enter(stranger, cast.carl.email, next="/admin/")["Location"] == "/admin/"
    alice = Client()
    alice.force_login(cast.alice)
    assert alice.get("/admin/", follow=True).status_code == 403


@pytest.mark.parametrize("model", SHOWN)
def test_nobody_adds_changes_or_deletes_there(
    root: Client, otto: Client, synced: Connection, model: type
) -> None:
    root = reader(model, root, otto)
    row = model._default_manager.first()  # type: ignore[attr-defined]  # a model
    looking = ("access.refused", "audit.read")
    changes = Entry.objects.exclude(event__in=looking)
    before = changes.count()
    assert root.get(list_of(model) + "add/").status_code == 403
    assert root.post(page_of(row), {"status": "revoked"}).status_code == 403
    delete = page_of(row).replace("/change/", "/delete/")
    assert root.post(delete, {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
    root.post(list_of(model), chosen)
    assert type(row)._default_manager.filter(pk=row.pk).exists()
    assert changes.count() == before


def test_sellers_people_and_staff_without_rights_see_nothing(
    cast: Cast, synced: Connection
) -> None:
    for nobody in (cast.alice, cast.bob, cast.charlie, cast.olga):
        client = Client()
        client.force_login(nobody)
        for model in SHOWN:
            assert client.get(list_of(model)).status_code in (302, 403)


@pytest.mark.parametrize("model", [Connection, SyncRun, Seller, Membership])
def test_a_list_takes_as_many_queries_with_many_rows_as_with_few(
    root: Client,
    otto: Client,
    cast: Cast,
    synced: Connection,
    simulator: Simulator,
    clock: TestClock,
    django_assert_num_queries: DjangoAssertNumQueries,
    model: type,
) -> None:
    root = reader(model, root, otto)
    root.get(list_of(model))
    with CaptureQueriesContext(
        database,
    ) as few:
        root.get(list_of(model))
    for key in ("south-amazon-na", "south-walmart"):
        sync_connection(connect_account(cast.south, simulator, key).pk, clock=clock)
    with django_assert_num_queries(len(few)):
        root.get(list_of(model))
