"""What staff write when they ask for access to a seller."""

from typing import Any

from django import forms

from plugseller.accounts.models import Seller
from plugseller.accounts.models.grants import MOST_HOURS
from plugseller.accounts.roles import GRANTABLE


class BreakGlassForm(forms.Form):
    """Which seller, what of it, and why."""

    seller = forms.SlugField(
        label="Seller", help_text="Its short name, as in its addresses."
    )
    permissions = forms.MultipleChoiceField(
        label="What you need to see",
        choices=[(right.value, right.label) for right in GRANTABLE],
        widget=forms.CheckboxSelectMultiple,
    )
    reason = forms.CharField(
        label="Why",
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="The seller reads it. Write no names and no personal data.",
    )

    def clean_seller(self) -> Seller:
        found = Seller.objects.filter(slug=self.cleaned_data["seller"]).first()
        if found is None:
            raise forms.ValidationError("No seller has this short name.")
        return found


class AskForm(BreakGlassForm):
    """The same, with the ticket and for how long."""

    ticket = forms.CharField(
        label="Ticket", max_length=100, help_text="In which the seller or we asked."
    )
    hours = forms.IntegerField(
        label="For how many hours",
        min_value=1,
        max_value=MOST_HOURS,
        initial=2,
        help_text=f"At most {MOST_HOURS}. They begin when another officer approves.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order_fields(["seller", "permissions", "reason", "ticket", "hours"])
