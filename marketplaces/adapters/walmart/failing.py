"""What an answer means that isn't a page.

Walmart says it in seven shapes: `{"errors": [..]}`, `{"error": [..]}`, a bare
`{"code": ..}`, application/problem+json, XML, HTML of the edge, and errors inside of a
200. The status decides, except inside of a 200, where only the code can. Codes are
passed on, texts never are, because they repeat what was asked.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from marketplaces.adapters.walmart.reading.answers import sent_at
from marketplaces.contract import Failure, Response, Trouble, Word
from marketplaces.datamap import Operation

SHORTEST_WAIT, LONGEST_WAIT = 1.0, 3_600.0  # seconds
UNKNOWN_WAIT = 60.0  # an instant is named but Walmart's own clock isn't: a new minute
LARGEST_ERROR = 64 * 1024  # bytes; what is larger isn't looked through for codes

_WAIT_HEADERS = ("retry-after", "x-next-replenishment-time", "x-next-replenish-time")
_EMPTY = re.compile(r"^(?!.*GMP_GATEWAY_API).*(NOT_FOUND|NO_RESULT|NO_DATA)")
_decode = msgspec.json.Decoder().decode
_code = re.compile(r"[A-Za-z0-9_.:-]{1,80}")
_xml_code = re.compile(rb"<(?:\w{1,20}:)?code>\s*([A-Za-z0-9_.:-]{1,80})\s*</")


def failure(operation: Operation, response: Response) -> Failure | None:
    """None for a page: 200, 206 (some rows are missing), 404 for an empty list.

    A 404 is an empty list only with an error code that says so (NOT_FOUND.GMP_ORDER_API
    and the like); a missing programme or a wrong path is a 404 too. Whether the list
    was at its beginning, only `read` knows, so it also handles the 404 of a used-up
    page token.

    The page token of orders is a whole query, and Walmart has no word of its own for
    one that it no longer takes: any 400 there is STALE. At a lane's start, where none
    was sent, that means what BROKEN does.
    """
    status = response.status
    if status == 200 or (status == 206 and operation.marks_gone):
        return _inside(response)
    code, text = _told(response)
    is_list = operation.marks_gone or operation.incremental
    if status == 404 and is_list and _EMPTY.search(code):
        return None
    if status == 400 and (operation.cursor_verbatim or "invalid cursor" in text):
        return Failure(Word.STALE, Trouble.UNEXPECTED, code)
    return _by_status(response, code)


def token_failure(response: Response) -> Failure | None:
    """What a token endpoint's answer means, or None if it is good.

    Only `invalid_grant` means that the seller ended the authorisation. Walmart
    documents neither that nor another sign of it, and says 400 or 401 as well when our
    own client secret is wrong or was reset, which no seller has done; taking those for
    a farewell would erase every seller's authorisation at once. So they are FORBIDDEN:
    the connection stops and shows why, and nothing is erased.
    """
    if response.status == 200:
        return None
    code, _ = _told(response)
    if response.status in (400, 401, 403):
        if code.lower().partition(".")[0] == "invalid_grant":
            return Failure(Word.GONE, Trouble.AUTHORISATION, code)
        if response.status == 403 and _is_markup(response):
            return Failure(Word.WAIT, Trouble.DOWN, code)
        refused = response.status in (400, 401)
        return Failure(
            Word.FORBIDDEN, Trouble.AUTHORISATION, code, keys_refused=refused
        )
    return _by_status(response, code)


def _by_status(response: Response, code: str) -> Failure:
    status = response.status
    if status == 401:
        return Failure(Word.RENEW, Trouble.AUTHORISATION, code)
    if status == 403 and _is_markup(response):  # the edge turns us away, not the API
        return Failure(Word.WAIT, Trouble.DOWN, code)
    if status == 403:
        return Failure(Word.FORBIDDEN, Trouble.AUTHORISATION, code)
    if status == 429:
        return Failure(Word.WAIT, Trouble.THROTTLED, code, _wait(response))
    if status == 423 or status == 408 or status >= 500:
        return Failure(Word.WAIT, Trouble.DOWN, code, _wait(response))
    return Failure(Word.BROKEN, Trouble.UNEXPECTED, code)


def _inside(response: Response) -> Failure | None:
    """An error where a page should be. An error beside rows is the reader's part."""
    body = response.body
    if len(body) > LARGEST_ERROR or (b'"error' not in body and b'"code"' not in body):
        return None
    try:
        answer = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not isinstance(answer, dict):
        return None
    listed = answer.get("list")
    inner = listed if isinstance(listed, dict) else answer
    if {"elements", "payload", "ItemResponse", "scopes"} & inner.keys():
        return None
    found = _first_error(inner) or _first_error(answer)
    if found is None:
        return None
    return _by_code(response, _spoken(found, response))


