"""Consent, codes and tokens behave as Login with Amazon does."""

from datetime import UTC, datetime, timedelta

import pytest
import requests

from marketplaces.simulator.server import Simulator
from tests.marketplaces.simulator.caller import RETURN, Caller, carried

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def test_a_person_can_choose_and_approve(standing: Simulator) -> None:
    caller = Caller(standing)
    page = caller.session.get(caller.consent_address(state='"><b>'))
    assert page.status_code == 200
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "<b>" not in page.text
    assert "south-amazon-eu" in page.text
    assert "walmart" not in page.text
    chosen = {"account": "south-amazon-eu", "decision": "approve"}
    answer = caller.session.post(
        caller.consent_address(), data=chosen, allow_redirects=False
    )
    assert answer.status_code == 302
    given = carried(answer)
    assert given["state"] == "a-state"
    assert given["selling_partner_id"] == "A4SOUTHEU7SIM"
    assert set(given) == {"state", "selling_partner_id", "spapi_oauth_code"}
    assert caller.code() != caller.code()


def test_cancelling_brings_no_code(standing: Simulator) -> None:
    caller = Caller(standing)
    answer = caller.session.post(
        caller.consent_address(), data={"decision": "cancel"}, allow_redirects=False
    )
    assert "spapi_oauth_code" not in carried(answer)


@pytest.mark.parametrize(
    "wrong",
    [
        {"application_id": "amzn1.sellerapps.app.other"},
        {"redirect_uri": "https://attacker.example/callback"},
        {"redirect_uri": RETURN + "#part"},
        {"redirect_uri": ""},
    ],
)
def test_an_unknown_app_or_return_address_is_refused(
    standing: Simulator, wrong: dict[str, str]
) -> None:
    caller = Caller(standing)
    address = standing.approved(caller.consent_address(**wrong), "north-amazon-na")
    answer = caller.session.get(address, allow_redirects=False)
    assert answer.status_code == 400


def test_a_code_works_once(standing: Simulator) -> None:
    caller = Caller(standing)
    code = caller.code()
    first = caller.token(grant_type="authorization_code", code=code)
    assert first.status_code == 200
    assert first.json()["token_type"] == "bearer"
    assert first.json()["refresh_token"].startswith("Atzr|")
    again = caller.token(grant_type="authorization_code", code=code)
    assert _refusal(again) == (400, "invalid_grant")


def test_a_code_lives_five_minutes_and_knows_its_return_address() -> None:
    clock = [NOW]
    with Simulator(orders=0, clock=lambda: clock[0]) as simulator:
        caller = Caller(simulator)
        elsewhere = caller.token(
            grant_type="authorization_code",
            code=caller.code(),
            redirect_uri="http://localhost:8000/elsewhere",
        )
        assert _refusal(elsewhere) == (400, "invalid_grant")
        code = caller.code()
        clock[0] += timedelta(minutes=5, seconds=1)
        late = caller.token(grant_type="authorization_code", code=code)
        assert _refusal(late) == (400, "invalid_grant")


def test_a_wrong_secret_is_the_apps_fault_not_the_sellers(standing: Simulator) -> None:
    caller = Caller(standing)
    refresh = standing.desk.refresh_token(caller.account)
    wrong = caller.token(
        grant_type="refresh_token", refresh_token=refresh, client_secret="wrong"
    )
    assert _refusal(wrong) == (401, "invalid_client")
    right = caller.token(grant_type="refresh_token", refresh_token=refresh)
    assert right.status_code == 200
    assert right.json()["refresh_token"] == refresh
    strange = caller.token(grant_type="password")
    assert _refusal(strange) == (400, "unsupported_grant_type")


def test_an_access_token_lives_as_long_as_it_says() -> None:
    clock = [NOW]
    with Simulator(orders=0, clock=lambda: clock[0]) as simulator:
        caller = Caller(simulator).signed_in()
        path = "/sellers/v1/marketplaceParticipations"
        clock[0] += timedelta(seconds=3_599)
        assert caller.get(path).status_code == 200
        clock[0] += timedelta(seconds=1)
        answer = caller.get(path)
        assert answer.status_code == 403
        assert answer.json()["errors"][0]["code"] == "Unauthorized"
        caller.headers = {}
        assert caller.get(path).status_code == 403


def test_a_revoked_seller_can_be_connected_again() -> None:
    with Simulator(orders=0) as simulator:
        caller = Caller(simulator).signed_in()
        other = Caller(simulator, "south-amazon-na").signed_in()
        refresh = simulator.desk.refresh_token(caller.account)
        simulator.revoke("north-amazon-na")
        path = "/sellers/v1/marketplaceParticipations"
        assert caller.get(path).status_code == 403
        assert other.get(path).status_code == 200
        revoked = caller.token(grant_type="refresh_token", refresh_token=refresh)
        assert _refusal(revoked) == (400, "invalid_grant")
        caller.signed_in()
        assert caller.get(path).status_code == 200
        old = caller.token(grant_type="refresh_token", refresh_token=refresh)
        assert _refusal(old) == (400, "invalid_grant")


def test_a_token_of_one_marketplace_opens_nothing_of_the_other(
    standing: Simulator,
) -> None:
    caller = Caller(standing)
    walmart = standing.account("north-walmart")
    token, _ = standing.desk.access_token(walmart, datetime.now(UTC))
    caller.headers = {"x-amz-access-token": token}
    assert caller.orders().status_code == 403
    refresh = standing.desk.refresh_token(walmart)
    answer = caller.token(grant_type="refresh_token", refresh_token=refresh)
    assert _refusal(answer) == (400, "invalid_grant")


def test_tokens_outlive_a_restart_with_the_same_seed() -> None:
    with Simulator(orders=0) as first:
        caller = Caller(first).signed_in()
        held = caller.headers
    with Simulator(orders=0) as second:
        again = Caller(second)
        again.headers = held
        path = "/sellers/v1/marketplaceParticipations"
        assert again.get(path).status_code == 200
    with Simulator(orders=0, seed=2) as other:
        stranger = Caller(other)
        stranger.headers = held
        assert stranger.get(path).status_code == 403


def _refusal(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]
