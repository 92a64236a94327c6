"""What is typed before anything is deleted."""

from typing import Any

from django import forms
from django.http import QueryDict

from compliance.deletion.choosing import Choice


class ChooseForm(forms.Form):
    """What to delete, of what there is; nothing is done yet."""

    what = forms.ChoiceField(label="What", widget=forms.RadioSelect)

    def __init__(self, sent: QueryDict | None, *, offered: list[Choice]) -> None:
        super().__init__(sent, label_suffix="")
        what: Any = self.fields["what"]
        what.choices = [(one.key, one.label) for one in offered]


class AskForm(forms.Form):
    """The word that shows that it is meant, and when it is to begin."""

    typed = forms.CharField(
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    at_once = forms.BooleanField(
        required=False,
        label="Begin at once. I can't take it back then.",
    )

    def __init__(self, sent: QueryDict | None, *, word: str, label: str) -> None:
        super().__init__(sent, label_suffix="")
        self._word = word
        self.fields["typed"].label = label

    def clean_typed(self) -> str:
        typed = str(self.cleaned_data["typed"]).strip()
        if typed.casefold() != self._word.casefold():
            raise forms.ValidationError(f"Type {self._word} to show that you mean it.")
        return typed


class AskAllForm(AskForm):
    """The same for a whole seller, whose asker may want to stay."""

    keep_mine = forms.BooleanField(
        required=False,
        initial=True,
        label="Keep my user account, so that I can sign in to fetch the certificate.",
    )


class TimeForm(forms.Form):
    """How many days something is kept; empty: as our rule says."""

    days = forms.IntegerField(required=False, min_value=1, max_value=10_000)
