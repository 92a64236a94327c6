"""Our own app's secret is replaced while everything goes on (ACC-3)."""

import io
import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.utils import timezone

from marketplaces import connecting, receiving, rotation, shelf
from marketplaces.adapters.amazon.simulated.rotation import (
    expiry_notification,
    new_secret_notification,
)
from marketplaces.appsecrets import apps_for, forget_ended, note_environment
from marketplaces.connecting import ConnectRefused
from marketplaces.contract import Request
from marketplaces.inventory import own_secrets
from marketplaces.models import AppSecret, Connection, SecretRotation, SyncRun
from marketplaces.rotation import SHOUTS, RotationRefused, State
from marketplaces.secretqueue import QueueTrouble, open_queue, queue_errors
from marketplaces.simulator.desk import APPS
from marketplaces.simulator.server import Simulator
from marketplaces.sqs import Queue
from marketplaces.sync.engine import sync_connection
from plugseller.audit.models import Entry
from plugseller.shelves import Standing
from tests.conftest import Cast
from tests.marketplaces.conftest import Simulators, TestClock, connect_account
from tests.plugseller.accounts.granting import mailed, mails

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1"),
]
AMAZON = "north-amazon-na"
FIRST = APPS["amazon"].client_secret
DAY = timedelta(days=1)


def outcome(account: Connection, clock: TestClock) -> str:
    """How a pass of the account alone ended."""
    [run] = sync_connection(account.pk, clock=clock, features=())
    return run.outcome


def ask(cast: Cast, clock: TestClock) -> SecretRotation:
    return rotation.ask_for_new_secret(
        actor=cast.carl, marketplace="amazon", now=clock.now()
    )


def collect(clock: TestClock) -> receiving.Received:
    return receiving.collect(clock.now())["amazon"]


def in_use(clock: TestClock) -> list[str]:
    return [app.client_secret.reveal() for app in apps_for("amazon", now=clock.now())]


def events(name: str) -> list[Entry]:
    return list(Entry.objects.filter(event=name))


def test_a_new_secret_takes_over_and_the_old_one_is_forgotten(
    cast: Cast, simulator: Simulator, clock: TestClock
) -> None:
    account = connect_account(cast.north, simulator, AMAZON)
    assert outcome(account, clock) == SyncRun.Outcome.DONE
    clock.pass_by(hours=1)
    asked = ask(cast, clock)
    assert (asked.state, asked.asked_by) == (State.ACCEPTED, cast.carl.pk)
    assert [c.status for c in simulator.calls if "rotate" in c.operation] == [204]
    assert collect(clock) == receiving.Received(kept=1)
    asked.refresh_from_db()
    assert asked.state == State.ARRIVED
    assert len(simulator.queue) == 0
    new, old = in_use(clock)
    assert (old, new != FIRST) == (FIRST, True)
    newer, first = AppSecret.objects.order_by("-valid_from")
    assert first.valid_until == clock.now() + 7 * DAY
    assert newer.valid_until == clock.now() + 180 * DAY
    assert mailed("is in use") == {"carl@example.test"}
    for event in ("app_secret.asked", "app_secret.kept"):
        assert events(event)

    clock.pass_by(days=6)
    assert outcome(account, clock) == SyncRun.Outcome.DONE
    assert forget_ended(clock.now()) == 0
    clock.pass_by(days=2)
    assert outcome(account, clock) == SyncRun.Outcome.DONE
    assert forget_ended(clock.now()) == 1
    assert in_use(clock) == [new]  # though the environment still says the first
    ended = AppSecret.objects.get(pk=first.pk)
    assert (ended.secret, ended.ended_at) == (None, clock.now())
    assert len(events("app_secret.ended")) == 1


