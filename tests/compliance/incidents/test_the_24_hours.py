"""INC-3: warned at 12, 6 and 3 hours, and two hours before the end the notice goes by
itself, once, whoever is at work and whatever is down."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections

from compliance import clocks
from compliance.checking import check_clocks
from compliance.incidents.casework import Arming, Decision, Notice, NoticeDuty, Sending
from compliance.incidents.models import Incident
from compliance.incidents.services import (
    IncidentRefused,
    arm,
    ask_decision,
    bar,
    disarm,
    edit_notice,
    is_armed,
    report_suspicion,
    sign,
)
from compliance.incidents.services.selfsending import alarms, send_by_itself, watch
from plugseller.accounts.models import User
from plugseller.audit.models import Entry
from plugseller.jobs.health import troubles
from tests.compliance.incidents.cases import (
    deliver,
    duty_of,
    mails,
    notices_to,
    opened,
    sent_by,
)
from tests.conftest import NOW, Cast
from tests.plugseller.jobs.test_outbox import Servers

pytestmark = pytest.mark.django_db
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
REAL, DRILL = "security@amazon.com", "drill@localhost"
HOUR_22 = NOW + 22 * HOUR


def warnings_to(person: User) -> list[str]:
    told = [one["subject"] for one in mails() if one["to"] == person.email]
    return [one for one in told if "left: " in one and "Amazon" in one]


def test_every_officer_is_warned_three_times_each_once(cast: Cast, clara: User) -> None:
    opened(cast.carl, NOW)
    for hours in (11, 12, 13, 18, 18.5, 21, 21.9):
        clocks.run_due(NOW + hours * HOUR)
        clocks.run_due(NOW + hours * HOUR)
    for officer in (cast.carl, clara):
        left = [subject.split(" left")[0] for subject in warnings_to(officer)]
        assert left == ["12 hours", "6 hours", "3 hours"]
    assert warnings_to(cast.olga) == []


def test_who_is_barred_is_not_warned(cast: Cast, clara: User) -> None:
    incident = opened(cast.carl, NOW)
    bar(actor=cast.carl, incident=incident, person=clara, why="Perhaps.", now=NOW)
    clocks.run_due(NOW + 12 * HOUR)
    assert warnings_to(clara) == []
    assert len(warnings_to(cast.carl)) == 1


def test_at_hour_22_it_goes_by_itself_once_with_the_facts_on_file(
    cast: Cast, production: Any, servers: Servers, armed: None
) -> None:
    postman = servers()
    incident = opened(cast.carl, NOW, what="A key lay in a public place.")
    clocks.run_due(HOUR_22 - MINUTE)
    watch(HOUR_22 - MINUTE)
    assert notices_to(REAL) == []
    for minutes in range(4):
        now = HOUR_22 + minutes * MINUTE
        clocks.run_due(now)
        deliver(now)
        watch(now)
    assert [one.rcpt_tos for one, _ in postman.got if REAL in one.rcpt_tos] == [[REAL]]
    notice = Notice.objects.get()
    assert notice.went_by_itself
    assert "A key lay" in notice.content.reveal()["text"]
    duty = duty_of(incident)
    assert duty.met_at == HOUR_22
    assert not duty.was_late
    assert incident.timeline.get(what="notice sent").is_automatic
    assert alarms(HOUR_22 + HOUR) == []


def test_what_an_officer_wrote_is_what_goes(
    cast: Cast, production: Any, armed: None
) -> None:
    duty = duty_of(opened(cast.carl, NOW))
    edit_notice(actor=cast.carl, duty=duty, subject="S", text="My words.", now=NOW)
    clocks.run_due(HOUR_22)
    assert [told["text"] for told in notices_to(REAL)] == ["My words."]


def test_a_suspicion_nobody_looked_at_goes_without_its_reporters_words(
    cast: Cast, production: Any, armed: None
) -> None:
    report_suspicion(reporter=cast.bob, what="It was Bob!", noticed_at=None, now=NOW)
    clocks.run_due(HOUR_22)
    [told] = notices_to(REAL)
    assert "Bob" not in told["text"]
    assert "Suspected" in told["text"]


@pytest.mark.parametrize("what", [Decision.What.NO_NOTICE, Decision.What.DISMISS])
def test_nothing_goes_once_two_officers_signed_and_one_is_not_enough(
    cast: Cast,
    clara: User,
    production: Any,
    armed: None,
    what: Decision.What,
) -> None:
    signed, asked = opened(cast.carl, NOW), opened(cast.carl, NOW)
    for incident in (signed, asked):
        decision = ask_decision(
            actor=cast.carl, incident=incident, what=what, why="So.", now=NOW
        )
        if incident == signed:
            sign(actor=clara, decision=decision, now=NOW)
    clocks.run_due(HOUR_22)
    watch(HOUR_22)
    assert not Notice.objects.filter(duty__incident=signed).exists()
    assert Notice.objects.filter(duty__incident=asked).count() == 1


def test_unarmed_nothing_goes_and_everybody_hears_it(
    cast: Cast, clara: User, production: Any, caplog: pytest.LogCaptureFixture
) -> None:
    opened(cast.carl, NOW)
    arm(actor=cast.carl, now=NOW)
    with pytest.raises(IncidentRefused, match="second officer"):
        arm(actor=cast.carl, now=NOW)
    assert not is_armed()
    clocks.run_due(HOUR_22)
    watch(HOUR_22)
    assert notices_to(REAL) == []
    acts = [told["to"] for told in mails() if told["subject"].startswith("ACT NOW")]
    assert sorted(acts) == [cast.carl.email, clara.email]
    assert [one.levelname for one in caplog.records if "isn't sent" in one.message] == [
        "CRITICAL"
    ]
    [clock] = [one for one in check_clocks(HOUR_22) if "amazon" in one.deadline.duty]
    assert clock.is_wrong
    assert "haven't armed" in clock.trouble
    assert "incidents" in {sign.name for sign in troubles(HOUR_22)}
    # Armed late, it goes at once.
    arm(actor=clara, now=HOUR_22 + 30 * MINUTE)
    watch(HOUR_22 + 31 * MINUTE)
    assert len(notices_to(REAL)) == 1


def test_arming_takes_two_different_people_and_one_ends_it(
    cast: Cast, clara: User, armed: None
) -> None:
    assert is_armed()
    disarm(actor=clara, now=NOW)
    assert not is_armed()
    arm(actor=clara, now=NOW)
    assert not is_armed()
    events = Entry.objects.filter(event__in=("incident.armed", "incident.disarmed"))
    assert events.count() == 4  # nothing of it happens unseen
    disarm(actor=cast.carl, now=NOW)
    with pytest.raises(IncidentRefused):
        disarm(actor=cast.carl, now=NOW)


@pytest.mark.parametrize("is_drill", [True, False])
def test_a_drill_and_a_demonstration_send_themselves_to_the_drills_address_only(
    cast: Cast, settings: Any, is_drill: bool, armed: None
) -> None:
    settings.PRODUCTION = is_drill
    settings.INCIDENT_DRILL_ADDRESS = DRILL
    opened(cast.carl, NOW, is_drill=is_drill)
    clocks.run_due(HOUR_22)
    assert len(notices_to(DRILL)) == 1
    assert notices_to(REAL) == []


def test_cron_alone_warns_and_sends(cast: Cast, settings: Any, capsys: Any) -> None:
    """`manage.py tick` each minute, and no worker anywhere."""
    now = datetime.now(UTC)
    settings.INCIDENT_DRILL_ADDRESS = DRILL
    opened(cast.carl, now, detected_at=now - 13 * HOUR)
    late = opened(cast.carl, now, detected_at=now - 22.5 * HOUR)
    with suppress(SystemExit):  # other pieces look at files that outlive a test
        call_command("tick")
    assert {one.split(" left")[0] for one in warnings_to(cast.carl)} == {
        "11 hours",
        "1 hour",
    }
    assert len(notices_to(DRILL)) == 1
    assert Notice.objects.get().duty.incident == late
    assert "incidents.notices" in capsys.readouterr().out


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_hour_22_send_one_notice(
    cast: Cast, clara: User, production: Any
) -> None:
    arm(actor=cast.carl, now=NOW)
    arm(actor=clara, now=NOW)
    incidents = [opened(cast.carl, NOW) for _ in range(3)]
    duties = [duty_of(incident) for incident in incidents]
    together = Barrier(3)
    wrong: list[str] = []

    def work(step: Any) -> None:
        together.wait()
        try:
            step()
        except IncidentRefused:
            pass
        except Exception as error:  # told to the test, which fails on it
            wrong.append(f"{type(error).__name__}: {error}")
        finally:
            connections.close_all()

    steps = [
        lambda: clocks.run_due(HOUR_22),
        lambda: watch(HOUR_22),
        lambda: [send_by_itself(duty.pk, now=HOUR_22) for duty in duties],
    ]
    workers = [Thread(target=work, args=[step]) for step in steps]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert wrong == []
    assert len(notices_to(REAL)) == len(incidents)
    assert Notice.objects.count() == Sending.objects.count() == len(incidents)


def test_an_officer_and_the_clock_at_the_same_moment_send_one(
    cast: Cast, production: Any, armed: None
) -> None:
    duty = duty_of(opened(cast.carl, NOW))
    read_before = NoticeDuty.objects.select_related("incident").get(pk=duty.pk)
    clocks.run_due(HOUR_22)
    with pytest.raises(IncidentRefused):
        sent_by_old_page(cast.carl, read_before)
    assert len(notices_to(REAL)) == 1


def sent_by_old_page(officer: User, duty: NoticeDuty) -> None:
    """The page was opened before it went out by itself."""
    from compliance.incidents.drafts import drafted, fingerprint
    from compliance.incidents.services import send_notice

    subject, text = drafted(duty, Notice.Kind.INITIAL, now=HOUR_22)
    sha256 = fingerprint(subject, text)
    send_notice(actor=officer, duty=duty, sha256=sha256, now=HOUR_22)


def test_the_database_itself_refuses_a_second_initial_notice(cast: Cast) -> None:
    from django.db import IntegrityError, transaction

    duty = duty_of(opened(cast.carl, NOW))
    sent_by(cast.carl, duty, NOW)
    first = Notice.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        Notice.objects.create(
            duty=duty,
            kind=Notice.Kind.INITIAL,
            number=9,
            content=first.content.reveal(),
            seal_id=duty.incident_id,
            drafted_at=NOW,
        )
    assert Arming.objects.count() == 0
    assert Incident.objects.count() == 1
