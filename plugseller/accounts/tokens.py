"""How a program proves who it is: an API token in the Authorization header (ACC-2).

The package's own class would delete expired tokens as it goes, take any sign of a
person for enough, and know nothing of revocation; so only how a header is read and how
a token is hashed is its own.
"""

import re
from datetime import datetime, timedelta
from hmac import compare_digest

from django.conf import settings
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from knox.auth import TokenAuthentication as KnoxAuthentication
from knox.crypto import hash_token
from knox.settings import CONSTANTS, knox_settings
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from plugseller.accounts.guard import has_second_factor
from plugseller.accounts.models import ApiToken, User
from plugseller.addresses import client_address, counted_address
from plugseller.audit.models import Entry
from plugseller.audit.services import identify, record
from plugseller.shelves import By

_REFUSAL_NOTED_EVERY = timedelta(minutes=10)
_NOTED_EVERY = timedelta(minutes=1)  # how exactly the last use is known
_TOKEN = re.compile(rf"{re.escape(knox_settings.TOKEN_PREFIX)}[0-9a-f]{{32,}}", re.I)

REFUSED = "This API key isn't valid, or not any more. Make a new one under API keys."
MISPLACED = (
    "An API key stood in the address or in a cookie, where others can read it. It "
    "belongs in the Authorization header. End that key, and make a new one."
)


class RefusedAddresses(SimpleRateThrottle):
    """Counts refusals by address; who comes with a good token isn't held up."""

    scope = "refused"

    def get_rate(self) -> str:
        rate: str = settings.API_FAILURE_RATE
        return rate

    def get_cache_key(self, request: Request, view: object) -> str:
        return f"api-refused:{counted_address(client_address(request._request))}"


class TokenAuthentication(KnoxAuthentication):
    """Tells whose program asks. Nothing is deleted, and every refusal is the same."""

    @sensitive_variables()
    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """The person and the token; None if no token was sent.

        Raises AuthenticationFailed, or Throttled after many of them.
        """
        if _is_misplaced(request):
            raise _refused(request, MISPLACED)
        kind, _, sent = request._request.headers.get("Authorization", "").partition(" ")
        if not kind:
            return None
        sent = sent.strip() if kind.lower() == self._kind else ""
        token = _find(sent)
        now = timezone.now()
        if token is None or not _is_good(token, now):
            if token is not None and token.revoked_at is not None:
                _note_ended(token, now)
            raise _refused(request, REFUSED)
        identify(token.user, kind=By.TOKEN, via=str(token.pk))
        _note_use(token, request, now)
        return token.user, token

    @property
    def _kind(self) -> str:
        return str(knox_settings.AUTH_HEADER_PREFIX).lower()


@sensitive_variables()
def _find(sent: str) -> ApiToken | None:
    """The token that was sent; each candidate is compared, in constant time."""
    if not (sent.isascii() and sent.isprintable()):
        return None
    digest, found = hash_token(sent), None
    named = ApiToken.objects.filter(token_key=sent[: CONSTANTS.TOKEN_KEY_LENGTH])
    for token in named.select_related("user", "seller"):
        if compare_digest(digest, token.digest):
            found = token
    return found


def _is_good(token: ApiToken, now: datetime) -> bool:
    """Whether the token works, and its person may have one (ACC-2, ACC-3)."""
    person = token.user
    return (
        token.expiry is not None
        and token.is_live(now)
        and person.is_active
        and person.left_at is None
        and not person.is_staff
        and has_second_factor(person)
    )


def _note_ended(token: ApiToken, now: datetime) -> None:
    """Somebody still holds a key that was ended; an entry at most every ten minutes."""
    lately = Entry.objects.filter(object_pk=str(token.pk), event="token.refused")
    if not lately.filter(timestamp__gt=now - _REFUSAL_NOTED_EVERY).exists():
        record("token.refused", seller_id=token.seller_id, subject=token)


def _is_misplaced(request: Request) -> bool:
    """Whether a token came where logs, histories and other pages would see it."""
    places = [request._request.META.get("QUERY_STRING", ""), *request.COOKIES.values()]
    return any(_TOKEN.search(place) for place in places)


def _refused(request: Request, why: str) -> AuthenticationFailed | Throttled:
    counted = RefusedAddresses()
    if counted.allow_request(request, None):  # type: ignore[arg-type]  # no view needed
        return AuthenticationFailed(why)
    return Throttled(counted.wait())


def _note_use(token: ApiToken, request: Request, now: datetime) -> None:
    if token.last_used_at and now - token.last_used_at < _NOTED_EVERY:
        return
    ApiToken.objects.filter(pk=token.pk).update(
        last_used_at=now, last_used_address=client_address(request._request) or ""
    )