def test_a_secret_that_was_taken_but_not_kept_comes_again(
    cast: Cast, simulator: Simulator, clock: TestClock, monkeypatch: Any
) -> None:
    """As if the process had died between receiving and storing."""
    ask(cast, clock)

    def dies(*args: object, **more: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(receiving, "keep_secret", dies)
        with pytest.raises(KeyboardInterrupt):
            collect(clock)
    assert len(simulator.queue) == 1
    assert collect(clock).kept == 0  # hidden for a while, as SQS does
    clock.pass_by(seconds=31)
    assert collect(clock).kept == 1
    assert len(simulator.queue) == 0


def test_a_secret_that_was_kept_but_not_deleted_is_kept_once(
    cast: Cast, simulator: Simulator, clock: TestClock, monkeypatch: Any
) -> None:
    """As if the process had died between storing and deleting."""
    ask(cast, clock)
    with monkeypatch.context() as patch:
        patch.setattr(Queue, "delete", lambda *_: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            collect(clock)
    held = in_use(clock)
    clock.pass_by(seconds=31)
    assert collect(clock) == receiving.Received()
    assert in_use(clock) == held
    assert len(simulator.queue) == 0


def test_a_secret_that_never_comes_is_shouted_about_long_before_the_end(
    cast: Cast, simulator: Simulator, clock: TestClock
) -> None:
    note_environment("amazon", now=clock.now())
    asked = ask(cast, clock)
    began = clock.now()
    assert simulator.queue.lose() == 1
    heard = []
    while clock.now() < began + 7 * DAY:
        clock.pass_by(hours=1)
        receiving.collect(clock.now())
        if rotation.shout(clock.now()):
            heard.append(clock.now() - began)
    assert tuple(heard) == SHOUTS
    assert len([m for m in mails() if "didn't come" in m["subject"]]) == len(SHOUTS)
    assert len(events("app_secret.missing")) == len(SHOUTS)
    row = next(iter(own_secrets(clock.now(), None)))
    assert row.standing(clock.now()) is Standing.TROUBLE
    assert row.due_at == asked.old_until == began + 7 * DAY


def test_asking_again_keeps_in_mind_when_the_first_asking_ends_the_old_one(
    cast: Cast, simulator: Simulator, clock: TestClock
) -> None:
    first = ask(cast, clock)
    with pytest.raises(RotationRefused, match="on its way"):
        ask(cast, clock)
    simulator.queue.lose()
    clock.pass_by(hours=30)
    second = ask(cast, clock)
    first.refresh_from_db()
    assert first.state == State.LOST
    assert second.old_until == first.old_until


def test_what_one_secret_is_refused_is_asked_with_the_other(
    cast: Cast, simulator: Simulator, clock: TestClock
) -> None:
    account = connect_account(cast.north, simulator, AMAZON)
    wrong = receiving.enter_by_hand(
        actor=cast.carl,
        marketplace="amazon",
        client_id=APPS["amazon"].client_id,
        client_secret="wrong-one-from-the-console",
        now=clock.now(),
    )
    note_environment("amazon", now=clock.now() - DAY)
    assert outcome(account, clock) == SyncRun.Outcome.DONE
    wrong.refresh_from_db()
    assert wrong.refused_at == clock.now()
    assert in_use(clock)[0] == FIRST  # the likeliest first, from now on
    assert not mailed("refuses the keys")
    clock.pass_by(days=9)
    assert forget_ended(clock.now()) == 0  # nothing newer ever worked
    assert outcome(account, clock) == SyncRun.Outcome.DONE


def test_when_all_are_refused_officers_hear_and_no_seller_is_marked(
    cast: Cast, simulator: Simulator, clock: TestClock
) -> None:
    accounts = [
        connect_account(seller, simulator, key)
        for seller, key in ((cast.north, AMAZON), (cast.south, "south-amazon-eu"))
    ]
    for account in accounts:
        assert outcome(account, clock) == SyncRun.Outcome.DONE
    simulator.desk.end_secret(FIRST)
    for _ in range(3):
        clock.pass_by(hours=1)
        for account in accounts:
            assert outcome(account, clock) == SyncRun.Outcome.FAILED
    assert len([m for m in mails() if "refuses the keys" in m["subject"]]) == 1
    assert mailed("refuses the keys") == {"carl@example.test"}
    assert len(events("app_secret.refused")) == 1
    for account in accounts:
        account.refresh_from_db()
        assert account.status == Connection.Status.ACTIVE
        assert account.credentials is not None
    assert not events("connection.revoked")
    row = next(iter(own_secrets(clock.now(), None)))
    assert row.standing(clock.now()) is Standing.TROUBLE


def test_a_changed_environment_is_a_new_secret(
    cast: Cast, simulator: Simulator, clock: TestClock, settings: Any
) -> None:
    assert in_use(clock) == [FIRST]
    secret, _ = simulator.desk.new_secret("amazon", clock.now())
    settings.MARKETPLACE_APPS["amazon"]["client_secret"] = secret
    clock.pass_by(hours=1)
    assert in_use(clock) == [secret, FIRST]
    assert in_use(clock) == [secret, FIRST]
    settings.MARKETPLACE_APPS["amazon"]["client_secret"] = ""
    assert in_use(clock) == [secret, FIRST]


def test_amazons_warning_sets_the_day(
    simulator: Simulator, clock: TestClock, cast: Cast
) -> None:
    note_environment("amazon", now=clock.now())
    ends = clock.now() + 90 * DAY
    before = clock.now() - DAY
    simulator.queue.put(expiry_notification(clock.now() + 3 * DAY, before))
    clock.pass_by(minutes=1)
    simulator.queue.put(expiry_notification(ends, clock.now()))
    assert collect(clock) == receiving.Received(warned=1)
    assert AppSecret.objects.get().valid_until == ends
    assert len(simulator.queue) == 0
    assert len(events("app_secret.ends")) == 1


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{}",
        "null",
        "[" * 100_000,
        '{"notificationType":"ORDER_CHANGE","eventTime":"2026-11-24T12:00:00Z",'
        '"payload":{}}',
        "for another app",
    ],
)
def test_what_isnt_for_us_stays_in_the_queue(
    simulator: Simulator, clock: TestClock, cast: Cast, body: str, caplog: Any
) -> None:
    if body == "for another app":
        whole = new_secret_notification("amzn1.secret", clock.now(), clock.now())
        body = whole.replace(APPS["amazon"].client_id, "another-app")
    simulator.queue.put(body)
    assert collect(clock) == receiving.Received(unread=1)
    assert len(simulator.queue) == 1
    assert not AppSecret.objects.filter(origin="marketplace").exists()
    assert "amzn1.secret" not in caplog.text


