"""What officers fill in at the desk for incidents. Times are in UTC.

No form shows a sealed value: what is left empty stays as it was.
"""

from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone

from compliance.incidents.drafts import FACTS
from compliance.incidents.models import Incident
from compliance.incidents.services.people import those_who_work_on
from compliance.incidents.services.timeline import LONGEST_TEXT
from compliance.incidents.services.triage import MARKETPLACES
from plugseller.accounts.models import User
from plugseller.shelves import DataClass

_EXAMPLE = "In UTC. Example: 2026-11-24 09:30"
_FACT_LABELS = {
    "what": "What happened",
    "window": "Time window",
    "entry_path": "Way in",
    "containment": "Containment done",
    "root_cause": "Cause",
}
_KINDS = [(one.value, one.value.capitalize()) for one in DataClass]
_SHOPS = [(name, name.title()) for name in MARKETPLACES]


class AboutForm(forms.Form):
    """A form about one incident."""

    def __init__(self, *args: Any, incident: Incident, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.incident = incident


class NothingForm(AboutForm):
    """A button that needs nothing but itself."""


class ReasonForm(AboutForm):
    why = forms.CharField(
        label="Why",
        max_length=LONGEST_TEXT,
        widget=forms.Textarea,
        help_text="It is sealed.",
    )


class OpenForm(forms.Form):
    """A new incident, in under a minute."""

    title = forms.CharField(
        label="Title", max_length=200, help_text="Short, and without anybody's name."
    )
    detected_at = forms.DateTimeField(
        label="Detected (UTC)",
        required=False,
        help_text="When we first noticed, suspected or certain: the 24 hours count "
        "from then. Empty for now. Example: 2026-11-24 09:30",
    )
    detected_by = forms.ChoiceField(
        label="How it was detected", choices=Incident.Detected.choices
    )
    kind = forms.ChoiceField(
        label="Kind", choices=Incident.Kind.choices, initial=Incident.Kind.UNKNOWN
    )
    severity = forms.ChoiceField(
        label="Severity",
        choices=Incident.Severity.choices,
        initial=Incident.Severity.MEDIUM,
    )
    what = forms.CharField(
        label="What happened",
        required=False,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea,
        help_text="Stands in the notices: no names, no keys.",
    )
    is_drill = forms.BooleanField(
        label="A drill", required=False, help_text="Everything runs, for nobody real."
    )


class KnowForm(AboutForm):
    """What is known now. A text that is left empty stays as it was."""

    title = forms.CharField(label="Title", max_length=200)
    kind = forms.ChoiceField(label="Kind", choices=Incident.Kind.choices)
    severity = forms.ChoiceField(label="Severity", choices=Incident.Severity.choices)
    marketplaces = forms.MultipleChoiceField(
        label="Marketplaces",
        required=False,
        choices=_SHOPS,
        widget=forms.CheckboxSelectMultiple,
        help_text="Whose data is involved. None ticked: not known yet.",
    )
    data_kinds = forms.MultipleChoiceField(
        label="Kinds of data",
        required=False,
        choices=_KINDS,
        widget=forms.CheckboxSelectMultiple,
    )
    amazon_is_involved = forms.BooleanField(
        label="Amazon Information is certainly involved", required=False
    )

    def __init__(self, *args: Any, incident: Incident, **kwargs: Any) -> None:
        stands = {
            "title": incident.title,
            "kind": incident.kind,
            "severity": incident.severity,
            "marketplaces": incident.marketplaces,
            "data_kinds": incident.data_kinds,
            "amazon_is_involved": incident.amazon == Incident.Involved.YES,
        }
        super().__init__(*args, incident=incident, initial=stands, **kwargs)
        for name in FACTS:
            self.fields[name] = forms.CharField(
                label=_FACT_LABELS[name],
                required=False,
                max_length=LONGEST_TEXT,
                widget=forms.Textarea(attrs={"rows": 3}),
                help_text="Empty: stays as it is.",
            )

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        return {k: v for k, v in given.items() if k not in FACTS or v}


class EarlierForm(ReasonForm):
    detected_at = forms.DateTimeField(label="Detected at", help_text=_EXAMPLE)


class FactForm(AboutForm):
    at = forms.DateTimeField(label="When it happened", help_text=_EXAMPLE)
    text = forms.CharField(
        label="What happened",
        max_length=LONGEST_TEXT,
        widget=forms.Textarea,
        help_text="It is sealed.",
    )


class ProofForm(AboutForm):
    at = forms.DateTimeField(label="When", help_text=_EXAMPLE)
    proof = forms.CharField(
        label="How, to whom, and what proves it",
        max_length=LONGEST_TEXT,
        widget=forms.Textarea,
        help_text="It is sealed.",
    )


class OfficerForm(AboutForm):
    """One of those who work on the case."""

    lead = forms.ChoiceField(label="Who")

    def __init__(self, *args: Any, incident: Incident, **kwargs: Any) -> None:
        super().__init__(*args, incident=incident, **kwargs)
        there = those_who_work_on(incident)
        choice: Any = self.fields["lead"]
        choice.choices = [(str(one.pk), one.email) for one in there]

    def clean_lead(self) -> User:
        return User.objects.get(pk=self.cleaned_data["lead"])


class BarForm(ReasonForm):
    person = forms.EmailField(
        label="E-mail address", help_text="They no longer see the case from then on."
    )

    def clean_person(self) -> User:
        found = User.objects.filter(email__iexact=self.cleaned_data["person"]).first()
        if found is None:
            raise forms.ValidationError("Nobody here has this address.")
        return found


class UnbarForm(ReasonForm):
    person_id = forms.TypedChoiceField(label="Who", coerce=str)

    def __init__(self, *args: Any, incident: Incident, **kwargs: Any) -> None:
        super().__init__(*args, incident=incident, **kwargs)
        people = User.objects.filter(pk__in=incident.barred).order_by("email")
        choice: Any = self.fields["person_id"]
        choice.choices = [(str(one.pk), one.email) for one in people]


class MergeForm(ReasonForm):
    into = forms.CharField(
        label="Into", max_length=20, help_text="Its reference. Example: INC-2026-00014"
    )

    def clean_into(self) -> Incident:
        reference = self.cleaned_data["into"].strip().upper()
        found = Incident.objects.filter(reference=reference).first()
        if found is None:
            raise forms.ValidationError("There is no such incident.")
        return found


class SplitForm(ReasonForm):
    title = forms.CharField(label="Title of the new case", max_length=200)


class TaskForm(OfficerForm):
    title = forms.CharField(
        label="What is to be done", max_length=200, help_text="Without anybody's name."
    )
    due_at = forms.DateTimeField(label="Until", help_text=_EXAMPLE)
    field_order = ["title", "due_at", "lead"]

    def clean_due_at(self) -> datetime:
        due: datetime = self.cleaned_data["due_at"]
        if due <= timezone.now():
            raise forms.ValidationError("Choose a time that is still to come.")
        return due


class NoticeForm(forms.Form):
    """The words of a notice that isn't sent yet."""

    subject = forms.CharField(label="Subject", max_length=200)
    text = forms.CharField(
        label="Text",
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 24, "cols": 90}),
        strip=False,
    )


class ReadForm(forms.Form):
    """The notice was read as it stands."""

    sha256 = forms.CharField(widget=forms.HiddenInput, max_length=64)
