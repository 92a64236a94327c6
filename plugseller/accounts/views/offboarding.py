"""The officers' button that ends a person's account, and what it asks before."""

from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from plugseller.accounts import services
from plugseller.accounts.confirming import confirmed
from plugseller.accounts.desk import officer_of
from plugseller.accounts.models import User
from plugseller.accounts.services import Leaving, Why
from plugseller.accounts.teamforms import tell


class LeavingForm(forms.Form):
    """Why; and for sellers that would lose their last owner, who takes over."""

    reason = forms.TypedChoiceField(choices=Why.choices, coerce=Why, label="Reason")

    def __init__(self, sent: QueryDict | None, *, plan: Leaving) -> None:
        super().__init__(sent, label_suffix="")
        self._heirs = {str(user.pk): user for user in plan.heirs}
        if self._heirs:
            self.fields["successor"] = forms.ChoiceField(
                required=False,
                label="Who takes over",
                choices=[
                    ("", "The most senior member"),
                    *((pk, user.email) for pk, user in self._heirs.items()),
                ],
            )
        if plan.orphaned:
            self.fields["leave_without_owner"] = forms.BooleanField(
                required=False,
                label="Leave "
                + ", ".join(one.slug for one in plan.orphaned)
                + " without an owner",
            )

    @property
    def successor(self) -> User | None:
        return self._heirs.get(self.cleaned_data.get("successor", ""))


@require_http_methods(["GET", "HEAD", "POST"])
@confirmed
def offboard(request: HttpRequest, person: UUID) -> HttpResponse:
    """Say what ends, and end it. For compliance officers, about somebody else."""
    officer = officer_of(request)
    found, now = get_object_or_404(User, pk=person), timezone.now()
    if found == officer:
        raise PermissionDenied
    try:
        plan = services.plan_leaving(person=found, now=now)
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
        return redirect("admin:accounts_user_change", found.pk)
    sent = request.POST if request.method == "POST" else None
    form = LeavingForm(sent, plan=plan)
    if sent is not None and form.is_valid():
        try:
            services.offboard_user(
                actor=officer,
                person=found,
                now=now,
                reason=form.cleaned_data["reason"],
                successor=form.successor,
                leave_without_owner=form.cleaned_data.get("leave_without_owner", False),
            )
        except ValidationError as refusal:
            tell(form, refusal)
        else:
            messages.success(request, "The account has ended, and all that it opened.")
            return redirect("admin:accounts_user_change", found.pk)
    context = {
        **admin.site.each_context(request),
        "title": "End this account",
        "person": found,
        "plan": plan,
        "form": form,
    }
    status = 400 if form.errors else 200
    return render(request, "admin/accounts/user/offboard.html", context, status=status)
