"""Who is barred from a case hears of it nowhere: not by its clocks, not in the audit
log, not in the reviews of the logs (INC-1)."""

from collections.abc import Iterable
from itertools import chain
from uuid import UUID

from compliance import clocks, reviewing
from compliance.clocks import Deadline
from compliance.incidents.casework import NoticeDuty
from compliance.incidents.detection.models import Detection
from compliance.incidents.services.people import hidden_from
from compliance.tasks import Task
from plugseller.accounts.models import User
from plugseller.audit import hiding
from plugseller.crypto.models import DataKey


def hidden_clocks(reader: User) -> list[UUID]:
    """Notices and tasks of cases that the person is barred from."""
    return _counted(hidden_from(reader))


def _counted(cases: list[UUID]) -> list[UUID]:
    """What clocks run for."""
    notices = NoticeDuty.objects.filter(incident__in=cases).values_list("pk", flat=True)
    tasks = Task.objects.filter(subject_id__in=cases).values_list("pk", flat=True)
    return [*notices, *tasks]


def hidden_subjects(reader: User) -> list[UUID]:
    """Everything of such a case that an entry can be about."""
    cases = hidden_from(reader)
    if not cases:
        return []
    counted = _counted(cases)
    running = Deadline.objects.filter(subject_id__in=counted)
    keys = DataKey.objects.filter(owner__in=cases)  # by which their words are sealed
    more = (found.values_list("pk", flat=True) for found in (running, keys))
    return [*cases, *counted, *chain.from_iterable(more)]


def hidden_findings(reader: User) -> Iterable[str]:
    """What rules found in such cases, as the reviews of the logs name it."""
    found = Detection.objects.filter(incident__in=hidden_from(reader))
    return [str(pk) for pk in found.values_list("pk", flat=True)]


clocks.hide(hidden_clocks)
hiding.hide(hidden_subjects)
reviewing.hide(hidden_findings)
