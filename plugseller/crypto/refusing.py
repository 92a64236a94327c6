"""The answer when a page meets a sealed value that doesn't open (ENC-3)."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template import loader

from plugseller.crypto.sealing import Unopenable
from plugseller.crypto.services import KeyDestroyed
from plugseller.problems import is_programs, problem

_HEADERS = {"Cache-Control": "no-store"}
_GONE = "What this was about is deleted for good: the key that opened it is destroyed."
_BROKEN = (
    "A secret that is kept for this page isn't the one that belongs here, so it wasn't "
    "used. Nothing was changed and nothing was sent. It is in our log for those "
    f"responsible; {settings.CONTACT_ADDRESS} tells you how it goes on."
)


class RefuseUnopenable:
    """Turns what opening a sealed value raises into one clear sentence."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponse | None:
        """None for anything else: Django goes on as usual."""
        if not isinstance(exception, Unopenable):
            return None
        gone = isinstance(exception, KeyDestroyed)
        sentence, status = (_GONE, 410) if gone else (_BROKEN, 409)
        if is_programs(request) or not request.accepts("text/html"):
            return problem(status, sentence, _HEADERS)
        told = {"sentence": sentence, "status": status, "gone": gone}
        page = loader.render_to_string("unopenable.html", told)
        return HttpResponse(page, status=status, headers=_HEADERS)
