"""If an entry can't be written, nothing is changed and nothing is shown."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.transaction import TransactionManagementError
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from pytest_django.fixtures import Settings

from plugseller import keyprovider
from plugseller.accounts.models import Membership, Seller, User
from plugseller.accounts.roles import Role
from plugseller.accounts.services import create_seller, join, leave
from plugseller.audit.models import Entry
from plugseller.audit.services import AuditUnavailable, record, record_access
from tests.conftest import NOW, Cast

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=["table renamed", "inserts refused", "no key"])
def unwritable(
    request: pytest.FixtureRequest, cast: Cast, tmp_path: Path, settings: Settings
) -> Iterator[None]:
    """The log can't be written, in one of three ways."""
    if request.param == "no key":
        home = settings.PLUGSELLER_HOME
        shutil.copytree(home / "keys", tmp_path / "keys")
        next((tmp_path / "keys").glob("audit-*")).unlink()
        settings.PLUGSELLER_HOME = tmp_path
        keyprovider.provider.cache_clear()
        yield
        settings.PLUGSELLER_HOME = home
        keyprovider.provider.cache_clear()
        return
    make, undo = _breakage(request.param)
    with connection.cursor() as cursor:
        for statement in make:
            cursor.execute(statement)
    yield
    with connection.cursor() as cursor:
        for statement in undo:
            cursor.execute(statement)


def _breakage(how: str) -> tuple[list[str], list[str]]:
    if how == "table renamed":
        return (
            ["ALTER TABLE audit_entry RENAME TO audit_gone"],
            ["ALTER TABLE audit_gone RENAME TO audit_entry"],
        )
    if connection.vendor == "postgresql":
        return (
            [
                "CREATE TRIGGER audit_full BEFORE INSERT ON audit_entry "
                "EXECUTE FUNCTION audit_refuse()"
            ],
            ["DROP TRIGGER audit_full ON audit_entry"],
        )
    return (
        [
            "CREATE TRIGGER audit_full BEFORE INSERT ON audit_entry "
            "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
        ],
        ["DROP TRIGGER audit_full"],
    )


def _state() -> list[Any]:
    return [
        list(User.objects.order_by("pk").values()),
        list(Seller.objects.order_by("pk").values()),
        list(Membership.objects.order_by("pk").values()),
    ]


def test_a_service_changes_nothing(cast: Cast, unwritable: None) -> None:
    before = _state()
    for act in (
        lambda: create_seller(actor=None, name="New", slug="new", time_zone="UTC"),
        lambda: join(actor=None, seller=cast.south, user=cast.bob, role=Role.VIEWER),
        lambda: leave(actor=None, seller=cast.north, user=cast.bob, now=NOW),
    ):
        with pytest.raises(AuditUnavailable):
            act()
    assert _state() == before


def test_a_row_saved_outside_any_transaction_is_not_kept(
    cast: Cast, unwritable: None
) -> None:
    """Django commits it before auditlog's receiver is asked."""
    before = _state()
    with pytest.raises(AuditUnavailable):
        User.objects.create_user(email="new@example.test")
    cast.bob.time_zone = "Asia/Tokyo"
    with pytest.raises(AuditUnavailable):
        cast.bob.save()
    with pytest.raises(AuditUnavailable):
        cast.charlie.delete()
    assert _state() == before


def test_swallowing_the_refusal_commits_nothing(cast: Cast, unwritable: None) -> None:
    before = _state()
    with pytest.raises(TransactionManagementError):
        _swallow(cast.north)
    assert _state() == before


@transaction.atomic
def _swallow(seller: Seller) -> None:
    Seller.objects.filter(pk=seller.pk).update(slug="swallowed")
    with contextlib.suppress(AuditUnavailable):
        record("sync.run")
    Seller.objects.filter(pk=seller.pk).update(slug="again")


@csrf_exempt
def _read(request: HttpRequest) -> HttpResponse:
    north = Seller.objects.get(slug="north")
    record_access("orders.export", actor=None, seller_id=north.pk, rows=1)
    return HttpResponse("the order of north")


@csrf_exempt
def _write(request: HttpRequest) -> HttpResponse:
    create_seller(actor=None, name="New", slug="new", time_zone="UTC")
    return HttpResponse("made")


urlpatterns = [
    path("read", _read),
    path("write", _write),
    path("", include("compliance.public.urls")),  # the refusal's page links to them
]


@pytest.fixture
def site(settings: Settings) -> Client:
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = ["plugseller.audit.failclosed.RefuseUnlogged"]
    return Client(raise_request_exception=False)


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_a_page_that_can_not_be_logged_is_refused(
    cast: Cast, unwritable: None, site: Client, accept: str
) -> None:
    before = _state()
    for answer in (
        site.get("/read", headers={"Accept": accept}),
        site.post("/write", headers={"Accept": accept}),
    ):
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "60"
        assert b"audit log" in answer.content
        assert b"north" not in answer.content
    assert _state() == before


def test_as_soon_as_the_log_can_be_written_the_page_is_back(
    cast: Cast, site: Client
) -> None:
    assert site.get("/read").content == b"the order of north"
    assert Entry.objects.latest().event == "read.orders.export"
