"""What the desks of this room share: forms that call a service, and who of us there is.

Every step is written down for good, so each asks for the second factor again.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from plugseller.accounts.confirming import confirmed
from plugseller.accounts.desk import officer_of
from plugseller.accounts.models import User

Does = Callable[[User, dict[str, Any], datetime], object]


def opened(desk: Any, view: Any) -> Any:
    """A view of the desk that asks for the second factor again."""
    return desk.admin_site.admin_view(
        require_http_methods(["GET", "HEAD", "POST"])(confirmed(view))
    )


class StaffField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not at run time
    """One of our own staff."""

    def __init__(self, **kwargs: Any) -> None:
        staff = User.objects.filter(is_active=True).exclude(staff_role="")
        super().__init__(staff.order_by("email"), **kwargs)

    def label_from_instance(self, obj: User) -> str:
        return f"{obj.known_as}, {obj.get_staff_role_display()}"


class DayField(forms.DateField):
    """A day, chosen in the browser's own way."""

    widget = forms.DateInput(attrs={"type": "date"})


def end_of(day: date) -> datetime:
    """The instant at which the day is over, in UTC."""
    return datetime.combine(day + timedelta(days=1), time(), UTC)


def form_page(
    request: HttpRequest,
    form: forms.Form,
    do: Does,
    *,
    model: type[Model],
    title: str,
    says: str,
) -> HttpResponse:
    """The form, what it means, and back to the list once it is done.

    `form` is bound on POST. What the service refuses stands above the form.
    """
    officer = officer_of(request)
    meta = model._meta
    back = f"admin:{meta.app_label}_{meta.model_name}_changelist"
    if form.is_bound and form.is_valid():
        try:
            do(officer, form.cleaned_data, timezone.now())
        except ValidationError as refused:
            form.add_error(None, refused)
        else:
            messages.success(request, "Done.")
            return redirect(back)
    context = {
        **admin.site.each_context(request),
        "opts": meta,
        "back": back,
        "title": title,
        "says": says,
        "form": form,
    }
    status = 400 if form.errors else 200
    return render(
        request, "admin/compliance/governance/step.html", context, status=status
    )


def given(request: HttpRequest) -> Any:
    """What was sent, for a form; None when it was only opened."""
    return request.POST if request.method == "POST" else None
