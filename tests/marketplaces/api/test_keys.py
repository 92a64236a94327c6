"""ACC-2, ACC-3: what a key opens, until when, and how it may be sent."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.utils import timezone

from plugseller.accounts import services
from plugseller.accounts.models import ApiToken, User
from plugseller.accounts.roles import Role, StaffRole
from plugseller.audit.models import Entry
from tests.marketplaces.api.conftest import V1, Key, key_of
from tests.marketplaces.console.conftest import World

ORDERS = f"{V1}/sellers/north/orders"
SECOND = timedelta(seconds=1)


def at(monkeypatch: pytest.MonkeyPatch, instant: datetime) -> None:
    monkeypatch.setattr(timezone, "now", lambda: instant)


def refused(answer: Any) -> bool:
    """Whether it is the one 401 that every bad key gets."""
    return bool(
        answer.status_code == 401
        and answer.headers["WWW-Authenticate"] == "Bearer"
        and answer.headers["Content-Type"] == "application/problem+json"
        and answer.json()["detail"].startswith("This API key isn't valid")
    )


@pytest.mark.parametrize(("after", "works"), [(-1, True), (0, False), (1, False)])
def test_a_key_works_until_its_end(
    key: Key, monkeypatch: pytest.MonkeyPatch, after: int, works: bool
) -> None:
    assert key.token.expiry
    at(monkeypatch, key.token.expiry + after * SECOND)
    answer = key.get(ORDERS)
    assert answer.status_code == (200 if works else 401)
    assert works or refused(answer)
    assert ApiToken.objects.filter(pk=key.token.pk).exists()  # nothing is deleted


def test_expired_keys_of_the_person_stay(world: World, key: Key) -> None:
    old = key_of(world.cast.alice, world.cast.north)
    ApiToken.objects.filter(pk=old.token.pk).update(expiry=timezone.now() - SECOND)
    assert key.get(ORDERS).status_code == 200
    assert ApiToken.objects.filter(pk=old.token.pk).exists()


def test_a_revoked_key_is_refused_at_once(world: World, key: Key) -> None:
    assert key.get(ORDERS).status_code == 200
    services.revoke_token(actor=world.cast.alice, token=key.token, now=timezone.now())
    assert refused(key.get(ORDERS))


@pytest.mark.parametrize(("after", "works"), [(-1, True), (0, False), (1, False)])
def test_a_renewed_key_works_beside_the_new_one_for_a_day(
    world: World, key: Key, monkeypatch: pytest.MonkeyPatch, after: int, works: bool
) -> None:
    now = timezone.now()
    new = Key(*services.rotate_token(actor=world.cast.alice, token=key.token, now=now))
    at(monkeypatch, now + timedelta(hours=24) + after * SECOND)
    assert key.get(ORDERS).status_code == (200 if works else 401)
    assert new.get(ORDERS).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"is_active": False},
        {"is_active": False, "left_at": timezone.now()},
        {"staff_role": StaffRole.SUPPORT},
    ],
)
def test_the_key_of_somebody_gone_is_refused(
    world: World, key: Key, change: dict[str, Any]
) -> None:
    User.objects.filter(pk=world.cast.alice.pk).update(**change)
    assert refused(key.get(ORDERS))


def test_a_key_without_an_end_is_refused(key: Key) -> None:
    ApiToken.objects.filter(pk=key.token.pk).update(expiry=None)
    assert refused(key.get(ORDERS))


def test_a_key_needs_a_person_with_a_second_factor(world: World, key: Key) -> None:
    Authenticator.objects.filter(user=world.cast.alice).delete()
    assert refused(key.get(ORDERS))


def test_a_key_loses_what_its_person_loses_at_the_next_request(
    world: World, key: Key
) -> None:
    prices = f"{V1}/sellers/north/prices"
    assert key.get(prices).status_code == 200
    cast = world.cast
    services.join(actor=None, seller=cast.north, user=cast.alice, role=Role.SHIPPING)
    assert key.get(prices).status_code == 403
    assert key.get(ORDERS).status_code == 200
    services.leave(actor=None, seller=cast.north, user=cast.alice, now=timezone.now())
    for path in (ORDERS, f"{V1}/sellers"):
        assert refused(key.get(path))  # the key ended with the role


def test_a_key_sees_its_own_seller_only(world: World) -> None:
    cast = world.cast
    services.join(actor=None, seller=cast.south, user=cast.alice, role=Role.OWNER)
    key = key_of(cast.alice, cast.north)
    foreign = key.get(f"{V1}/sellers/south/orders")
    unknown = key.get(f"{V1}/sellers/atlantis/orders")
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.content == unknown.content
    assert [s["slug"] for s in key.get(f"{V1}/sellers").json()["results"]] == ["north"]


def test_a_key_opens_what_it_was_made_for_and_no_more(world: World) -> None:
    key = key_of(world.cast.alice, world.cast.north, permissions=["view_prices"])
    assert key.get(f"{V1}/sellers/north/prices").status_code == 200
    assert key.get(ORDERS).status_code == 403
    told = key.get(f"{V1}/sellers/north").json()
    assert told["permissions"] == ["view_prices"]


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer plug_",
        "Bearer {shown}x",
        "Bearer {cut}",
        "Bearer {wrong}",
        "Bearer {shown} {shown}",
        "Bearer plug_é\u00ff",
        "Bearer " + "a" * 10_000,
        "Basic {shown}",
        "Token {shown}",
        "{shown}",
        "Bearer\t{shown}",
        "Bearer {upper}",
    ],
)
def test_a_bad_header_is_a_401_and_never_an_error(key: Key, header: str) -> None:
    last = "0" if key.shown[-1] != "0" else "1"
    sent = header.format(
        shown=key.shown,
        cut=key.shown[:-1],
        wrong=key.shown[:-1] + last,
        upper=key.shown.upper(),
    )
    answer = Client().get(ORDERS, HTTP_AUTHORIZATION=sent)
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("name", ["token", "key", "q", "access_token"])
def test_a_key_in_the_address_is_refused_even_beside_a_good_header(
    key: Key, name: str
) -> None:
    for answer in (
        key.get(ORDERS, {name: key.shown}),
        Client().get(ORDERS, {name: key.shown}),
    ):
        assert answer.status_code == 401
        assert key.shown not in answer.content.decode()


def test_a_key_in_a_cookie_is_refused(key: Key) -> None:
    client = Client()
    client.cookies["token"] = key.shown
    assert client.get(ORDERS).status_code == 401
    assert client.get(ORDERS, headers=key.header).status_code == 401


def test_use_is_noted_at_most_once_a_minute(
    key: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = timezone.now()
    for seconds, noted in ((0, 0), (59, 0), (60, 60), (90, 60)):
        at(monkeypatch, begin + seconds * SECOND)
        key.get(ORDERS, REMOTE_ADDR="192.0.2.7")
        token = ApiToken.objects.get(pk=key.token.pk)
        assert token.last_used_at == begin + noted * SECOND
    assert token.last_used_address == "192.0.2.7"


def test_a_read_is_logged_with_key_role_and_names_of_filters(
    world: World, key: Key
) -> None:
    key.get(ORDERS, {"q": "SKU-NORTHERN", "status": "SHIPPED", "size": "10"})
    [entry] = Entry.objects.filter(event="read.orders.list")
    assert entry.actor_id == world.cast.alice.pk
    assert entry.actor_kind == "token"
    assert entry.via == str(key.token.pk)
    assert entry.role == "owner"
    assert entry.rows == 1
    assert entry.seller_id == world.cast.north.pk
    assert "SKU-NORTHERN" not in str(vars(entry))
    assert "status" in str(vars(entry))


def test_no_answer_holds_a_key_or_its_hash(key: Key, paths: dict[str, str]) -> None:
    for path in (*paths.values(), f"{V1}/sellers", f"{V1}/schema/", f"{V1}/nothing"):
        text = key.get(path).content.decode()
        assert key.shown[15:] not in text
        assert key.token.digest not in text
