"""What Amazon's refusals mean: only the end of an authorisation ends a connection."""

import pytest

from marketplaces.adapters.amazon import ADAPTER
from marketplaces.contract import Failure, Trouble, Word
from tests.adapters.amazon.calls import answer, operation

W, T = Word, Trouble


def refused(code: str, message: str = "CANARY", details: str = "") -> dict[str, object]:
    return {"errors": [{"code": code, "message": message, "details": details}]}


HTML = b"<html>CANARY</html>"
ANSWERS = [
    (429, refused("QuotaExceeded"), Failure(W.WAIT, T.THROTTLED, "QuotaExceeded")),
    (429, {"message": "Too Many Requests"}, Failure(W.WAIT, T.THROTTLED, "http-429")),
    (429, b"", Failure(W.WAIT, T.THROTTLED, "http-429")),
    (500, refused("InternalFailure"), Failure(W.WAIT, T.DOWN, "InternalFailure")),
    (503, HTML, Failure(W.WAIT, T.DOWN, "http-503")),
    (504, b"", Failure(W.WAIT, T.DOWN, "http-504")),
    (401, refused("Unauthorized"), Failure(W.RENEW, T.AUTHORISATION, "Unauthorized")),
    (403, refused("Unauthorized"), Failure(W.RENEW, T.AUTHORISATION, "Unauthorized")),
    (403, {"message": "Forbidden"}, Failure(W.RENEW, T.AUTHORISATION, "http-403")),
    (400, refused("InvalidInput"), Failure(W.STALE, T.UNEXPECTED, "InvalidInput")),
    (
        400,
        refused("BadRequest", "Invalid pagination token CANARY"),
        Failure(W.STALE, T.UNEXPECTED, "BadRequest"),
    ),
    (
        400,
        refused("MissingParameter"),
        Failure(W.BROKEN, T.UNEXPECTED, "MissingParameter"),
    ),
    (400, HTML, Failure(W.BROKEN, T.UNEXPECTED, "http-400")),
    (404, refused("NotFound"), Failure(W.BROKEN, T.UNEXPECTED, "NotFound")),
    (204, b"", Failure(W.BROKEN, T.UNEXPECTED, "http-204")),
    (302, b"", Failure(W.BROKEN, T.UNEXPECTED, "http-302")),
    (
        403,
        refused("a CANARY\nin the code"),
        Failure(W.RENEW, T.AUTHORISATION, "http-403"),
    ),
    (404, {"errors": []}, Failure(W.BROKEN, T.UNEXPECTED, "http-404")),
    (404, {"errors": "CANARY"}, Failure(W.BROKEN, T.UNEXPECTED, "http-404")),
]


@pytest.mark.parametrize(("status", "body", "meant"), ANSWERS)
def test_each_refusal_has_its_word(status: int, body: object, meant: Failure) -> None:
    failure = ADAPTER.failure(operation("searchOrders"), answer(body, status=status))

    assert failure == meant
    assert "CANARY" not in repr(failure)


def test_a_page_is_no_failure() -> None:
    assert ADAPTER.failure(operation("searchOrders"), answer(b"")) is None


def test_where_there_are_no_pages_no_page_token_can_be_stale() -> None:
    body = refused("InvalidInput", "access token")
    failure = ADAPTER.failure(operation("getPricing"), answer(body, status=400))

    assert failure is not None
    assert failure.word is Word.BROKEN


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        (
            {
                "retry-after": "Tue, 24 Nov 2026 12:01:30 GMT",
                "date": "Tue, 24 Nov 2026 12:00:00 GMT",
            },
            90.0,
        ),
        ({"retry-after": "Tue, 24 Nov 2026 12:01:30 GMT"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "9" * 400}, None),
        ({}, None),
    ],
)
def test_the_wait_that_amazon_asks_for_is_heard(
    headers: dict[str, str], seconds: float | None
) -> None:
    for status in (429, 503):
        response = answer(b"", status=status, **headers)
        failure = ADAPTER.failure(operation("searchOrders"), response)
        assert failure is not None
        assert failure.wait == seconds


TOKEN_ANSWERS = [
    (
        400,
        {"error": "invalid_grant"},
        Failure(W.GONE, T.AUTHORISATION, "invalid_grant"),
    ),
    (401, {"error": "invalid_grant"}, Failure(W.BROKEN, T.UNEXPECTED, "invalid_grant")),
    (500, {"error": "invalid_grant"}, Failure(W.WAIT, T.DOWN, "invalid_grant")),
    (
        401,
        {"error": "invalid_client"},
        Failure(W.BROKEN, T.AUTHORISATION, "invalid_client", keys_refused=True),
    ),
    (
        400,
        {"error": "invalid_request", "error_description": "invalid_grant CANARY"},
        Failure(W.BROKEN, T.UNEXPECTED, "invalid_request"),
    ),
    (429, {"error": "slow_down"}, Failure(W.WAIT, T.THROTTLED, "slow_down")),
    (503, HTML, Failure(W.WAIT, T.DOWN, "http-503")),
    (400, HTML, Failure(W.BROKEN, T.UNEXPECTED, "http-400")),
    (400, b'"invalid_grant"', Failure(W.BROKEN, T.UNEXPECTED, "http-400")),
    (403, {"error": "CANARY and more"}, Failure(W.BROKEN, T.UNEXPECTED, "http-403")),
]


@pytest.mark.parametrize(("status", "body", "meant"), TOKEN_ANSWERS)
def test_only_400_invalid_grant_means_that_the_seller_has_left(
    status: int, body: object, meant: Failure
) -> None:
    failure = ADAPTER.token_failure(answer(body, status=status))

    assert failure == meant
    assert "CANARY" not in repr(failure)


def test_a_token_answer_is_no_failure() -> None:
    assert ADAPTER.token_failure(answer({"access_token": "x"})) is None
