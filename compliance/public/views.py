"""What the public may know: how we delete, whether a certificate is ours, and how to
reach us about security (RET-2, CON-1)."""

from datetime import UTC, datetime, time, timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe
from rest_framework.throttling import SimpleRateThrottle

from compliance.deletion import figures
from compliance.deletion.models import Certificate, DeletionRequest
from compliance.deletion.services.steps import LASTS as DELETION_LASTS
from compliance.public.forms import CheckForm
from compliance.signing import published_keys
from plugseller.addresses import client_address, counted_address
from plugseller.custody.rules import RULES, Rule

MACHINE, PROOFS = "machine", "proofs"  # rules: of no person; without anybody in them
LASTS = timedelta(days=180)  # RFC 9116 advises less than a year


class Guesses(SimpleRateThrottle):
    """Certificates may be asked after, but not tried out, from one address."""

    scope = "certificate"
    rate = "30/hour"

    def get_cache_key(self, request: HttpRequest, view: object) -> str:
        return f"certificate:{counted_address(client_address(request))}"


@require_safe
def data_deletion(request: HttpRequest) -> HttpResponse:
    """What is deleted, how to ask, what happens when: with the figures in force."""
    context = {
        "days": DELETION_LASTS.days,
        "grace_hours": int(settings.DELETION_GRACE.total_seconds() // 3600),
        "backup_days": settings.BACKUP_KEEP.days,
        "contact": settings.CONTACT_ADDRESS,
        "rules": [
            (rule, _kept(rule)) for rule in RULES.values() if rule.name != MACHINE
        ],
        "taken": figures.taken(timezone.now()),
    }
    return render(request, "compliance/public/data_deletion.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def certificate_check(request: HttpRequest, reference: str = "") -> HttpResponse:
    """Whether a certificate of that reference was issued, and nothing else of it."""
    asked = {"reference": reference} if reference else None
    form = CheckForm(request.POST if request.method == "POST" else asked)
    context: dict[str, object] = {"form": form}
    if form.is_bound:
        if not Guesses().allow_request(request, None):  # type: ignore[arg-type]  # no view needed
            return render(request, "429.html", status=429)
        if form.is_valid():
            asked_after = form.cleaned_data["reference"]
            context |= {"asked": asked_after, "issued": _issued(asked_after)}
    status = 400 if form.errors else 200
    return render(
        request, "compliance/public/certificate_check.html", context, status=status
    )


@require_safe
def signing_keys(request: HttpRequest) -> JsonResponse:
    """The public keys certificates are signed with, those that were replaced too."""
    return JsonResponse(published_keys())


def _kept(rule: Rule) -> str:
    if rule.keep is None:
        return "for good" if rule.name == PROOFS else "as long as what it belongs to"
    days = rule.keep.days
    return f"{days} day{'' if days == 1 else 's'}"


def _issued(reference: str) -> datetime | None:
    """When the newest certificate of a request was issued."""
    newest = Certificate.objects.filter(
        request__reference=reference, request__status=DeletionRequest.Status.COMPLETED
    )
    return newest.order_by("-version").values_list("issued_at", flat=True).first()


@require_safe
def security_txt(request: HttpRequest) -> HttpResponse:
    """Whom to tell about a hole, as RFC 9116 wants it."""
    expires = (timezone.now() + LASTS).astimezone(UTC).date()
    fields = {
        "Contact": f"mailto:{settings.CONTACT_ADDRESS}",
        "Expires": f"{datetime.combine(expires, time()).isoformat()}Z",
        "Preferred-Languages": "en",
        "Policy": f"{settings.PUBLIC_ADDRESS}{reverse('security')}",
        "Canonical": f"{settings.PUBLIC_ADDRESS}/.well-known/security.txt",
    }
    lines = "".join(f"{name}: {value}\n" for name, value in fields.items())
    return HttpResponse(lines, content_type="text/plain; charset=utf-8")
