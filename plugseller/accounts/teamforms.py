"""What is typed in about teams and sellers."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from plugseller.accounts.models import known_zones
from plugseller.accounts.roles import PERMISSIONS, Role

ROLES = [(role, [right.label for right in PERMISSIONS[role]]) for role in Role]
"""Each role and what it may do, in words."""


_REGIONS = (
    *("Africa/", "America/", "Antarctica/", "Arctic/", "Asia/", "Atlantic/"),
    *("Australia/", "Europe/", "Indian/", "Pacific/", "UTC"),
)


def _zones() -> list[tuple[str, str]]:
    """Places, without second names of the same and names that say nothing: Factory."""
    return [(zone, zone) for zone in sorted(known_zones()) if zone.startswith(_REGIONS)]


class InviteForm(forms.Form):
    email = forms.EmailField(
        max_length=254,
        label="E-mail address",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    role = forms.TypedChoiceField(
        choices=Role.choices, coerce=Role, initial=Role.VIEWER, label="Role"
    )


class RoleForm(forms.Form):
    role = forms.TypedChoiceField(choices=Role.choices, coerce=Role, label="New role")


class SellerForm(forms.Form):
    """A seller somebody makes for themself."""

    name = forms.CharField(max_length=150, label="Name")
    slug = forms.SlugField(
        required=False,
        max_length=60,
        label="Short name",
        help_text="Stands in addresses: letters from a to z, digits, dashes. Leave it "
        "empty and we make one from the name.",
    )
    time_zone = forms.ChoiceField(
        choices=_zones,
        label="Time zone",
        help_text="Days on pages and in files begin at midnight there.",
    )

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if not name.isprintable():
            raise ValidationError("A name is one line of text.")
        return name

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"]
        return slug.lower()


def tell(form: forms.BaseForm, refusal: ValidationError) -> None:
    """Say on the form why the service refused."""
    told: Any = refusal.message_dict if hasattr(refusal, "error_dict") else {}
    for name, texts in told.items():
        form.add_error(name if name in form.fields else None, texts)
    if not told:
        form.add_error(None, refusal)
