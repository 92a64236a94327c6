"""Each trouble on order really happens, and ends when it is called off."""

import json
import re
from typing import Any

import pytest
import requests

from marketplaces.simulator.faults import BadFaults, Fault, Faults
from marketplaces.simulator.server import Simulator
from marketplaces.simulator.words import Answer, Route
from tests.marketplaces.simulator.caller import Caller


@pytest.fixture(scope="module")
def troubled() -> Any:
    with Simulator(orders=230, limits=False, slow_seconds=1.0) as simulator:
        yield simulator


@pytest.fixture
def patient(troubled: Simulator) -> Caller:
    troubled.order_faults("")
    return Caller(troubled).signed_in()


@pytest.mark.parametrize("status", [500, 503])
def test_the_edge_answers_in_html(patient: Caller, status: int) -> None:
    patient.simulator.order_faults(f"{status}:1")
    answer = patient.orders()
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "Reference #" in answer.text


def test_a_storm_of_429_names_no_time_to_wait(patient: Caller) -> None:
    patient.simulator.order_faults("429:1")
    answer = patient.orders()
    assert answer.status_code == 429
    assert answer.json()["errors"][0]["code"] == "QuotaExceeded"
    assert "Retry-After" not in answer.headers
    assert "x-amzn-RateLimit-Limit" not in answer.headers


def test_an_empty_200(patient: Caller) -> None:
    patient.simulator.order_faults("empty@1")
    answer = patient.orders()
    assert (answer.status_code, answer.content) == (200, b"")
    assert patient.orders().json()["orders"]


def test_a_truncated_body(patient: Caller) -> None:
    patient.simulator.order_faults("truncated@1")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        patient.orders()
    assert patient.orders().json()["orders"]


def test_a_cut_line(patient: Caller) -> None:
    patient.simulator.order_faults("reset:1")
    with pytest.raises(requests.exceptions.ConnectionError):
        patient.orders()


def test_a_slow_answer_outlasts_an_impatient_caller(patient: Caller) -> None:
    patient.simulator.order_faults("slow@1")
    with pytest.raises(requests.exceptions.ReadTimeout):
        patient.session.get(
            f"{patient.simulator.address}/sellers/v1/marketplaceParticipations",
            headers=patient.headers,
            timeout=0.2,
        )
    assert patient.orders().json()["orders"]


def test_a_repeated_page(patient: Caller) -> None:
    first = patient.orders().json()
    patient.simulator.order_faults("repeat@1")
    token = first["pagination"]["nextToken"]
    assert patient.orders(paginationToken=token).json() == first
    assert patient.orders(paginationToken=token).json() != first


def test_an_expired_token(patient: Caller) -> None:
    patient.simulator.order_faults("expired@1")
    assert patient.orders().status_code == 403
    assert patient.orders().status_code == 200


def test_a_revocation_in_the_middle(patient: Caller) -> None:
    patient.simulator.order_faults("revoke@2")
    statuses = [patient.orders().status_code for _ in range(3)]
    assert statuses == [200, 403, 403]
    refresh = patient.simulator.desk.refresh_token(patient.account)
    answer = patient.token(grant_type="refresh_token", refresh_token=refresh)
    assert answer.json()["error"] == "invalid_grant"


def test_ten_megabytes_of_garbage(patient: Caller) -> None:
    patient.simulator.order_faults("garbage@1")
    answer = patient.orders()
    assert answer.status_code == 200
    assert len(answer.content) > 10_000_000
    with pytest.raises(requests.exceptions.JSONDecodeError):
        answer.json()


def test_one_row_of_wrong_types(patient: Caller) -> None:
    good = patient.orders().json()
    patient.simulator.order_faults("wrongtypes@1")
    bad = patient.orders().json()
    assert _differing(good, bad) == 1
    assert any(order["orderId"] == 12345 for order in bad["orders"])


def test_one_row_of_odd_values(patient: Caller) -> None:
    good = patient.orders().json()
    patient.simulator.order_faults("oddvalues@1")
    bad = patient.orders().json()
    assert _differing(good, bad) == 1
    text = json.dumps(bad)
    assert "ZZZ9" in text
    assert "x" * 5_000 in text
    assert any(o["orderItems"][0]["quantityOrdered"] < 0 for o in bad["orders"])


def test_token_calls_fail_only_when_named(patient: Caller) -> None:
    refresh = patient.simulator.desk.refresh_token(patient.account)
    form = {"grant_type": "refresh_token", "refresh_token": refresh}
    patient.simulator.order_faults("503:1")
    assert patient.token(**form).status_code == 200
    patient.simulator.order_faults("503@1:login")
    assert patient.token(**form).status_code == 503
    assert patient.token(**form).status_code == 200


def test_trouble_can_be_limited_to_an_operation(patient: Caller) -> None:
    patient.simulator.order_faults("500:1:searchListings")
    assert patient.orders().status_code == 200
    assert patient.listings().status_code == 500


def test_the_same_seed_strikes_the_same_calls() -> None:
    route = Route("amazon.searchOrders", "GET", "/", lambda _: Answer(200))
    struck = [
        [Faults("429:0.2,empty:0.1", seed=seed).strike(route)]
        + [f.strike(route) for f in [Faults("429:0.2,empty:0.1", seed=seed)] * 200]
        for seed in (1, 1, 2)
    ]
    assert struck[0] == struck[1] != struck[2]
    assert {Fault.THROTTLED, Fault.EMPTY, None} == set(struck[0])


@pytest.mark.parametrize(
    "wrong", ["nonsense", "429", "429:2", "429:x", "slow@0", "fire:0.1", "429:1.2.3"]
)
def test_an_unreadable_order_is_refused_by_name(wrong: str) -> None:
    with pytest.raises(BadFaults, match=re.split("[:@]", wrong)[0]):
        Faults(wrong)


def _differing(good: dict[str, Any], bad: dict[str, Any]) -> int:
    pairs = zip(good["orders"], bad["orders"], strict=True)
    return sum(one != other for one, other in pairs)
