"""Amazon's envelopes: errors, request ids, page tokens."""

import json
import uuid
import zlib
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from marketplaces.simulator.goods import Item
from marketplaces.simulator.words import Answer, Call, Handler

ALLOWANCE = "x-amzn-RateLimit-Limit"
REQUEST_ID = "x-amzn-RequestId"


class Refused(Exception):
    """The call can't be answered; `answer` says so to the caller."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def json_answer(value: object, status: int = 200) -> Answer:
    """A JSON answer, texts in UTF-8."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Answer(status, body.encode())


def error(status: int, code: str, message: str, details: str = "") -> Answer:
    """`{"errors": [{code, message, details}]}`."""
    told = {"code": code, "message": message, "details": details}
    return replace(
        json_answer({"errors": [told]}, status),
        headers=((REQUEST_ID, str(uuid.uuid4())),),
    )


def denied(details: str = "") -> Answer:
    """403: no token, no role, another seller's, or a path that doesn't exist."""
    return error(
        403, "Unauthorized", "Access to requested resource is denied.", details
    )


def bad_input(message: str) -> Refused:
    """400 with Amazon's code for it; to be raised."""
    return Refused(error(400, "InvalidInput", message))


def with_request_id(handler: Handler) -> Handler:
    """The handler with a request id on each answer, and refusals as answers."""

    def answered(call: Call) -> Answer:
        try:
            answer = handler(call)
        except Refused as refusal:
            return refusal.answer
        identity = (REQUEST_ID, str(uuid.uuid4()))
        return replace(answer, headers=(*answer.headers, identity))

    return answered


def instant(call: Call, name: str) -> datetime | None:
    """A parameter that is an ISO 8601 time, in UTC; None if it isn't sent."""
    text = call.value(name)
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise bad_input(f"{name} isn't an ISO 8601 date.") from None
    if moment.tzinfo is None:
        raise bad_input(f"{name} has no time zone.")
    return moment.astimezone(UTC)


def number(call: Call, name: str, *, least: int, most: int, default: int) -> int:
    """A parameter that is a whole number within bounds."""
    text = call.value(name)
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise bad_input(f"{name} must be between {least} and {most}.")
    return int(text)


def iso(moment: datetime) -> str:
    """A time as Amazon writes it, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def page_token(call: Call, *, but: Iterable[str], offset: int, mark: str = "") -> str:
    """A token for the page at `offset`, good only with the same other parameters.

    Standard base64, so that it holds `+`, `/` and `=` and must be encoded.
    """
    issued = f"{call.now.timestamp():.3f}"
    text = f"{_fingerprint(call, but)}|{offset}|{issued}|{mark}|>>>???"
    return b64encode(text.encode()).decode()


def page_of(
    call: Call, found: Sequence[Item], *, size: int, named: str, life: float
) -> tuple[Sequence[Item], dict[str, dict[str, str]]]:
    """The rows the call's page token points at, and the answer's `pagination` member.

    `named` is the parameter with the token; the last page has no member.
    """
    offset = 0
    if given := call.value(named):
        offset, _ = opened_token(call, given, but=(named,), life=life)
    rows = found[offset : offset + size]
    if offset + size >= len(found):
        return rows, {}
    following = page_token(call, but=(named,), offset=offset + size)
    return rows, {"pagination": {"nextToken": following}}


def opened_token(
    call: Call, token: str, *, but: Iterable[str], life: float
) -> tuple[int, str]:
    """Offset and mark of a token; Refused if it isn't one, too old, or the other
    parameters have changed. `life` in seconds."""
    try:
        text = b64decode(token, validate=True).decode()
        fingerprint, offset, issued, mark, _ = text.split("|")
        age = call.now.timestamp() - float(issued)
        place = int(offset)
    except (NotBase64, ValueError):
        raise bad_input("The page token is invalid.") from None
    if fingerprint != _fingerprint(call, but):
        raise bad_input("The page token doesn't belong to these parameters.")
    if age > life:
        raise bad_input("The page token has expired.")
    return place, mark


def _fingerprint(call: Call, but: Iterable[str]) -> str:
    free = set(but)
    kept = sorted((k, v) for k, v in call.query if k not in free)
    return f"{zlib.crc32(repr((call.path, kept)).encode()):08x}"
