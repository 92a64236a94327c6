"""Walmart's seven ways to say no, and its many ways to say when."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplaces.adapters.walmart import ADAPTER
from marketplaces.contract import Failure, Response, Trouble, Word
from marketplaces.datamap import Operation
from tests.adapters.walmart.examples import (
    DATE,
    DETAIL,
    ITEMS,
    LISTS,
    NODES,
    ORDERS,
    answer,
    example,
)

EDGE = b"<!DOCTYPE html><html><h1>Access Denied</h1>Reference #18.6f1c2b17</html>"
XML = (
    b'<?xml version="1.0"?><ns2:errors xmlns:ns2="http://walmart.com/"><ns2:error>'
    b"<ns2:code>UNAUTHORIZED.GMP_GATEWAY_API</ns2:code></ns2:error></ns2:errors>"
)
WRAPPER = (
    b"<_InternalGMPErrorWrapper><errors><code>SYSTEM_ERROR</code></errors>"
    b"</_InternalGMPErrorWrapper>"
)
PROBLEM = {
    "type": "https://marketplace.walmart.com/errors/invalid-date-range",
    "title": "Invalid date range",
    "status": 400,
    "detail": "SKU MUG-1 is unknown",
}


def _failure(value: Any, status: int, operation: Operation = ORDERS) -> Failure:
    failure = ADAPTER.failure(operation, answer(value, status))
    assert failure is not None
    return failure


@pytest.mark.parametrize(
    ("name", "status", "word", "trouble", "code"),
    [
        ("orders_error.400", 400, Word.STALE, Trouble.UNEXPECTED, "INVALID_REQUEST_C"),
        ("orders_error.401", 401, Word.RENEW, Trouble.AUTHORISATION, "UNAUTHORIZED."),
        ("orders_error.403", 403, Word.FORBIDDEN, Trouble.AUTHORISATION, "FORBIDDEN."),
        ("orders_error.429", 429, Word.WAIT, Trouble.THROTTLED, "RATE_LIMIT_EXCEEDED."),
        ("orders_error.500", 500, Word.WAIT, Trouble.DOWN, "INTERNAL_SERVER_ERROR."),
        (
            "gateway_error.401.OBSERVED",
            401,
            Word.RENEW,
            Trouble.AUTHORISATION,
            "UNAUTHORIZED.GMP_GATEWAY_API",
        ),
    ],
)
def test_each_official_error_has_its_word(
    name: str, status: int, word: Word, trouble: Trouble, code: str
) -> None:
    failure = _failure(example(f"{name}.json"), status)
    assert (failure.word, failure.trouble) == (word, trouble)
    assert failure.code.startswith(code)


@pytest.mark.parametrize(
    "shape", ["badRequestExample", "virtualPackInvalidGtinExample"]
)
def test_both_shapes_of_the_item_interface_are_understood(shape: str) -> None:
    told = example("items_error.400.json")[shape]
    failure = _failure(told, 400, ITEMS)
    assert failure.word is Word.BROKEN
    assert failure.code in ("400", "INVALID_REQUEST_PARAM.GMP_ITEM_QUERY_API")


@pytest.mark.parametrize(
    ("value", "status", "word", "code"),
    [
        (PROBLEM, 400, Word.BROKEN, "invalid-date-range"),
        (XML, 401, Word.RENEW, "UNAUTHORIZED.GMP_GATEWAY_API"),
        (WRAPPER, 500, Word.WAIT, "SYSTEM_ERROR"),
        (EDGE, 503, Word.WAIT, "http-503"),
        (EDGE, 520, Word.WAIT, "http-520"),
        (EDGE, 403, Word.WAIT, "http-403"),
        (EDGE, 404, Word.BROKEN, "http-404"),
        (b"", 500, Word.WAIT, "http-500"),
        (b"", 204, Word.BROKEN, "http-204"),
        ({"errors": []}, 413, Word.BROKEN, "http-413"),
        ({"errors": [{"code": "RESOURCE_IS_LOCKED"}]}, 423, Word.WAIT, None),
        ({"errors": {"error": [{"code": "A.B"}]}}, 400, Word.BROKEN, "A.B"),
        ([1], 400, Word.BROKEN, "http-400"),
        (b"[" * 99_999, 400, Word.BROKEN, "http-400"),
        (b"\xff\xfe", 400, Word.BROKEN, "http-400"),
    ],
)
def test_every_other_shape_has_its_word(
    value: Any, status: int, word: Word, code: str | None
) -> None:
    failure = _failure(value, status, ITEMS)
    assert failure.word is word
    assert code is None or failure.code == code


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("UNAUTHORIZED.GMP_GATEWAY_API", Word.RENEW),
        ("FORBIDDEN.GMP_ORDER_API", Word.FORBIDDEN),
        ("REQUEST_THRESHOLD_VIOLATED.GMP_GATEWAY_API", Word.WAIT),
        ("INTERNAL_SERVER_ERROR.GMP_ORDER_API", Word.WAIT),
        ("SOMETHING_NEW", Word.BROKEN),
    ],
)
@pytest.mark.parametrize("inside", [False, True])
def test_an_error_inside_of_a_200_counts_by_its_code(
    code: str, word: Word, inside: bool
) -> None:
    told: Any = {"errors": [{"code": code}]}
    assert _failure({"list": told} if inside else told, 200).word is word


@pytest.mark.parametrize("operation", LISTS, ids=lambda o: o.key)
@pytest.mark.parametrize(
    "code",
    ["NOT_FOUND.GMP_ORDER_API", "NO_RESULTS_FOUND", "CONTENT_NOT_FOUND.GMP_ITEM_API"],
)
def test_a_404_that_says_so_is_an_empty_list(operation: Operation, code: str) -> None:
    assert ADAPTER.failure(operation, answer({"errors": [{"code": code}]}, 404)) is None


@pytest.mark.parametrize(
    ("operation", "value"),
    [
        (ORDERS, {"error": [{"code": "CONTENT_NOT_FOUND.GMP_GATEWAY_API"}]}),
        (ORDERS, {"errors": [{"code": "FORBIDDEN.GMP_ORDER_API"}]}),
        (ORDERS, {}),
        (ORDERS, b""),
        (NODES, EDGE),
        (DETAIL, {"errors": [{"code": "NOT_FOUND.X"}]}),
    ],
)
def test_any_other_404_is_not_an_empty_list(operation: Operation, value: Any) -> None:
    assert _failure(value, 404, operation).word is Word.BROKEN


def test_any_400_to_a_page_token_of_orders_begins_the_list_again() -> None:
    for value in (PROBLEM, {}, b"", b"<html>"):
        assert _failure(value, 400).word is Word.STALE


def test_a_code_that_could_repeat_what_was_asked_is_not_passed_on() -> None:
    for code in ("SKU 'Tüte' not found", "<b>", "x" * 200, 5, None, ["a"]):
        failure = _failure({"errors": [{"code": code, "description": "Jo Doe"}]}, 400)
        assert failure.code in ("http-400", "5")
        assert "Jo" not in repr(failure)


# When


def _wait(**headers: str) -> float | None:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    failure = ADAPTER.failure(ORDERS, answer({}, 429, {"date": DATE} | told))
    assert failure is not None
    assert failure.word is Word.WAIT
    return failure.wait


NOW_MS = 1_795_521_605_000  # DATE in milliseconds


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("30", 30.0),
        ("0.5", 1.0),
        ("0", 1.0),
        ("99999", 3_600.0),
        (str(NOW_MS + 45_000), 45.0),
        (str(NOW_MS // 1000 + 45), 45.0),
        (str(NOW_MS - 45_000), 1.0),
        ("9" * 18, 3_600.0),
        ("2026-11-24T12:00:50Z", 45.0),
        ("2026-11-24T12:00:50", 45.0),
        ("2026-11-24T13:00:50+01:00", 45.0),
        ("Tue, 24 Nov 2026 12:00:50 GMT", 45.0),
    ],
)
@pytest.mark.parametrize(
    "header", ["retry_after", "x_next_replenishment_time", "x_next_replenish_time"]
)
def test_the_wait_is_read_in_all_its_spellings(
    header: str, value: str, seconds: float
) -> None:
    assert _wait(**{header: value}) == seconds


def test_the_longest_of_several_waits_counts() -> None:
    wait = _wait(retry_after="5", x_next_replenish_time=str(NOW_MS + 20_000))
    assert wait == 20.0


def test_an_instant_without_walmarts_clock_is_a_minute() -> None:
    assert _wait(date="", x_next_replenishment_time=str(NOW_MS + 5_000)) == 60.0


@pytest.mark.parametrize("value", ["", "soon", "-5", "nan", "1e99", "²", "--"])
def test_a_wait_that_cant_be_read_is_none(value: str) -> None:
    assert _wait(retry_after=value, x_current_token_count="0") is None


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_header_breaks_the_reading_of_a_wait(told: str, date: str) -> None:
    wait = _wait(date=date, retry_after=told, x_next_replenish_time=told)
    assert wait is None or 1 <= wait <= 3_600


@given(st.binary(max_size=60), st.integers(200, 599))
def test_no_body_breaks_the_reading_of_a_failure(body: bytes, status: int) -> None:
    for operation in (ORDERS, DETAIL):
        ADAPTER.failure(operation, Response(status, {}, body))
    ADAPTER.token_failure(Response(status, {}, body))


# The token endpoint


@pytest.mark.parametrize(
    ("value", "status", "word", "trouble"),
    [
        ({"error": "invalid_grant"}, 400, Word.GONE, Trouble.AUTHORISATION),
        (
            {"errors": [{"code": "INVALID_GRANT.GMP_GATEWAY_API"}]},
            401,
            Word.GONE,
            Trouble.AUTHORISATION,
        ),
        ({"error": "invalid_client"}, 401, Word.FORBIDDEN, Trouble.AUTHORISATION),
        (
            {"error": [{"code": "UNAUTHORIZED.GMP_GATEWAY_API"}]},
            400,
            Word.FORBIDDEN,
            Trouble.AUTHORISATION,
        ),
        (
            {"error": [{"code": "X", "description": "invalid_grant"}]},
            400,
            Word.FORBIDDEN,
            Trouble.AUTHORISATION,
        ),
        (b"", 401, Word.FORBIDDEN, Trouble.AUTHORISATION),
        (XML, 401, Word.FORBIDDEN, Trouble.AUTHORISATION),
        (EDGE, 403, Word.WAIT, Trouble.DOWN),
        (EDGE, 503, Word.WAIT, Trouble.DOWN),
        ({}, 429, Word.WAIT, Trouble.THROTTLED),
        ({"error": "invalid_grant"}, 500, Word.WAIT, Trouble.DOWN),
    ],
)
def test_only_invalid_grant_means_that_the_seller_has_left(
    value: Any, status: int, word: Word, trouble: Trouble
) -> None:
    failure = ADAPTER.token_failure(answer(value, status))
    assert failure is not None
    assert (failure.word, failure.trouble) == (word, trouble)


def test_a_good_token_answer_is_no_failure() -> None:
    token = example("token.200.json")["tokenAPIRes"]["value"]
    assert ADAPTER.token_failure(answer(json.dumps(token).encode())) is None