def test_the_secret_stands_nowhere(
    cast: Cast, simulator: Simulator, clock: TestClock, caplog: Any
) -> None:
    with caplog.at_level(logging.DEBUG):
        ask(cast, clock)
        collect(clock)
        secret = in_use(clock)[0]
        printed = io.StringIO()
        call_command("credentials", "--json", stdout=printed)
    rows = list(own_secrets(clock.now(), None))
    places = [caplog.text, printed.getvalue(), repr(rows)]
    places += [str(entry.__dict__) for entry in Entry.objects.all()]
    places += [mail["text"] for mail in mails()]
    assert secret.startswith("amzn1.oa2-cs")
    assert [place[:80] for place in places if secret in place] == []
    row = AppSecret.objects.get(origin="marketplace")
    assert str(row.secret) == "••••••••"


def test_a_refusal_changes_nothing(
    cast: Cast, simulator: Simulator, clock: TestClock, settings: Any
) -> None:
    simulator.order_faults("503:1.0:rotateApplicationClientSecret")
    with pytest.raises(RotationRefused, match="can't do it now"):
        ask(cast, clock)
    assert SecretRotation.objects.get().state == State.REFUSED
    assert in_use(clock) == [FIRST]
    assert len(events("app_secret.not_given")) == 1
    simulator.order_faults("reset:1.0:rotateApplicationClientSecret")
    with pytest.raises(RotationRefused, match="isn't known"):
        ask(cast, clock)
    assert rotation.open_rotation("amazon")  # the secret may be on its way
    assert collect(clock).kept == 1  # and so it was
    assert rotation.open_rotation("amazon") is None


def test_without_a_queue_nothing_is_asked_for(
    cast: Cast, simulator: Simulator, clock: TestClock, settings: Any
) -> None:
    settings.MARKETPLACE_APPS["amazon"]["queue"] = {"address": ""}
    with pytest.raises(RotationRefused, match="it would be lost"):
        ask(cast, clock)
    assert not simulator.calls
    assert not SecretRotation.objects.exists()


def test_walmart_says_how_it_is_done_by_hand(
    cast: Cast, simulator: Simulator, clock: TestClock, monkeypatch: Any
) -> None:
    with pytest.raises(RotationRefused, match="--by-hand"):
        rotation.ask_for_new_secret(
            actor=cast.carl, marketplace="walmart", now=clock.now()
        )
    account = connect_account(cast.north, simulator, "north-walmart")
    pair = f"{APPS['walmart'].client_id}\nthe-new-secret-of-walmart\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(pair))
    call_command("rotate_app_secret", "walmart", "--by-hand", stdout=io.StringIO())
    assert AppSecret.objects.filter(marketplace="walmart", origin="hand").count() == 1
    clock.instant = timezone.now()
    assert outcome(account, clock) == SyncRun.Outcome.DONE  # with the old one
    for told in (f"another-app\n{'x' * 12}\n", f"{APPS['walmart'].client_id}\nshort\n"):
        monkeypatch.setattr("sys.stdin", io.StringIO(told))
        with pytest.raises(CommandError, match="Nothing was kept"):
            call_command("rotate_app_secret", "walmart", "--by-hand")


