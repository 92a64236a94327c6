"""The steps of the registers at the desk: each a form, a service, and back."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from compliance.governance.desk import (
    DayField,
    StaffField,
    end_of,
    form_page,
    given,
)
from compliance.governance.registers import services
from compliance.governance.registers.models import Risk, RiskSignOff, Supplier
from plugseller.accounts.models import User

_NEXT = "Within a year; that day is the last in time, in UTC."


class NothingForm(forms.Form):
    """A step that only has to be confirmed."""


class _Rated(forms.Form):
    likelihood = forms.TypedChoiceField(coerce=int, choices=Risk.SCALE)
    impact = forms.TypedChoiceField(coerce=int, choices=Risk.SCALE)
    treatment = forms.ChoiceField(choices=Risk.Treatment.choices)
    plan = forms.CharField(
        label="What is done about it",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="It is sealed, and shown to officers.",
    )
    review_at = DayField(label="Next review", help_text=_NEXT)

    def clean_review_at(self) -> datetime:
        return end_of(self.cleaned_data["review_at"])


class RiskForm(_Rated):
    kind = forms.ChoiceField(choices=Risk.Kind.choices)
    title = forms.CharField(max_length=200, help_text="Plain and short. Name nobody.")
    owner = StaffField()
    ends_at = DayField(
        label="Ends", required=False, help_text="The last day of an exception."
    )
    field_order = ("kind", "title", "owner")

    def clean_ends_at(self) -> datetime | None:
        day = self.cleaned_data["ends_at"]
        return end_of(day) if day else None


class RiskReviewForm(_Rated):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["plan"].required = False
        self.fields["plan"].help_text = "Left empty, it stays as it is."


class _AssessedForm(forms.Form):
    assessed_on = DayField(label="Assessed on")
    review_at = DayField(label="Next assessment", help_text=_NEXT)

    def clean_review_at(self) -> datetime:
        return end_of(self.cleaned_data["review_at"])


class SupplierForm(_AssessedForm):
    name = forms.CharField(max_length=100, help_text="Of the company, not of a person.")
    reaches = forms.CharField(
        label="Which data it could reach",
        max_length=300,
        help_text="And how: “Encrypted backups, as their storage”.",
    )
    country = forms.CharField(max_length=60)
    owner = StaffField(label="Who of us looks after it")
    field_order = ("name", "reaches", "country", "owner")


def open_risk(request: HttpRequest) -> HttpResponse:
    def do(officer: User, told: dict[str, Any], now: datetime) -> None:
        services.open_risk(actor=officer, now=now, **told)

    return form_page(
        request,
        RiskForm(given(request)),
        do,
        model=Risk,
        title="Add a risk or an exception",
        says="Its owner is reminded of the review; when it is late, it is a task.",
    )


def review_risk(request: HttpRequest, pk: UUID) -> HttpResponse:
    risk = get_object_or_404(Risk, pk=pk)
    stands = {"likelihood": risk.likelihood, "impact": risk.impact}
    form = RiskReviewForm(
        given(request), initial={**stands, "treatment": risk.treatment}
    )

    def do(officer: User, told: dict[str, Any], now: datetime) -> None:
        services.review_risk(actor=officer, risk=risk, now=now, **told)

    says = f"{risk.title}. It is rated {risk.rating} of 25 now."
    return form_page(request, form, do, model=Risk, title="Review", says=says)


def close_risk(request: HttpRequest, pk: UUID) -> HttpResponse:
    risk = get_object_or_404(Risk, pk=pk)

    def do(officer: User, told: dict[str, Any], now: datetime) -> None:
        services.close_risk(actor=officer, risk=risk, now=now)

    says = f"{risk.title}. It stays in the register as closed, for good."
    form = NothingForm(given(request))
    return form_page(request, form, do, model=Risk, title="Close", says=says)


def sign_off(request: HttpRequest) -> HttpResponse:
    def do(officer: User, told: dict[str, Any], now: datetime) -> None:
        services.sign_off_risks(actor=officer, now=now)

    still = Risk.objects.filter(closed_at=None).count()
    last = RiskSignOff.objects.first()
    before = f" It was last signed off on {last.signed_at:%Y-%m-%d}." if last else ""
    return form_page(
        request,
        NothingForm(given(request)),
        do,
        model=Risk,
        title="Sign the register off",
        says=f"As senior management you stand for the {still} open risks and how they "
        f"are treated. It is due again in a year.{before}",
    )


def add_supplier(request: HttpRequest) -> HttpResponse:
    def do(officer: User, told: dict[str, Any], now: datetime) -> None:
        services.add_supplier(actor=officer, now=now, **told)

    return form_page(
        request,
        SupplierForm(given(request)),
        do,
        model=Supplier,
        title="Add a supplier",
        says="It is assessed before it reaches anything, and then once a year.",
    )


def assess_supplier(request: HttpRequest, pk: UUID) -> HttpResponse:
    supplier = get_object_or_404(Supplier, pk=pk)

    def do(officer: User, told: dict[str, Any], now: datetime) -> None:
        services.assess_supplier(actor=officer, supplier=supplier, now=now, **told)

    form = _AssessedForm(given(request))
    says = f"{supplier.name} was assessed again."
    return form_page(request, form, do, model=Supplier, title="Assessed", says=says)


def end_supplier(request: HttpRequest, pk: UUID) -> HttpResponse:
    supplier = get_object_or_404(Supplier, pk=pk)

    def do(officer: User, told: dict[str, Any], now: datetime) -> None:
        services.end_supplier(actor=officer, supplier=supplier, now=now)

    says = f"{supplier.name} reaches nothing any more. It stays on the list as ended."
    return form_page(
        request,
        NothingForm(given(request)),
        do,
        model=Supplier,
        title="Works for us no more",
        says=says,
    )
