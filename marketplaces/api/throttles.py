"""How often one program may ask; refused keys are counted in accounts/tokens.py."""

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from plugseller.accounts.models import ApiToken


class PerToken(SimpleRateThrottle):
    """By token, or by person with a session; never by a header a client writes."""

    scope = "api"

    def get_rate(self) -> str:
        rate: str = settings.API_RATE
        return rate

    def get_cache_key(self, request: Request, view: object) -> str | None:
        if isinstance(request.auth, ApiToken):
            return f"api-token:{request.auth.pk}"
        return f"api-person:{request.user.pk}" if request.user.pk else None
