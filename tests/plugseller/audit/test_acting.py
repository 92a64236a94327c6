"""Each entry names who did it: on the web, by token, by command, by job."""

import getpass
import sys
import uuid

import pytest
from auditlog.context import set_actor
from django.contrib.auth.models import AnonymousUser
from rest_framework.authentication import BaseAuthentication
from rest_framework.decorators import api_view, authentication_classes
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory

from plugseller.accounts.models import User
from plugseller.audit.acting import _this_process
from plugseller.audit.models import Entry
from plugseller.audit.services import (
    Acting,
    acting,
    command,
    identify,
    now_acting,
    record,
    record_access,
)
from plugseller.shelves import By
from tests.conftest import Cast


def test_after_an_inner_actor_the_outer_one_is_back(cast: Cast) -> None:
    outer = Acting(kind=By.PERSON, user_id=cast.alice.pk)
    inner = Acting(kind=By.JOB, via="sync")
    with acting(outer):
        with acting(inner):
            cast.north.time_zone = "inner"
            cast.north.save()
        cast.north.time_zone = "outer"
        cast.north.save()
    cast.north.time_zone = "after"
    cast.north.save()
    entries = Entry.objects.filter(event="row.changed").order_by("id")
    assert [(e.actor_id, e.actor_kind, e.via) for e in entries] == [
        (None, "job", "sync"),
        (cast.alice.pk, "person", ""),
        (None, "command", now_acting().via),
    ]


def test_auditlogs_own_actor_changes_nothing(cast: Cast) -> None:
    """It forgets the outer one, and would keep an e-mail address."""
    with acting(Acting(kind=By.PERSON, user_id=cast.alice.pk)), set_actor(cast.bob):
        cast.north.time_zone = "changed"
        cast.north.save()
    assert Entry.objects.latest().actor_id == cast.alice.pk


class _ByToken(BaseAuthentication):
    """Like a token's: the person is known only inside the view."""

    def authenticate(self, request: Request) -> tuple[User, None]:
        user = User.objects.get(pk=request.headers["X-Person"])
        identify(user, kind=By.TOKEN, via="token 1a2b")
        return user, None


@api_view(["POST"])
@authentication_classes([_ByToken])
def _rename(request: Request) -> Response:
    from plugseller.accounts.models import Seller

    seller = Seller.objects.get(slug="north")
    seller.time_zone = "renamed"
    seller.save()
    record("sync.asked", actor=request.user)
    return Response()


def test_a_person_known_only_inside_the_view_is_named(cast: Cast) -> None:
    request = APIRequestFactory().post("/", headers={"X-Person": str(cast.bob.pk)})
    request_id = uuid.uuid4()
    with acting(Acting(kind=By.ANONYMOUS, request_id=request_id)):
        _rename(request)
    for entry in Entry.objects.filter(request_id=request_id):
        assert (entry.actor_id, entry.actor_kind) == (cast.bob.pk, "token")
        assert entry.via == "token 1a2b"
    assert Entry.objects.filter(request_id=request_id).count() == 2
    assert now_acting().user_id is None


@pytest.mark.django_db
def test_a_command_is_named_with_the_account_that_ran_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The command's arguments are not: they may hold what belongs to nobody."""
    monkeypatch.setattr(sys, "argv", ["/srv/manage.py", "offboard_user", "a@b.test"])
    _this_process.cache_clear()
    try:
        record("sync.run")
    finally:
        _this_process.cache_clear()
    entry = Entry.objects.latest()
    assert (entry.actor_kind, entry.via) == (
        "command",
        f"offboard_user as {getpass.getuser()}",
    )
    assert command("sync").via == f"sync as {getpass.getuser()}"


def test_an_access_says_who_what_how_much_and_from_where(cast: Cast) -> None:
    grant, request_id = uuid.uuid4(), uuid.uuid4()
    who = Acting(
        kind=By.PERSON,
        user_id=cast.olga.pk,
        request_id=request_id,
        address="2001:db8::7",
        agent="Mozilla/5.0 (X11)",
    )
    with acting(who):
        record_access(
            "orders.export",
            actor=cast.olga,
            seller_id=cast.north.pk,
            rows=17,
            details={"filters": ["period", "status"]},
            role="support",
            grant_id=grant,
        )
    entry = Entry.objects.latest()
    assert entry.event == "read.orders.export"
    assert entry.action == Entry.Action.ACCESS
    assert (entry.actor_id, entry.role, entry.grant_id) == (
        cast.olga.pk,
        "support",
        grant,
    )
    assert (entry.seller_id, entry.rows) == (cast.north.pk, 17)
    assert entry.additional_data == {"filters": ["period", "status"]}
    assert (entry.request_id, entry.remote_addr, entry.agent) == (
        request_id,
        "2001:db8::7",
        "Mozilla/5.0 (X11)",
    )


def test_nobody_signed_in_is_nobody(cast: Cast) -> None:
    assert AnonymousUser().pk is None
    with acting(Acting(kind=By.ANONYMOUS, user_id=AnonymousUser().pk)):
        record("connection.refused")
    entry = Entry.objects.latest()
    assert (entry.actor_id, entry.actor_kind) == (None, "anonymous")
