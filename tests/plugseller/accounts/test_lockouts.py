"""Ten failures close the door for a while: by account and by address, each apart."""

import re
from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ

from plugseller.accounts.models import Lockout
from plugseller.accounts.services import lift_lockout, lockouts
from plugseller.jobs.timetable import run_queued
from tests.conftest import NOW, PASSWORD, Cast, code_of, enter, signed_in
from tests.plugseller.accounts.helpers import entries, guess, subjects

LIMIT = settings.AXES_FAILURE_LIMIT
ALICE = "alice@example.test"


def hosts(number: int) -> list[str]:
    return [f"198.51.100.{n}" for n in range(1, number + 1)]


def test_an_account_is_locked_at_the_limit_and_not_before(cast: Cast) -> None:
    for n, host in enumerate(hosts(LIMIT), start=1):
        answer = guess(Client(REMOTE_ADDR=host), ALICE)
        assert answer.status_code == (429 if n == LIMIT else 200), n
    answer = enter(Client(REMOTE_ADDR="203.0.113.9"), ALICE)
    assert answer.status_code == 429
    assert "until" in answer.content.decode()
    assert int(answer["Retry-After"]) <= settings.AXES_COOLOFF_TIME.total_seconds()
    assert Lockout.objects.get().user == cast.alice


def test_one_less_leaves_the_door_open(cast: Cast) -> None:
    for host in hosts(LIMIT - 1):
        guess(Client(REMOTE_ADDR=host), ALICE)
    assert enter(Client(), ALICE)["Location"] == "/"
    assert not AccessAttempt.objects.exists()  # and it begins anew
    assert guess(Client(REMOTE_ADDR="203.0.113.9"), ALICE).status_code == 200


def test_an_address_that_tries_many_accounts_is_locked(cast: Cast) -> None:
    client = Client(REMOTE_ADDR="198.51.100.7")
    for n in range(LIMIT):
        answer = guess(client, f"person{n}@example.test")
    assert answer.status_code == 429
    assert enter(Client(REMOTE_ADDR="198.51.100.7"), ALICE).status_code == 429
    assert enter(Client(REMOTE_ADDR="198.51.100.8"), ALICE)["Location"] == "/"


def test_one_ipv6_line_is_one_address(cast: Cast) -> None:
    for n in range(LIMIT):
        line = Client(REMOTE_ADDR=f"2001:db8:1:2::{n + 1:x}")
        answer = guess(line, f"person{n}@example.test")
    assert answer.status_code == 429
    other, same = "2001:db8:1:3::1", "2001:db8:1:2:ffff::9"
    assert enter(Client(REMOTE_ADDR=same), ALICE).status_code == 429
    assert enter(Client(REMOTE_ADDR=other), ALICE)["Location"] == "/"


def test_a_forged_header_makes_no_new_address(cast: Cast) -> None:
    client = Client(REMOTE_ADDR="198.51.100.7")
    for n in range(LIMIT):
        forged = {"X-Forwarded-For": f"6.6.6.{n}", "X-Real-IP": f"6.6.7.{n}"}
        answer = guess(client, f"person{n}@example.test", headers=forged)
    assert answer.status_code == 429


def test_behind_a_proxy_the_proxys_word_counts_and_nothing_left_of_it(
    cast: Cast, settings: Any
) -> None:
    settings.TRUSTED_PROXIES = 1
    for n in range(LIMIT):
        forged = {"X-Forwarded-For": f"6.6.6.{n}, 198.51.100.7"}
        answer = guess(Client(), f"person{n}@example.test", headers=forged)
    assert answer.status_code == 429
    assert Lockout.objects.get().subject == "198.51.100.7"


def test_wrong_codes_count_as_well(cast: Cast) -> None:
    for n, host in enumerate(hosts(LIMIT), start=1):
        client = Client(REMOTE_ADDR=host)
        client.post("/sign-in", {"login": ALICE, "password": PASSWORD})
        answer = client.post("/sign-in/code", {"code": "000000"})
        assert answer.status_code == (429 if n == LIMIT else 200), n
    right = client.post("/sign-in/code", {"code": code_of(ALICE)})
    assert right.status_code == 429
    assert "_auth_user_id" not in client.session


def test_known_and_unknown_accounts_are_refused_alike(cast: Cast) -> None:
    answers = set()
    for name in (ALICE, "nobody@example.test"):
        for host in hosts(LIMIT):
            answer = guess(Client(REMOTE_ADDR=host), name)
        Lockout.objects.filter(kind="address").delete()
        text = re.sub(r"\d\d:\d\d", "", answer.content.decode())
        answers.add((answer.status_code, re.sub(r'csrf\S+ value="\S+"', "", text)))
        AccessAttempt.objects.all().delete()
    assert len(answers) == 1


