"""A notice that came back, on its seller's own pages (INC-2)."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from compliance.incidents.services.returned import note_read, unread_at
from plugseller.accounts.desk import open_desk, show
from plugseller.accounts.roles import Permission


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_variables("content")
def notice(request: HttpRequest, slug: str, notice_id: UUID) -> HttpResponse:
    """The notice in the words that were sent; an owner says that it was read."""
    desk = open_desk(request, slug, Permission.MANAGE_MEMBERS)
    if desk.user.is_staff:
        raise Http404
    found = get_object_or_404(unread_at(desk.seller.pk), pk=notice_id)
    if request.method == "POST":
        note_read(actor=desk.user, notice=found, now=timezone.now())
        messages.success(request, "Thank you. That it was read is noted.")
        return redirect("home")
    content = found.content.reveal()
    context = {"notice": found, "subject": content["subject"], "text": content["text"]}
    return show(request, desk, "compliance/incidents/notice.html", context)
