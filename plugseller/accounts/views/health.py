"""Whether everything is well, for whoever watches over the installation."""

from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from plugseller.accounts.models import User
from plugseller.jobs.health import look_after


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 if all is well, else 503. What it is, only our staff are told."""
    signs = look_after(timezone.now())
    well = not any(sign.trouble for sign in signs)
    answer: dict[str, object] = {"status": "ok" if well else "trouble"}
    if isinstance(request.user, User) and request.user.is_staff:
        answer["checks"] = {
            sign.name: {"label": sign.label, "trouble": sign.trouble} for sign in signs
        }
    return JsonResponse(answer, status=200 if well else 503)
