"""What this room and Django's own tables of work hold."""

from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from django_q.models import OrmQ, Schedule, Task

from plugseller.custody.erasers import Rows, hold_machine, hold_table
from plugseller.jobs.models import Beat, Lease, OutgoingMail, Run
from plugseller.shelves import DataClass, Scope

hold_table(
    OutgoingMail,
    "Mails sent",
    data_class=DataClass.PERSONAL,
    rule="mail",
    rank=30,
    seller="owner",
    people=["owner"],
    age="done_at",
)
hold_table(
    Run,
    "History of jobs",
    data_class=DataClass.OPERATIONAL,
    rule="job_results",
    rank=0,
    stays="It holds nothing of a seller or a person.",
    age="started_at",
)
hold_machine(Beat, ContentType, Lease, Schedule)


class Named(Rows):
    """Rows of the queue, whose arguments are ids packed by the library."""

    def of(self, scope: Scope) -> QuerySet[Any]:
        wanted = {str(one) for one in scope.ids}
        named = [row.pk for row in self._all() if wanted & _words(row)]
        return self._all().filter(pk__in=named)


def _words(row: Any) -> set[str]:
    """Every argument of a job, as text."""
    task = row.task() if isinstance(row, OrmQ) else None
    args = task["args"] if task else row.args
    kwargs = task["kwargs"] if task else row.kwargs
    return {str(word) for word in (*(args or ()), *(kwargs or {}).values())}


hold_table(
    OrmQ,
    "Jobs that wait",
    data_class=DataClass.OPERATIONAL,
    rule="job_results",
    rank=30,
    store=Named(OrmQ),
)
hold_table(
    Task,
    "Results of jobs",
    data_class=DataClass.OPERATIONAL,
    rule="job_results",
    rank=30,
    store=Named(Task, age="stopped"),
)
