"""What this room and Django's own tables of work hold."""

from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from django_q.models import OrmQ, Schedule, Task

from plugseller.crypto.sealing import Unopenable
from plugseller.custody.erasers import Mentioning, hold_machine, hold_table
from plugseller.jobs.models import Beat, ClockReading, Lease, OutgoingMail, Run
from plugseller.jobs.stores import MailFiles, RedisQueue, SharedCache
from plugseller.shelves import DataClass, Holding, Scope, Store, hold

PERSONAL, OPERATIONAL = DataClass.PERSONAL, DataClass.OPERATIONAL


class Mails(Mentioning):
    """Mails of the erased, and mails to others that speak of them.

    Those of the request itself are left: they tell that it was carried out, and go
    with its key.
    """

    def of(self, scope: Scope) -> QuerySet[Any]:
        return super().of(scope).exclude(owner=scope.request_id)


def _words(row: Any) -> list[object]:
    """Every argument of a job, and what came of it: a failure's text may quote it."""
    if isinstance(row, OrmQ):
        return list(row.task.values())  # of a package nobody can open: its fault
    return [row.name, row.group, row.args, row.kwargs, row.result]


def _content(mail: OutgoingMail) -> list[object]:
    """What a mail says, and to whom; nothing once its key is gone."""
    try:
        return list(mail.content.reveal().values())
    except Unopenable:
        return []


def _place(name: str, label: str, store: Store, **more: Any) -> None:
    """Register what is no model's table."""
    hold(Holding(name=name, label=label, store=store, **more))


hold_table(
    OutgoingMail,
    "Mails sent",
    data_class=PERSONAL,
    rule="mail",
    rank=30,
    store=Mails(
        OutgoingMail, told=_content, seller="owner", people=["owner"], age="done_at"
    ),
)
_place(
    "mail files",
    "Mails written to files, where there is no mail server",
    MailFiles(),
    data_class=PERSONAL,
    rule="mail",
    rank=31,
)
hold_table(
    OrmQ,
    "Jobs that wait",
    data_class=OPERATIONAL,
    rule="job_results",
    rank=30,
    store=Mentioning(OrmQ, told=_words, age="lock"),
)
_place(
    "queue in Redis",
    "Jobs that wait, where Redis is the queue",
    RedisQueue(),
    data_class=OPERATIONAL,
    rule="job_results",
    rank=30,
)
hold_table(
    Task,
    "Results of jobs",
    data_class=OPERATIONAL,
    rule="job_results",
    rank=30,
    store=Mentioning(Task, told=_words, age="stopped"),
)
hold_table(
    Lease,
    "Who is at which work",
    data_class=OPERATIONAL,
    rule="machine",
    rank=93,
    store=Mentioning(Lease, told=lambda lease: [lease.name]),
)
_place(
    "caches",
    "Counters of limits and of pages, in the shared cache",
    SharedCache(),
    data_class=OPERATIONAL,
    rule="counters",
    rank=93,
)
hold_table(
    Run,
    "History of jobs",
    data_class=OPERATIONAL,
    rule="job_results",
    rank=0,
    stays="It holds nothing of a seller or a person.",
    age="started_at",
)
hold_machine(Beat, ClockReading, ContentType, Schedule)
