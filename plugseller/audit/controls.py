"""Looks whether the log can still be trusted (ACC-2)."""

from datetime import datetime, timedelta

from django.db import DEFAULT_DB_ALIAS

from plugseller.audit import triggers
from plugseller.audit.models import Entry
from plugseller.audit.verify import verify_newest
from plugseller.shelves import Finding, Verdict, control

_WHOLE_WITHIN = timedelta(days=7)


def chain(now: datetime) -> Finding:
    """What was logged since the newest checkpoint, and the last walk over the whole."""
    newest = verify_newest()
    unguarded = len(triggers.missing(DEFAULT_DB_ALIAS))
    walks = Entry.objects.filter(event="audit.verified").order_by("-timestamp")
    last = walks.values_list("timestamp", "additional_data").first()
    figures: dict[str, int | float | bool | str] = {
        "entries looked at": newest.entries,
        "faults": newest.faults,
        "missing guards": unguarded,
        "head": newest.head,
        "whole log verified": last[0].isoformat() if last else "not yet",
        "was whole": bool(last[1].get("whole")) if last else "unknown",
    }
    if newest.faults or unguarded or (last and not last[1].get("whole")):
        sentence = "The log isn't as it was written, or could be changed unnoticed."
        return Finding(Verdict.FAIL, sentence, figures)
    if last and now - last[0] > _WHOLE_WITHIN:
        sentence = "The whole log hasn't been verified for more than a week."
        return Finding(Verdict.FAIL, sentence, figures)
    if last is None:
        sentence = "What was logged lately is whole; the whole log is verified soon."
        return Finding(Verdict.WARN, sentence, figures)
    return Finding(
        Verdict.PASS, "The log holds everything, as it was written.", figures
    )


control(
    "acc-2.chain",
    promise="ACC-2",
    label="Nothing in the log was altered or removed",
    look=chain,
)
