"""Calls are limited for each account and operation, as the models say."""

from datetime import UTC, datetime, timedelta

from marketplaces.simulator.server import Simulator
from tests.marketplaces.simulator.caller import Caller

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def test_twenty_order_pages_pass_and_then_one_in_179_seconds() -> None:
    clock = [NOW]
    with Simulator(orders=3, clock=lambda: clock[0]) as simulator:
        caller = Caller(simulator).signed_in()
        answers = [caller.orders() for _ in range(21)]
        assert [a.status_code for a in answers] == [200] * 20 + [429]
        assert answers[0].headers["x-amzn-RateLimit-Limit"] == "0.0056"
        assert answers[20].json()["errors"][0]["code"] == "QuotaExceeded"
        clock[0] += timedelta(seconds=178)
        assert caller.orders().status_code == 429
        clock[0] += timedelta(seconds=1)
        assert caller.orders().status_code == 200


def test_one_seller_does_not_slow_another_nor_one_operation_another() -> None:
    with Simulator(orders=0, clock=lambda: NOW) as simulator:
        north = Caller(simulator).signed_in()
        south = Caller(simulator, "south-amazon-na").signed_in()
        assert [north.stock().status_code for _ in range(3)] == [200, 200, 429]
        assert south.stock().status_code == 200
        assert north.listings().status_code == 200


def test_limits_can_be_lifted() -> None:
    with Simulator(orders=0, clock=lambda: NOW) as simulator:
        caller = Caller(simulator).signed_in()
        simulator.set_limits(False)
        assert {caller.stock().status_code for _ in range(9)} == {200}
        simulator.set_limits(True)
        assert [caller.stock().status_code for _ in range(3)] == [200, 200, 429]
