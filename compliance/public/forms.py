"""What the public may ask."""

import re

from django import forms
from django.core.validators import RegexValidator

_FORM = re.compile(r"DEL-[0-9A-Z]{4}-[0-9A-Z]{4}")


class CheckForm(forms.Form):
    """The reference of a certificate, however it was typed."""

    reference = forms.CharField(
        label="Reference",
        max_length=40,
        help_text="It stands at the top of the certificate: DEL-XXXX-XXXX.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, sent: object = None) -> None:
        super().__init__(sent, label_suffix="")  # type: ignore[arg-type]  # of a request, or a dict

    def clean_reference(self) -> str:
        typed = str(self.cleaned_data["reference"]).upper().replace(" ", "")
        RegexValidator(
            rf"\A{_FORM.pattern}\Z", "A reference looks like DEL-7K3M-Q9XT."
        )(typed)
        return typed