def _by_code(response: Response, code: str) -> Failure:
    told = code.upper()
    if "UNAUTHORIZED" in told:
        return Failure(Word.RENEW, Trouble.AUTHORISATION, code)
    if "FORBIDDEN" in told or "ACCESS_DENIED" in told:
        return Failure(Word.FORBIDDEN, Trouble.AUTHORISATION, code)
    if "RATE_LIMIT" in told or "REQUEST_THRESHOLD" in told:
        return Failure(Word.WAIT, Trouble.THROTTLED, code, _wait(response))
    if re.search(r"INTERNAL|SYSTEM|UNAVAILABLE|TIMEOUT|LOCKED", told):
        return Failure(Word.WAIT, Trouble.DOWN, code, _wait(response))
    return Failure(Word.BROKEN, Trouble.UNEXPECTED, code)


def _told(response: Response) -> tuple[str, str]:
    """The error's code ("http-503" if there is none) and its text in lower case.

    The text is only searched, never passed on.
    """
    unknown = f"http-{response.status}"
    body = response.body[:LARGEST_ERROR]
    if _is_markup(response):
        found = _xml_code.search(body)
        return (found[1].decode() if found else unknown), ""
    try:
        answer = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return unknown, ""
    error = _first_error(answer) if isinstance(answer, dict) else None
    if error is None:
        return unknown, ""
    words = (error.get(name) for name in ("code", "description", "message", "info"))
    text = " ".join(word for word in words if isinstance(word, str)).lower()
    return _spoken(error, response), text


def _first_error(answer: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The first error in any of the JSON shapes, or None."""
    for name in ("errors", "error"):
        found = answer.get(name)
        if isinstance(found, dict):  # XML's one-element list, turned to JSON
            found = found.get("error", found)
        if isinstance(found, list):
            found = found[0] if found else None
        if isinstance(found, dict):
            return found
        if isinstance(found, str):  # RFC 6749: {"error": "invalid_grant"}
            return {"code": found}
    if "code" in answer:
        return answer
    if "type" in answer and "title" in answer:  # RFC 9457
        return {"code": str(answer["type"]).rpartition("/")[2]}
    return None


def _spoken(error: Mapping[str, Any], response: Response) -> str:
    code = error.get("code")
    code = str(code) if isinstance(code, str | int) else ""
    return code if _code.fullmatch(code) else f"http-{response.status}"


def _is_markup(response: Response) -> bool:
    """XML or HTML, whatever the Content-Type says."""
    return response.body[:256].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def _wait(response: Response) -> float | None:
    """Seconds until Walmart wants to hear from us, 1 to 3600; None if it didn't say.

    Two headers with three spellings, and their value comes as seconds, as an HTTP date,
    as milliseconds (or seconds) since 1970, or in ISO 8601. The longest wait counts.
    """
    waits = [
        seconds
        for name in _WAIT_HEADERS
        if (told := response.headers.get(name, "").strip())
        if (seconds := _seconds(told, sent_at(response))) is not None
    ]
    return min(max(*waits, SHORTEST_WAIT), LONGEST_WAIT) if waits else None


def _seconds(told: str, now: datetime | None) -> float | None:
    if re.fullmatch(r"\d{1,18}(\.\d{1,9})?", told, re.ASCII):
        number = float(told)
        if number < 1e8:  # three years: a span, not an instant
            return number
        until = datetime.fromtimestamp(
            min(number / 1000 if number >= 1e11 else number, 4e9), tz=UTC
        )
    else:
        parsed = _instant(told)
        if parsed is None:
            return None
        until = parsed
    return (until - now).total_seconds() if now else UNKNOWN_WAIT


def _instant(told: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(told)
    except ValueError:
        try:
            moment = parsedate_to_datetime(told)
        except (ValueError, TypeError):
            return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