def test_the_command_asks_and_receives(cast: Cast, simulators: Simulators) -> None:
    simulators(clock=timezone.now)
    out = io.StringIO()
    call_command("rotate_app_secret", "amazon", stdout=out)
    call_command("rotate_app_secret", "amazon", "--receive", stdout=out)
    assert "on its way" in out.getvalue()
    assert "a new secret" in out.getvalue()
    with pytest.raises(CommandError, match="no marketplace"):
        call_command("rotate_app_secret", "ebay")


# --- The queue's line -----------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "http://sqs.eu-west-1.amazonaws.com/123456789012/q",
        "https://sqs.eu-west-1.amazonaws.com.evil.example/123456789012/q",
        "https://evil.example/123456789012/q",
        "https://x@sqs.eu-west-1.amazonaws.com/123456789012/q",
        "https://sqs.eu-west-1.amazonaws.com:8443/123456789012/q",
        "https://sqs.eu-west-1.amazonaws.com/q",
        "https://sqs.eu-west-1.amazonaws.com/123456789012/q?x=1",
        "https://s3.eu-west-1.amazonaws.com/123456789012/q",
        "https://[",
    ],
)
def test_only_a_queue_of_sqs_is_read(address: str, settings: Any) -> None:
    settings.MARKETPLACE_APPS["amazon"]["queue"] = {
        "address": address,
        "key_id": "AKIA",
        "key": "x",
    }
    with pytest.raises(ImproperlyConfigured, match="SQS"):
        open_queue("amazon")
    assert len(queue_errors()) == 1


def test_production_reads_no_queue_of_this_machine(
    simulator: Simulator, settings: Any
) -> None:
    assert queue_errors() == []
    settings.PRODUCTION = True
    assert len(queue_errors()) == 1


def test_a_queue_needs_keys_of_its_own(simulator: Simulator, settings: Any) -> None:
    settings.MARKETPLACE_APPS["amazon"]["queue"]["key"] = ""
    with pytest.raises(ImproperlyConfigured, match="SECRET_QUEUE_KEY"):
        open_queue("amazon")


def test_the_environment_has_no_say(
    simulator: Simulator, clock: TestClock, monkeypatch: Any, tmp_path: Any
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://127.0.0.1:9")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", "https://127.0.0.1:9")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "none.pem"))
    simulator.queue.put("hello")
    queue = open_queue("amazon")
    assert queue is not None
    assert [message.body.reveal() for message in queue.take()] == ["hello"]


def test_an_outdated_or_distrusted_line_carries_nothing(
    simulators: Simulators, settings: Any
) -> None:
    old = simulators(outdated_tls=True)
    old.queue.put("hello")
    queue = open_queue("amazon")
    assert queue is not None
    with pytest.raises(QueueTrouble):
        queue.take()
    simulators()
    settings.MARKETPLACE_CA_FILE = str(old.ca_file)
    queue = open_queue("amazon")
    assert queue is not None
    with pytest.raises(QueueTrouble) as told:
        queue.take()
    assert "localhost" not in str(told.value)


def test_a_call_outside_of_the_map_is_refused_and_said_so(
    cast: Cast, simulator: Simulator, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Something of ours asks for another address than the data map names."""
    made: Any = type(shelf.adapter("amazon").own_secret.rotation)
    as_mapped = made.request

    def elsewhere(self: Any, access: Any) -> Request:
        path = "/tokens/2021-03-01/restrictedDataToken"
        asked: Request = as_mapped(self, access)
        return replace(asked, path=path)

    monkeypatch.setattr(made, "request", elsewhere)
    with pytest.raises(RotationRefused, match="not permitted"):
        ask(cast, clock)
    assert SecretRotation.objects.get().state == State.REFUSED
    [told] = events("app_secret.not_given")
    assert told.additional_data["code"] == "not permitted"


def test_connecting_by_a_call_outside_of_the_map_connects_nothing(
    cast: Cast, simulator: Simulator, clock: TestClock
) -> None:
    adapter = shelf.adapter("amazon")

    def elsewhere(app: Any) -> Request:
        return Request(None, "token", "POST", "/auth/o2/other")

    with pytest.raises(ConnectRefused, match="nothing was connected") as refused:
        connecting.ask(
            adapter,
            adapter.regions[0],
            apps_for("amazon", now=clock.now()),
            elsewhere,
            now=clock.now(),
        )
    assert refused.value.reason == "not permitted"
