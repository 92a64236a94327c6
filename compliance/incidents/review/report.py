"""What the printed report of an incident says (INC-1)."""

from datetime import datetime
from typing import Any

from compliance.incidents.affected.models import AffectedList
from compliance.incidents.containment.actions import BY_NAME
from compliance.incidents.containment.models import Measure
from compliance.incidents.evidence.models import EntryLink, EvidenceFile
from compliance.incidents.figures import figures_of
from compliance.incidents.models import Incident
from compliance.incidents.review.services import QUESTIONS, newest_review
from compliance.incidents.services import whole_timeline
from compliance.instants import seen_by
from compliance.tasks import Task
from plugseller.accounts.models import User
from plugseller.crypto.sealing import Unopenable


def report_of(incident: Incident, reader: User, *, with_words: bool) -> dict[str, Any]:
    """Everything but names and, unless asked for, what people wrote."""

    def at(instant: datetime | None) -> str:
        return seen_by(reader, instant)

    cases = incident.cases
    timeline = whole_timeline(incident)
    measures = Measure.objects.filter(incident__in=cases)
    evidence = EvidenceFile.objects.filter(incident__in=cases).defer("name")
    tasks = Task.objects.filter(source=Task.Source.INCIDENT, subject_id__in=cases)
    return {
        "with_words": with_words,
        "detected": at(incident.detected_at),
        "entered": at(incident.entered_at),
        "ended": at(incident.ended_at),
        "figures": figures_of(incident),
        "lists": [
            {"list": one, "at": at(one.computed_at), "sellers": len(one.sellers)}
            for one in AffectedList.objects.filter(incident__in=cases)
        ],
        "duties": [
            {"duty": one, "due": at(one.due_at), "met": at(one.met_at)}
            for one in incident.duties.all()
        ],
        "measures": [
            {
                "label": BY_NAME[one.kind].label,
                "at": at(one.begun_at),
                "ended": at(one.ended_at) if one.ended_by else "",
                "kept": at(one.kept_at) if one.stands else "",
            }
            for one in measures
        ],
        "evidence": [{"file": one, "at": at(one.added_at)} for one in evidence],
        "links": EntryLink.objects.filter(incident__in=cases),
        "tasks": [{"task": one, "due": at(one.due_at)} for one in tasks],
        "timeline": [
            {
                "entry": entry,
                "at": at(entry.at),
                "text": _words(entry.text) if with_words else "",
            }
            for entry in timeline
        ],
        "facts": _sorted(incident.facts) if with_words else [],
        "review": _answers(incident) if with_words else [],
    }


def _words(sealed: Any) -> str:
    if not sealed:
        return ""
    try:
        return str(sealed.reveal())
    except Unopenable:
        return "can't be opened any more"


def _sorted(sealed: Any) -> list[tuple[str, str]]:
    try:
        known = sealed.reveal() if sealed else {}
    except Unopenable:
        known = {"facts": "can't be opened any more"}
    return [(name.replace("_", " "), text) for name, text in known.items() if text]


def _answers(incident: Incident) -> list[tuple[str, str]]:
    found = newest_review(incident)
    if found is None:
        return []
    try:
        given = found.answers.reveal()
    except Unopenable:
        return [("Review", "can't be opened any more")]
    return [(QUESTIONS.get(name, name), text) for name, text in given.items() if text]
