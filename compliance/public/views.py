"""What the public may know: how to reach us about security (CON-1)."""

from datetime import UTC, datetime, time, timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

LASTS = timedelta(days=180)  # RFC 9116 advises less than a year


@require_safe
def security_txt(request: HttpRequest) -> HttpResponse:
    """Whom to tell about a hole, as RFC 9116 wants it. It has no Policy: there is no
    page of ours yet that says how we treat reports."""
    expires = (timezone.now() + LASTS).astimezone(UTC).date()
    fields = {
        "Contact": f"mailto:{settings.CONTACT_ADDRESS}",
        "Expires": f"{datetime.combine(expires, time()).isoformat()}Z",
        "Preferred-Languages": "en",
        "Canonical": f"{settings.PUBLIC_ADDRESS}/.well-known/security.txt",
    }
    lines = "".join(f"{name}: {value}\n" for name, value in fields.items())
    return HttpResponse(lines, content_type="text/plain; charset=utf-8")
