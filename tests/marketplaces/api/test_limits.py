"""How often a program may ask, and how often a key may be guessed (T12)."""

from typing import Any

from django.test import Client

from tests.marketplaces.api.conftest import V1, Key, key_of
from tests.marketplaces.console.conftest import World

ORDERS = f"{V1}/sellers/north/orders"


def test_one_key_is_held_up_and_no_other(world: World, key: Key, settings: Any) -> None:
    settings.API_RATE = "3/min"
    assert [key.get(ORDERS).status_code for _ in range(4)] == [200, 200, 200, 429]
    answer = key.get(ORDERS)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    other = key_of(world.cast.alice, world.cast.north)
    assert other.get(ORDERS).status_code == 200


def test_a_forged_address_moves_no_limit(key: Key, settings: Any) -> None:
    settings.API_RATE = "3/min"
    codes = [
        Client()
        .get(ORDERS, headers=key.header | {"X-Forwarded-For": f"198.51.100.{n}"})
        .status_code
        for n in range(5)
    ]
    assert codes == [200, 200, 200, 429, 429]


def _guess(number: int, **more: Any) -> int:
    header = {"Authorization": f"Bearer plug_{number:064x}", **more}
    return Client().get(ORDERS, headers=header).status_code


def test_guessing_ends_whatever_address_is_claimed(db: None, settings: Any) -> None:
    settings.API_FAILURE_RATE = "3/min"
    forged = {"X-Forwarded-For": "203.0.113.9"}
    assert [_guess(n) for n in range(3)] == [401, 401, 401]
    assert _guess(4) == 429
    assert _guess(5, **forged) == 429


def test_behind_a_proxy_the_address_it_saw_counts(db: None, settings: Any) -> None:
    settings.API_FAILURE_RATE, settings.TRUSTED_PROXIES = "3/min", 1
    codes = [
        _guess(n, **{"X-Forwarded-For": f"10.9.8.{n}, 203.0.113.9"}) for n in range(4)
    ]
    assert codes == [401, 401, 401, 429]
    assert _guess(9, **{"X-Forwarded-For": "203.0.113.10"}) == 401


def test_who_guesses_holds_up_nobody_with_a_good_key(key: Key, settings: Any) -> None:
    settings.API_FAILURE_RATE = "1/min"
    assert [_guess(n) for n in range(3)] == [401, 429, 429]
    assert key.get(ORDERS).status_code == 200
