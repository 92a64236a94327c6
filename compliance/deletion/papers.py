"""The certificate as its owner gets it: a page to read or print, and a file."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from compliance.deletion.certificates import as_file, told_of
from compliance.deletion.models import Certificate, DeletionRequest
from compliance.deletion.services.letters import spoken

_TIMES = {
    "received": "Asked for",
    "verified": "Verified",
    "due": "Due",
    "began": "Began",
    "keys_destroyed": "Keys destroyed",
    "erased": "All erased",
}


def certificate_of(request: DeletionRequest) -> Certificate:
    """The newest version; Http404 while there is none."""
    stands = request.joined_to or request
    found: Certificate | None = stands.certificates.first()
    if found is None:
        raise Http404("No certificate was issued.")
    return found


def show_certificate(
    request: HttpRequest,
    certificate: Certificate,
    *,
    template: str,
    frame: Mapping[str, Any],
    zone: tzinfo,
) -> HttpResponse:
    """The page; it prints as one paper. Instants in it are those that were signed."""
    context = {
        **frame,
        "certificate": certificate,
        "told": told_of(certificate),
        "body": certificate.body,
        "issued": spoken(certificate.issued_at, zone),
        "times": [
            (what, _signed(certificate.body["times"].get(name)))
            for name, what in _TIMES.items()
        ],
    }
    with timezone.override(zone):
        return render(request, f"compliance/deletion/{template}", context)


def _signed(instant: str | None) -> str:
    """An instant as it was signed, to the second."""
    if instant is None:
        return "–"
    return f"{datetime.fromisoformat(instant):%Y-%m-%d %H:%M:%S} UTC"


def as_download(certificate: Certificate) -> HttpResponse:
    """The signed file, the same bytes each time."""
    name = f"{certificate.request.reference}-v{certificate.version}.json"
    return HttpResponse(
        as_file(certificate),
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
