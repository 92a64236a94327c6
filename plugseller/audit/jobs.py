"""What the timetable does for the log: seal it, prove it (ACC-2)."""

import logging
from datetime import datetime, timedelta

from django.db import DEFAULT_DB_ALIAS

from plugseller.audit import triggers
from plugseller.audit.checkpoints import sign_checkpoint
from plugseller.audit.models import Entry
from plugseller.audit.services import record
from plugseller.audit.verify import Verification, verify
from plugseller.shelves import periodic, vital

_VERIFIED_WITHIN = timedelta(days=3)

logger = logging.getLogger(__name__)


def check(now: datetime) -> Verification:
    """Verify the whole log and log what came of it; an error in the logs on a fault."""
    seen = verify()
    record(
        "audit.verified",
        rows=seen.entries,
        details={
            "whole": seen.is_whole,
            "faults": seen.faults,
            "first_bad": seen.first_bad,
            "witnessed_to": seen.witnessed_to,
        },
    )
    if not seen.is_whole:
        logger.error("The audit log isn't whole: run `manage.py verify_audit`.")
    return seen


def look(now: datetime) -> str:
    """What is wrong with the log, by its last verification and its triggers."""
    if triggers.missing(DEFAULT_DB_ALIAS):
        return "The database would let audit entries be changed. Run `migrate`."
    last = Entry.objects.filter(event="audit.verified").order_by("-timestamp").first()
    if last is None:
        return ""  # that it is owed, the timetable says
    if not last.additional_data["whole"]:
        return "The audit log isn't whole. Run `verify_audit`."
    if last.timestamp < now - _VERIFIED_WITHIN:
        return "The audit log hasn't been verified for three days."
    return ""


# Twice as often as promised: a tick may come late.
periodic("audit.checkpoint", every=timedelta(minutes=30), work=sign_checkpoint)
periodic(
    "audit.verify",
    every=timedelta(days=1),
    work=check,
    limit=timedelta(minutes=10),
)
vital("audit", "Audit log", look)
