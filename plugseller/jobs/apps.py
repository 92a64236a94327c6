from typing import Any

from django.apps import AppConfig
from django.core.management import call_command
from django.db import connections
from django.db.models.signals import post_migrate
from django.utils.module_loading import autodiscover_modules


class JobsConfig(AppConfig):
    name = "plugseller.jobs"
    label = "jobs"
    verbose_name = "Jobs"

    def ready(self) -> None:
        from django_q.signals import post_execute_in_worker, pre_execute

        from plugseller.jobs.signing import sign_apart

        sign_apart()
        autodiscover_modules("jobs")  # each app's timetable is in its own file
        pre_execute.connect(refuse_work_when_shut)
        post_execute_in_worker.connect(keep_no_values)
        post_migrate.connect(make_cache_table, sender=self)
        post_migrate.connect(put_timetable_into_queue, sender=self)


def refuse_work_when_shut(*, task: dict[str, Any], **_: Any) -> None:
    """A worker of the queue leaves a job where it is while the gate is shut.

    The worker ends by this and another one starts; the job, which nobody acknowledged,
    comes again. Raises GateShut.
    """
    from plugseller.custody.gate import refuse_when_shut

    if not task.get("sync"):  # done on the spot, by who passed the gate
        refuse_when_shut()


def keep_no_values(*, task: dict[str, Any], **_: Any) -> None:
    """What a job gave back isn't kept, and of an error only its kind: the package would
    keep and log the whole of both, with whatever was in it (ENC-3)."""
    if "success" in task:
        task["result"] = None if task["success"] else kind_of(str(task["result"]))


def kind_of(told: str) -> str:
    """The kind of an error, of which the package tells "text : traceback: text"."""
    text, _, traceback = told.partition(" : Traceback (most recent call last):\n")
    last = traceback.rstrip("\n").removesuffix(text.rstrip("\n")).rpartition("\n")[2]
    kind = last.rstrip(": ")
    return kind if kind.replace(".", "").isidentifier() else "an error"


def make_cache_table(*, using: str, **_: Any) -> None:
    """Django makes the shared cache's table by a command of its own, easily forgotten.

    Limits of sign-in and of the API count there, in all processes together.
    """
    call_command("createcachetable", database=using, verbosity=0)


def put_timetable_into_queue(*, using: str, **_: Any) -> None:
    """After each migration the queue ticks, so an operator can't forget it."""
    from plugseller.jobs.jobs import schedule

    if "django_q_schedule" in connections[using].introspection.table_names():
        schedule()
