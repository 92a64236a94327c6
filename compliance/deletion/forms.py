"""What officers write about deletion requests."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone

from compliance.deletion.models import DeletionRequest
from marketplaces.services import connection_of
from plugseller.accounts.models import Seller, User
from plugseller.custody.services import in_order

Kind, Source = DeletionRequest.Kind, DeletionRequest.Source


class NothingForm(forms.Form):
    """A step that only has to be confirmed."""


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label="Reason",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Who asked reads it, with how to complain. Name nobody.",
    )


class IdentityForm(forms.Form):
    identity = forms.CharField(
        label="How you verified who asked",
        max_length=200,
        help_text="The evidence in a sentence, without a name: “Answered from the "
        "address we hold, and told the month of the first invoice”. Keep no copy of "
        "an identity paper.",
    )


class HoldForm(forms.Form):
    """What must be kept, why, and until when."""

    reason = forms.CharField(
        label="Why it must be kept",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Who asked reads it. Name nobody.",
    )
    legal_basis = forms.CharField(
        label="Legal basis", max_length=200, help_text="Who asked reads it."
    )
    holdings = forms.MultipleChoiceField(
        label="What is held",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Tick as little as the law asks for; the rest is deleted. With "
        "nothing ticked, everything is held.",
    )
    days = forms.IntegerField(
        label="For how many days",
        min_value=1,
        max_value=90,
        initial=30,
        help_text="Then the deletion goes on by itself, unless you ask anew.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        places: Any = self.fields["holdings"]
        places.choices = [(one.name, one.label) for one in in_order() if not one.stays]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        days = given.pop("days", None)
        if days:
            given["ends_at"] = timezone.now() + timedelta(days=days)
        return given


class RecordForm(forms.Form):
    """A letter, an e-mail or a marketplace's notice, as an officer records it."""

    source = forms.ChoiceField(
        label="Came by",
        choices=[
            (Source.LETTER.value, "A letter or e-mail of a person"),
            (Source.MARKETPLACE.value, "A marketplace's notice"),
        ],
    )
    email = forms.EmailField(
        label="E-mail address of who wrote",
        help_text="The answers go there. It is sealed, and forgotten at the end.",
    )
    name = forms.CharField(label="Name of who wrote", max_length=150, required=False)
    received_on = forms.DateTimeField(
        label="Received (UTC)",
        help_text="When it reached us, not when you read it: the 30 days count from "
        "then. Example: 2026-11-24 09:30",
    )
    seller = forms.SlugField(
        label="Seller",
        required=False,
        help_text="The short name, when it is about a seller. Empty for somebody who "
        "wrote about themself, or when nobody here is meant.",
    )
    connection = forms.UUIDField(
        label="Connection",
        required=False,
        help_text="Its id, when it is about one marketplace account alone.",
    )
    identity = forms.CharField(
        label="How the marketplace's notice was verified",
        max_length=200,
        required=False,
        help_text="For notices: where you looked it up, without a name.",
    )

    def clean_received_on(self) -> Any:
        when = self.cleaned_data["received_on"]
        if when > timezone.now():
            raise forms.ValidationError("It can't have come in the future.")
        return when

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        given["seller"] = self._seller(given.get("seller", ""))
        found = connection_of(given["connection"]) if given.get("connection") else None
        if given.get("connection") and (
            found is None or found.seller_id != getattr(given["seller"], "pk", None)
        ):
            self.add_error("connection", "This seller has no such connection.")
        given["connection"] = found
        if given.get("source") == Source.MARKETPLACE and not given.get("identity"):
            self.add_error("identity", "Write how you verified the notice.")
        return given

    def _seller(self, slug: str) -> Seller | None:
        if not slug:
            return None
        found = Seller.objects.filter(slug=slug).first()
        if found is None:
            self.add_error(
                "seller",
                "No seller has this short name. If it isn't ours, leave it empty and "
                "answer that nothing is held.",
            )
        return found

    def meant(self) -> dict[str, Any]:
        """Whom the request is about, as `request_deletion` takes it."""
        given = self.cleaned_data
        if given["connection"] is not None:
            return {
                "kind": Kind.CONNECTION,
                "seller": given["seller"],
                "connection": given["connection"],
            }
        if given["seller"] is not None:
            return {"kind": Kind.ACCOUNT, "seller": given["seller"]}
        writer = User.objects.filter(
            email__iexact=given["email"], left_at=None, staff_role=""
        ).first()
        if writer is not None and given["source"] == Source.LETTER:
            return {"kind": Kind.PEOPLE, "people": [writer]}
        return {"kind": Kind.OUTSIDER}
