"""Mail: kept first, sealed, handed to a real server over TLS, tried again."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any
from uuid import uuid4

import pytest
import trustme
from aiosmtpd.controller import Controller
from django.db import connection, transaction
from django_q.models import OrmQ

from plugseller.crypto.services import destroy_data_key
from plugseller.jobs import outbox
from plugseller.jobs.models import OutgoingMail
from plugseller.shelves import HOLDINGS

TO, SUBJECT, TEXT = "canary@example.test", "Canary subject", "Your code: CANARY-77"


class Postman:
    """A mail server that keeps what it got; refuses, or answers late, on order."""

    def __init__(self) -> None:
        self.got: list[Any] = []
        self.says = "250 OK"
        self.late_for = ""  # the address whose mail it takes, and answers when it may
        self.may_answer = Event()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.says.startswith("250"):
            self.got.append((envelope, session.ssl))
        if self.late_for in envelope.rcpt_tos:
            await asyncio.to_thread(self.may_answer.wait, 20)
        return self.says


Servers = Callable[..., Postman]


@pytest.fixture
def servers(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Servers]:
    """Starts a mail server and makes the outbox use it."""
    running = []
    ours = trustme.CA()
    ours.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))

    def start(*, tls: bool = True, known: bool = True, name: str = "localhost") -> Any:
        context = None
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            issuer = ours if known else trustme.CA()
            issuer.issue_cert(name).configure_cert(context)
        postman = Postman()
        controller = Controller(
            postman, hostname="localhost", port=free_port(), tls_context=context
        )
        controller.start()
        running.append(controller)
        settings.EMAIL_BACKEND = "plugseller.jobs.smtp.EmailBackend"
        settings.EMAIL_HOST = "localhost"
        settings.EMAIL_PORT = controller.port
        settings.EMAIL_USE_TLS = True
        return postman

    yield start
    for controller in running:
        controller.stop()


def free_port() -> int:
    with socket.create_server(("localhost", 0)) as door:
        return int(door.getsockname()[1])


def post(now: datetime, **more: Any) -> OutgoingMail:
    given: dict[str, Any] = {"to": TO, "subject": SUBJECT, "text": TEXT, "now": now}
    return outbox.post(**(given | more))


@pytest.mark.django_db
def test_a_mail_reaches_the_server_over_tls_and_is_said_to(
    servers: Servers, now: datetime
) -> None:
    postman = servers()
    kept = post(now)
    assert outbox.send_due(now) == 1
    [(envelope, tls)] = postman.got
    assert tls is not None
    assert envelope.rcpt_tos == [TO]
    assert b"CANARY-77" in envelope.content
    assert kept.message_id.encode() in envelope.content
    kept.refresh_from_db()
    assert (kept.state, kept.done_at) == (OutgoingMail.State.ACCEPTED, now)
    assert outbox.send_due(now + timedelta(days=1)) == 0
    assert len(postman.got) == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    "bad", [{"tls": False}, {"known": False}, {"name": "other.example"}]
)
def test_a_server_that_cannot_prove_itself_gets_nothing(
    servers: Servers, now: datetime, bad: dict[str, Any]
) -> None:
    postman = servers(**bad)
    kept = post(now)
    assert outbox.send_due(now) == 0
    assert postman.got == []
    kept.refresh_from_db()
    assert kept.state == OutgoingMail.State.QUEUED
    assert kept.try_at > now


@pytest.mark.django_db
def test_a_refused_mail_is_tried_again_later_and_later_and_then_given_up(
    servers: Servers, now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    postman = servers()
    postman.says = "451 Not now, CANARY-ANSWER"
    kept = post(now)
    moments = []
    while True:
        outbox.send_due(now)
        kept.refresh_from_db()
        if kept.state != OutgoingMail.State.QUEUED:
            break
        moments.append(kept.try_at - now)
        assert outbox.send_due(kept.try_at - timedelta(seconds=1)) == 0
        now = kept.try_at
    assert kept.state == OutgoingMail.State.FAILED
    assert moments == sorted(moments)
    assert moments[0] == timedelta(minutes=1)
    assert kept.trouble == "SMTPDataError"
    assert "canary" not in caplog.text.lower()
    assert str(kept.pk) in caplog.text


@pytest.mark.django_db
def test_what_a_mail_says_and_to_whom_is_sealed_and_no_job_holds_it(
    now: datetime,
) -> None:
    with transaction.atomic():
        post(now, owner=uuid4())
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM jobs_outgoingmail")
        everything = repr(
            [
                bytes(v) if isinstance(v, memoryview) else v
                for row in cursor.fetchall()
                for v in row
            ]
        )
    assert "canary" not in everything.lower()
    assert "canary" not in str([job.task for job in OrmQ.objects.all()]).lower()


@pytest.mark.django_db
def test_a_mail_goes_with_whom_it_concerns(servers: Servers, now: datetime) -> None:
    postman, person = servers(), uuid4()
    kept = post(now, owner=person)
    destroy_data_key(person)
    assert outbox.send_due(now) == 0
    kept.refresh_from_db()
    assert kept.state == OutgoingMail.State.FAILED
    assert postman.got == []


@pytest.mark.django_db
def test_a_change_that_is_undone_sends_nothing(now: datetime) -> None:
    with transaction.atomic():
        post(now)
        transaction.set_rollback(True)
    assert not OutgoingMail.objects.exists()


@pytest.mark.django_db
def test_nothing_breaks_out_of_a_headline(servers: Servers, now: datetime) -> None:
    postman = servers()
    post(now, subject="Hello\r\nBcc: evil@example.test")
    outbox.send_due(now)
    [(envelope, _)] = postman.got
    assert envelope.rcpt_tos == [TO]
    assert b"\nBcc:" not in envelope.content


@pytest.mark.django_db
def test_mails_are_kept_for_a_while_and_then_no_longer(now: datetime) -> None:
    done = post(now)
    OutgoingMail.objects.filter(pk=done.pk).update(state="accepted", done_at=now)
    waiting = post(now)
    store = HOLDINGS["jobs.OutgoingMail"].store
    assert store.purge(now, at_most=9) == 0
    assert store.purge(now + timedelta(seconds=1), at_most=9) == 1
    assert OutgoingMail.objects.get() == waiting
