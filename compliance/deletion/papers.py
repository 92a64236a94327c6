"""The certificate as its owner gets it: a page to read or print, and a file."""

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from compliance.deletion.certificates import as_file, told_of
from compliance.deletion.models import Certificate, DeletionRequest
from compliance.deletion.services.letters import spoken


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
    frame: Mapping[str, Any],
    zone: tzinfo,
) -> HttpResponse:
    """The page; it prints as one paper."""
    context = {
        **frame,
        "certificate": certificate,
        "told": told_of(certificate),
        "issued": spoken(certificate.issued_at, zone),
    }
    return render(request, "compliance/deletion/certificate.html", context)


def as_download(certificate: Certificate) -> HttpResponse:
    """The signed file."""
    name = f"{certificate.request.reference}.json"
    return HttpResponse(
        as_file(certificate),
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
