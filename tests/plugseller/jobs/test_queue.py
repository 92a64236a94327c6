"""Of a job that failed its kind is kept and logged, and no value it held (ENC-3)."""

import logging
import queue
from multiprocessing import Value
from typing import Any

import pytest
from django_q.models import Task
from django_q.monitor import monitor
from django_q.tasks import async_task
from django_q.worker import worker

pytestmark = pytest.mark.django_db
SECRET = "alice@example.test"


def fails(said: str) -> None:
    raise LookupError(said)


def tells(said: str) -> str:
    return said


def done(function: str, said: str, monkeypatch: Any) -> Task:
    """The record of a job that a worker of the queue has done."""
    monkeypatch.setattr("django_q.worker.close_old_django_connections", lambda: None)
    monkeypatch.setattr("django_q.monitor.close_old_django_connections", lambda: None)
    asked: Any = queue.Queue()
    answered: Any = queue.Queue()
    monkeypatch.setattr(
        "django_q.brokers.orm.ORM.enqueue", lambda self, task: asked.put(task)
    )
    async_task(f"tests.plugseller.jobs.test_queue.{function}", said)
    from django_q.signing import SignedPackage

    task = SignedPackage.loads(asked.get())
    asked.put(task)
    asked.put("STOP")
    worker(asked, answered, Value("f", -1), 60)
    answered.put("STOP")
    monitor(answered)
    return Task.objects.get()


@pytest.mark.parametrize("said", [SECRET, f"one\n{SECRET}", f"x : y\n\n{SECRET}\n", ""])
def test_a_failure_keeps_its_kind(said: str, monkeypatch: Any, caplog: Any) -> None:
    caplog.set_level(logging.DEBUG)
    kept = done("fails", said, monkeypatch)
    assert (kept.success, kept.result) == (False, "LookupError")
    assert SECRET not in caplog.text


def test_what_a_job_gave_back_is_not_kept(monkeypatch: Any, caplog: Any) -> None:
    caplog.set_level(logging.DEBUG)
    kept = done("tells", SECRET, monkeypatch)
    assert (kept.success, kept.result) == (True, None)
    assert SECRET not in caplog.text
