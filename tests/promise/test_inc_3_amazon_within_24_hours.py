"""INC-3: “We notify Amazon at security@amazon.com within 24 hours of detecting a
security incident that involves Amazon Information.”"""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from compliance import clocks
from compliance.incidents.models import Incident
from compliance.incidents.services import arm
from plugseller.accounts.roles import StaffRole
from plugseller.shelves import Verdict
from tests.compliance.incidents.cases import opened
from tests.conftest import NOW, Cast, person
from tests.plugseller.jobs.test_outbox import Servers, free_port
from tests.plugseller.jobs.test_outbox import servers as servers_fixture
from tests.promise.controls import fails, found, passes, without_notices

pytestmark = pytest.mark.django_db
servers = servers_fixture
CLOCK, MAIL = "inc-3.clock", "inc-3.mail_path"
DUTY = "notice amazon"
HOUR = timedelta(hours=1)


def test_a_clock_that_ran_out_breaks_it() -> None:
    incident = uuid4()
    clocks.start(DUTY, incident, label="INC-2026-001", now=NOW)
    assert passes(CLOCK, NOW + 23 * HOUR)
    assert fails(CLOCK, NOW + 24 * HOUR)
    clocks.met(DUTY, incident, now=NOW + 25 * HOUR)
    assert passes(CLOCK, NOW + 25 * HOUR)


def test_so_does_one_that_waits_for_somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = clocks.DUTIES[DUTY]
    without_notices(monkeypatch)
    assert fails(CLOCK, NOW)
    handled = replace(alone, act=None)
    monkeypatch.setitem(clocks._duties, DUTY, handled)
    assert fails(CLOCK, NOW)


def test_in_production_it_is_a_remark_until_two_officers_armed_it(
    cast: Cast, settings: Any
) -> None:
    assert passes(CLOCK, NOW)  # nothing real can go from here
    settings.PRODUCTION = True
    clara = person("clara", staff_role=StaffRole.OFFICER)
    for officer in (cast.carl, clara):
        told = found(CLOCK, NOW)
        assert told.verdict == Verdict.WARN
        assert "a second officer has to arm that" in told.sentence
        arm(actor=officer, now=NOW)
    assert passes(CLOCK, NOW)


def test_a_drill_that_ran_late_is_a_remark_and_no_broken_promise(cast: Cast) -> None:
    involved = Incident.Involved.YES
    opened(cast.carl, NOW, is_drill=True, amazon=involved)
    assert passes(CLOCK, NOW + 23 * HOUR)
    for name in (CLOCK, "inc-2.notices", "inc-1.incidents"):
        assert found(name, NOW + 24 * HOUR).verdict == Verdict.WARN
    opened(cast.carl, NOW, amazon=involved)
    for name in (CLOCK, "inc-2.notices", "inc-1.incidents"):
        assert fails(name, NOW + 24 * HOUR)


def test_the_mail_server_is_asked_and_no_mail_is_sent(servers: Servers) -> None:
    postman = servers()
    assert passes(MAIL)
    assert postman.got == []


def test_one_that_does_not_answer_breaks_it(servers: Servers, settings: Any) -> None:
    servers()
    settings.EMAIL_PORT = free_port()
    assert fails(MAIL)
    assert found(MAIL).evidence["trouble"] == "ConnectionRefusedError"


def test_mails_that_become_files_are_a_remark_outside_of_production(
    settings: Any,
) -> None:
    assert found(MAIL).verdict == Verdict.WARN
    settings.PRODUCTION = True
    assert fails(MAIL)
