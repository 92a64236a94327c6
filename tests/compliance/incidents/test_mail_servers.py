"""INC-3: mail servers that are down, slow, and back: each notice arrives, none becomes
another one, and while one is stuck everybody who can act hears of it."""

from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from compliance import clocks
from compliance.incidents.casework import Notice, Sending
from compliance.incidents.services.selfsending import watch
from plugseller.accounts.models import User
from plugseller.jobs.health import troubles
from plugseller.jobs.models import OutgoingMail
from tests.compliance.incidents.cases import deliver, duty_of, mails, opened, sent_by
from tests.conftest import NOW, Cast, signed_in
from tests.plugseller.jobs.test_outbox import Postman, Servers

pytestmark = pytest.mark.django_db
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
REAL = "security@amazon.com"
HOUR_22 = NOW + 22 * HOUR
NOBODY_LISTENS = 1  # a port


def copies(postman: Postman) -> list[bytes]:
    """What that server holds for Amazon."""
    return [one.content for one, _ in postman.got if REAL in one.rcpt_tos]


def test_a_mail_server_that_is_down_is_tried_until_it_is_back_and_it_is_said(
    cast: Cast,
    production: Any,
    servers: Servers,
    armed: None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    postman = servers()
    port = production.EMAIL_PORT
    production.EMAIL_PORT = NOBODY_LISTENS
    duty = duty_of(opened(cast.carl, NOW))
    now = HOUR_22
    clocks.run_due(now)
    for _ in range(40):
        deliver(now)
        watch(now)
        mail = OutgoingMail.objects.get(urgent=True)
        assert mail.state == OutgoingMail.State.QUEUED
        assert mail.try_at - now <= 5 * MINUTE
        now = mail.try_at
    assert now > NOW + 24 * HOUR
    clocks.run_due(now)
    assert any(told["subject"].startswith("OVERDUE") for told in mails())
    assert "no mail server takes" in caplog.text
    assert {one.levelname for one in caplog.records if "takes" in one.message} == {
        "CRITICAL"
    }
    production.EMAIL_PORT = port
    deliver(now)
    watch(now)
    duty.refresh_from_db()
    assert duty.met_at == now
    assert duty.was_late  # and shown so
    assert len(copies(postman)) == 1


def status(capsys: Any) -> tuple[int, str]:
    """How `check_deadlines` ends, and what it shows of the notice to Amazon."""
    code = 0
    try:
        call_command("check_deadlines")
    except SystemExit as ended:
        code = int(str(ended.code))
    rows = capsys.readouterr().out.splitlines()
    return code, next((row for row in rows if "notice amazon" in row), "")


def test_a_notice_that_is_stuck_is_said_loudly_long_before_it_is_due(
    cast: Cast, clara: User, production: Any, servers: Servers, capsys: Any
) -> None:
    """By the status of the command, the banner of the desk, and `/healthz`."""
    postman, now = servers(), timezone.now()
    incident = opened(cast.carl, now - HOUR)
    sent_by(cast.carl, duty_of(incident), now)
    code, shown = status(capsys)
    assert (code, "in time" in shown) == (0, True)  # it only just left
    port = production.EMAIL_PORT
    production.EMAIL_PORT = NOBODY_LISTENS
    deliver(now)
    watch(now)
    code, shown = status(capsys)
    assert code == 1
    assert "in time" in shown  # 23 hours are left
    assert "didn't leave" in shown
    for officer in (cast.carl, clara):
        page = signed_in(officer).get("/admin/accounts/user/").text
        assert f"{incident.reference}: no mail server takes the notice" in page
    assert "no mail server" not in signed_in(cast.olga).get("/admin/").text
    told = {sign.name: sign.trouble for sign in troubles(now)}
    assert told["incidents"].startswith("1 need somebody now")
    production.EMAIL_PORT = port
    deliver(now + MINUTE)
    watch(now + MINUTE)
    assert status(capsys)[0] == 0
    page = signed_in(cast.carl).get("/admin/accounts/user/").text
    assert "no mail server" not in page
    assert "incidents" not in {sign.name for sign in troubles(now)}
    assert len(copies(postman)) == 1


def test_the_second_mail_server_takes_what_the_first_does_not(
    cast: Cast, production: Any, servers: Servers
) -> None:
    postman = servers()
    production.SECOND_MAIL_HOST = "localhost"
    production.SECOND_MAIL_PORT = production.EMAIL_PORT
    production.EMAIL_PORT = NOBODY_LISTENS
    duty = duty_of(opened(cast.carl, NOW))
    sent_by(cast.carl, duty, NOW)
    deliver(NOW)
    watch(NOW)
    assert [one.rcpt_tos for one, _ in postman.got] == [[REAL]]
    assert Sending.objects.get().answer == "250 OK"


def too_late(production: Any, postman: Postman, step: Callable[[], object]) -> None:
    """The server has the mail, and says so only after nobody listens any more."""
    postman.late_for, production.EMAIL_TIMEOUT = REAL, 1
    step()
    postman.late_for, production.EMAIL_TIMEOUT = "", 20
    postman.may_answer.set()


def test_a_server_that_answers_too_late_gets_the_same_mail_again_and_no_other(
    cast: Cast, production: Any, servers: Servers, armed: None
) -> None:
    """Twice is better than never (INC-3); the recipient sees one notice, twice."""
    postman = servers()
    incident = opened(cast.carl, NOW)
    clocks.run_due(HOUR_22)
    too_late(production, postman, lambda: deliver(HOUR_22))
    assert len(copies(postman)) == 1  # it was taken, and we don't know
    watch(HOUR_22)
    sending = Sending.objects.get()
    assert sending.state == Sending.State.QUEUED
    assert sending.trouble == "SMTPServerDisconnected"
    assert duty_of(incident).met_at is None  # nothing proves it
    for minutes in range(1, 5):
        now = HOUR_22 + minutes * MINUTE
        clocks.run_due(now)
        deliver(now)
        watch(now)
    first, second = copies(postman)
    assert first == second  # each header and each word
    sending.refresh_from_db()
    assert sending.state == Sending.State.ACCEPTED
    assert message_from_bytes(first)["Message-ID"] == sending.message_id
    assert duty_of(incident).met_at == HOUR_22 + MINUTE
    assert OutgoingMail.objects.get(urgent=True).attempts == 2
    assert Notice.objects.count() == 1


def test_what_the_second_server_got_after_a_late_answer_is_the_same_mail(
    cast: Cast, production: Any, servers: Servers
) -> None:
    slow = servers()
    production.SECOND_MAIL_HOST = "localhost"
    slow_port = production.EMAIL_PORT
    second = servers()
    production.SECOND_MAIL_PORT, production.EMAIL_PORT = (
        production.EMAIL_PORT,
        slow_port,
    )
    duty = duty_of(opened(cast.carl, NOW))
    sent_by(cast.carl, duty, NOW)
    too_late(production, slow, lambda: deliver(NOW))
    watch(NOW)
    assert copies(slow) == copies(second)
    assert len(copies(slow)) == 1
    assert Sending.objects.get().state == Sending.State.ACCEPTED
    assert duty_of(duty.incident).met_at == NOW