def test_each_lockout_is_twice_as_long_up_to_a_day(cast: Cast) -> None:
    now, lengths = NOW, []
    for _ in range(9):
        for host in hosts(LIMIT):
            until = lockouts.note_failure(
                email=ALICE, address=host, what="password", now=now
            )
        assert until
        lengths.append(until - now)
        now += timedelta(minutes=1)
        Lockout.objects.update(until=now)
    first = settings.AXES_COOLOFF_TIME
    longest = settings.LOCKOUT_LONGEST
    assert lengths == [min(first * 2**n, longest) for n in range(9)]
    assert lengths[-1] == longest


@pytest.mark.parametrize("after", [-1, 0, 1])
def test_it_ends_at_its_end(cast: Cast, after: int) -> None:
    for host in hosts(LIMIT):
        until = lockouts.note_failure(
            email=ALICE, address=host, what="password", now=NOW
        )
    assert until == NOW + settings.AXES_COOLOFF_TIME
    then = until + timedelta(seconds=after)
    open_again = lockouts.locked_until(email=ALICE, address=None, now=then) is None
    assert open_again == (after >= 0)


@pytest.mark.parametrize(
    ("kind", "field"), [("account", "email"), ("address", "address")]
)
@pytest.mark.parametrize("late", [-1, 0])
def test_what_is_longer_ago_than_the_window_doesnt_count(
    cast: Cast, kind: str, field: str, late: int
) -> None:
    then = NOW + settings.LOCKOUT_COUNTS[kind] + timedelta(seconds=late)
    who: Any = {"email": "", "address": None, field: "198.51.100.7"}
    for _ in range(LIMIT - 1):
        lockouts.note_failure(**who, what="password", now=NOW)
    until = lockouts.note_failure(**who, what="password", now=then)
    assert (until is None) == (late == 0)


def test_nothing_personal_and_nothing_typed_is_kept(cast: Cast) -> None:
    guess(Client(headers={"User-Agent": "CANARY-agent"}), ALICE)
    kept = " ".join(map(str, AccessAttempt.objects.values_list().get()))
    for word in ("alice", "Wrong", "CANARY", "csrf", "login"):
        assert word not in kept
    assert "alice" not in str(Lockout.objects.values_list())


def test_only_an_officer_lifts_a_lockout_and_not_the_own_one(cast: Cast) -> None:
    for person in (cast.alice, cast.carl):
        for host in hosts(LIMIT):
            guess(Client(REMOTE_ADDR=host), person.email)
        Lockout.objects.filter(kind="address").delete()
    alices = Lockout.objects.get(user=cast.alice)
    carls = Lockout.objects.get(user=cast.carl)
    now = timezone.now()
    for actor, lockout in (
        (cast.olga, alices),
        (cast.alice, alices),
        (cast.carl, carls),
    ):
        with pytest.raises(PermissionDenied):
            lift_lockout(actor=actor, lockout=lockout, now=now)
    lift_lockout(actor=cast.carl, lockout=alices, now=now)
    assert enter(Client(), ALICE)["Location"] == "/"
    with pytest.raises(ValidationError):
        lift_lockout(actor=cast.carl, lockout=alices, now=now)
    [entry] = entries("person.lockout_lifted")
    assert entry.actor_id == cast.carl.pk


def test_an_officer_sees_it_and_lifts_it_on_the_desk(cast: Cast) -> None:
    for host in hosts(LIMIT):
        guess(Client(REMOTE_ADDR=host), ALICE)
    lockout = Lockout.objects.get(kind="account")
    page = f"/admin/accounts/lockout/{lockout.pk}/"
    carl = signed_in(cast.carl)
    assert "End this lockout" in carl.get(f"{page}change/").content.decode()
    assert signed_in(cast.olga).post(f"{page}lift/").status_code == 403
    asked = signed_in(cast.carl, confirmed=False).post(f"{page}lift/")
    assert asked["Location"].startswith("/account/confirm/code")
    carl.post(f"{page}lift/")
    lockout.refresh_from_db()
    assert lockout.lifted_by == cast.carl


def test_it_is_logged_and_told(
    cast: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        for host in hosts(LIMIT):
            guess(Client(REMOTE_ADDR=host), ALICE)
    run_queued()  # what was wrong is told by a job
    assert len(entries("person.sign_in_failed")) == LIMIT
    [entry] = entries("person.locked_out")
    assert entry.additional_data == {"kind": "account", "failures": LIMIT}
    told = subjects(ALICE)
    assert told.count("A sign-in to your account failed") == 1
    assert told.count("Your account is locked for a while") == 1
    assert "alice" not in str([e.additional_data for e in entries("person.locked_out")])


def test_a_first_failure_queues_the_same_for_an_address_nobody_has(
    cast: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    jobs = []
    for email in (ALICE, "nobody@example.test"):
        with django_capture_on_commit_callbacks(execute=True):
            guess(Client(REMOTE_ADDR="192.0.2.77"), email)
        jobs.append([job.func() for job in OrmQ.objects.all()])
        run_queued()
    assert jobs[0] == jobs[1] == ["plugseller.accounts.jobs.tell_of_failure"]
    assert subjects("nobody@example.test") == []
