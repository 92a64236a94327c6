"""Walmart's envelopes: errors in their several shapes, numbers, times."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from marketplaces.simulator.words import Answer, Call, Handler

ALLOWANCE = "x-current-token-count"
REPLENISHMENT = "x-next-replenishment-time"
REPLENISH = "x-next-replenish-time"

Headers = tuple[tuple[str, str], ...]


class Refused(Exception):
    """The call can't be answered; `answer` says so to the caller."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def refusing(handler: Handler) -> Handler:
    """The handler, with refusals as answers."""

    def answered(call: Call) -> Answer:
        try:
            return handler(call)
        except Refused as refusal:
            return refusal.answer

    return answered


def json_answer(value: object, status: int = 200, headers: Headers = ()) -> Answer:
    """A JSON answer, texts in UTF-8."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Answer(status, body.encode(), headers)


def error_list(
    status: int, code: str, description: str, headers: Headers = ()
) -> Answer:
    """`{"errors": [..]}`: the newer interfaces, orders among them."""
    told = {
        "code": code,
        "description": description,
        "info": description,
        "severity": "ERROR",
        "category": "DATA" if status in (400, 404) else "APPLICATION",
    }
    return json_answer({"errors": [told]}, status, headers)


def error_array(status: int, code: str, field: str, description: str) -> Answer:
    """`{"error": [..]}`: the item interface and the gateway."""
    return json_answer({"error": [_classic(code, field, description)]}, status)


def gateway_error(status: int, word: str, headers: Headers = ()) -> Answer:
    """What the gateway says before any interface is asked."""
    description = word.replace("_", " ").capitalize()
    told = _classic(f"{word}.GMP_GATEWAY_API", word, description)
    return json_answer({"error": [told]}, status, headers)


def bare_error(status: int, description: str) -> Answer:
    """An error without an envelope, as /v3/items has for a bad request."""
    told = _classic(str(status), "", description)
    del told["field"]
    return json_answer(told, status)


def xml_error(status: int, code: str) -> Answer:
    """What comes when nobody asked for JSON."""
    body = (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        '<ns2:errors xmlns:ns2="http://walmart.com/"><ns2:error>'
        f"<ns2:code>{code}</ns2:code><ns2:severity>ERROR</ns2:severity>"
        "</ns2:error></ns2:errors>"
    )
    return Answer(status, body.encode(), (("Content-Type", "application/xml"),))


def number(call: Call, name: str, *, least: int, most: int, default: int) -> int:
    """A parameter that is a whole number within bounds."""
    text = call.value(name)
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise Refused(bare_error(400, "Invalid request param"))
    return int(text)


def instant(text: str) -> datetime:
    """A parameter that is a date or an ISO 8601 time, in UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(
            error_list(
                400, "INVALID_REQUEST_CONTENT.GMP_ORDER_API", "Invalid request content."
            )
        ) from None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def milliseconds(seconds: float) -> int:
    """A time as orders have it."""
    return int(seconds * 1000)


def _classic(code: str, field: str, description: str) -> dict[str, object]:
    causes: Sequence[object] = []
    return {
        "code": code,
        "field": field,
        "description": description,
        "info": description,
        "severity": "ERROR",
        "category": "DATA",
        "causes": causes,
        "errorIdentifiers": {},
    }
