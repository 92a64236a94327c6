"""The page that is open to our staff before any other of ours (GOV-2)."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from compliance.governance.policies import reading, services, texts
from compliance.governance.policies.services import PolicyRefused
from compliance.governance.policies.texts import Text
from plugseller.accounts.models import User


class AcknowledgeForm(forms.Form):
    """The text as it was shown, and that it was read."""

    name = forms.CharField(max_length=40, widget=forms.HiddenInput)
    sha256 = forms.CharField(max_length=64, widget=forms.HiddenInput)
    read = forms.BooleanField(
        label="I have read this policy and follow it",
        error_messages={"required": "Tick the box if you have read it."},
    )


@require_http_methods(["GET", "HEAD", "POST"])
def acknowledge(request: HttpRequest) -> HttpResponse:
    """One policy at a time: its text, what has changed, and the button."""
    person = request.user
    if not isinstance(person, User) or not person.is_staff:
        raise PermissionDenied
    form = AcknowledgeForm(request.POST) if request.method == "POST" else None
    if form is not None and form.is_valid() and _done(request, person, form):
        waits = services.missing_of(person.pk)
        return redirect("acknowledge_policies" if waits else "admin:index")
    missing = services.missing_of(person.pk)
    first = missing[0] if missing else None
    context = {
        "title": "Policies",
        "text": first,
        "left": len(missing),
        "all_texts": texts.current(),
        **(_shown(person, first) if first else {}),
        "form": _fresh(form, first) if first else None,
    }
    status = 400 if form is not None and form.errors else 200
    return render(
        request, "compliance/policies/acknowledge.html", context, status=status
    )


def _done(request: HttpRequest, person: User, form: AcknowledgeForm) -> bool:
    told = form.cleaned_data
    try:
        services.acknowledge(
            actor=person, name=told["name"], sha256=told["sha256"], now=timezone.now()
        )
    except PolicyRefused as refused:
        form.add_error(None, refused)
        return False
    messages.success(request, "Acknowledged.")
    return True


def _fresh(form: AcknowledgeForm | None, text: Text) -> AcknowledgeForm:
    """For the text that is shown now, with what was wrong about what was sent."""
    fresh = AcknowledgeForm(initial={"name": text.name, "sha256": text.sha256})
    if form is not None and form.errors:
        fresh.errors.update(form.errors)  # of another text, perhaps: it is shown anew
    return fresh


def _shown(person: User, text: Text) -> dict[str, Any]:
    before = services.acknowledged_before(person.pk, text)
    old = texts.find(before.name, before.number) if before else None
    found = reading.changes(old.content, text.content) if old else []
    return {
        "blocks": reading.blocks(text.content),
        "before": before if old else None,
        "changes": found,
        "differs_in": reading.count(found),
    }
