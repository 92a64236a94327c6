"""What an answer means that isn't a page.

Amazon says the same thing in many ways: `{"errors": [{code, message, details}]}`,
`{"message": "Too Many Requests"}` from its gateway, HTML from its load balancers, an
empty body. The status decides; the code is passed on, texts never are, because they
repeat what was asked.
"""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import msgspec

from marketplaces.contract import Failure, Response, Trouble, Word
from marketplaces.datamap import Operation


class _Error(msgspec.Struct, gc=False):
    code: str = ""
    message: str = ""
    details: str | None = None


class _Errors(msgspec.Struct, gc=False):
    errors: list[_Error]


class _TokenError(msgspec.Struct, gc=False):
    error: str


_errors = msgspec.json.Decoder(_Errors).decode
_token_error = msgspec.json.Decoder(_TokenError).decode
_code = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_of_page_token = re.compile(r"token|paginat", re.IGNORECASE)
_PAGE_TOKENS = {"paginationToken", "pageToken", "nextToken"}


def failure(operation: Operation, response: Response) -> Failure | None:
    """None for 200, the only status of a page in the mapped operations.

    401 and 403 mean an old access token, a missing role, another region, a suspended
    seller or a path that doesn't exist: Amazon's answer is the same ("Unauthorized").
    So the word is RENEW, once; if it comes again the operation is forbidden to us. The
    end of an authorisation is told by the token endpoint alone (`token_failure`).

    A page token that died (30 seconds in the inventory, 24 hours in orders) or was
    sent with other parameters is 400 `InvalidInput`, often with no word about tokens.
    So that is STALE wherever there are pages; at a lane's start, where no token was
    sent, it means that the call itself is wrong, as BROKEN does.
    """
    status = response.status
    if status == 200:
        return None
    code, text = _told(response)
    if status == 429 or code == "QuotaExceeded":
        wait = _retry_after(response)
        return Failure(Word.WAIT, Trouble.THROTTLED, code, wait)
    if status >= 500 or status == 408:
        return Failure(Word.WAIT, Trouble.DOWN, code, _retry_after(response))
    if status in (401, 403):
        return Failure(Word.RENEW, Trouble.AUTHORISATION, code)
    paged = _PAGE_TOKENS.intersection(operation.variable)
    if (
        status == 400
        and paged
        and (code == "InvalidInput" or _of_page_token.search(text))
    ):
        return Failure(Word.STALE, Trouble.UNEXPECTED, code)
    return Failure(Word.BROKEN, Trouble.UNEXPECTED, code)


def token_failure(response: Response) -> Failure | None:
    """None for 200. Only 400 `invalid_grant` means that the seller ended it.

    `invalid_client` means that our own secret is wrong or has expired: every seller's
    renewal fails with it and no seller has left, so it is an alarm of the platform. An
    answer that isn't JSON isn't from the token service at all.
    """
    status = response.status
    if status == 200:
        return None
    if status == 429:
        code = _token_code(response) or "http-429"
        return Failure(Word.WAIT, Trouble.THROTTLED, code, _retry_after(response))
    code = _token_code(response)
    if status >= 500 or status == 408:
        wait = _retry_after(response)
        return Failure(Word.WAIT, Trouble.DOWN, code or f"http-{status}", wait)
    if status == 400 and code == "invalid_grant":
        return Failure(Word.GONE, Trouble.AUTHORISATION, code)
    if code in ("invalid_client", "unauthorized_client"):
        return Failure(Word.BROKEN, Trouble.AUTHORISATION, code, keys_refused=True)
    return Failure(Word.BROKEN, Trouble.UNEXPECTED, code or f"http-{status}")


def _told(response: Response) -> tuple[str, str]:
    """The first error's code and text; the text is only searched, never passed on."""
    try:
        first = _errors(response.body).errors[0]
    except (ValueError, RecursionError, IndexError):
        return f"http-{response.status}", ""
    code = first.code if _code.fullmatch(first.code) else f"http-{response.status}"
    return code, f"{first.message} {first.details or ''}"


def rotation_failure(response: Response) -> Failure | None:
    """None for 204, which has no body: the new secret comes through the queue."""
    if response.status == 204:
        return None
    code, _ = _told(response)
    if response.status == 429:
        return Failure(Word.WAIT, Trouble.THROTTLED, code, _retry_after(response))
    if response.status >= 500:
        return Failure(Word.WAIT, Trouble.DOWN, code, _retry_after(response))
    if response.status in (401, 403):
        return Failure(Word.FORBIDDEN, Trouble.AUTHORISATION, code)
    return Failure(Word.BROKEN, Trouble.UNEXPECTED, code)


def _token_code(response: Response) -> str:
    try:
        code = _token_error(response.body).error
    except (ValueError, RecursionError):
        return ""
    return code if _code.fullmatch(code) else ""


def _retry_after(response: Response) -> float | None:
    """Seconds of `Retry-After`, as a number or a date by the answer's own `Date`."""
    told = response.headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,6}(\.\d{1,6})?", told):
        return float(told)
    until, sent = moment_of(told), moment_of(response.headers.get("date", ""))
    if until and sent:
        return max(0.0, (until - sent).total_seconds())
    return None


def moment_of(header: str) -> datetime | None:
    """The instant of an HTTP date, or None."""
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None
