"""Each rule fires at what it is for, and not at what looks like it (INC-1)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from compliance.incidents.detection import reading, services
from compliance.incidents.detection.models import (
    Canary,
    DayOfReads,
    Detection,
    Reading,
)
from compliance.incidents.detection.rules import BY_NAME, RULES, Rule
from compliance.incidents.detection.services import read_log
from compliance.incidents.models import Incident
from compliance.packing import Period
from compliance.reviewing import FINDINGS
from marketplaces.evidence import fetching
from marketplaces.models import Connection, SyncRun
from plugseller.accounts.models import Lockout, User
from plugseller.accounts.services import make_token, revoke_token
from plugseller.audit.models import Entry
from plugseller.audit.services import Acting, acting, record
from plugseller.jobs.health import troubles
from plugseller.jobs.models import OutgoingMail
from plugseller.shelves import By
from tests.compliance.incidents.cases import mails
from tests.conftest import Cast, enter, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _small(settings: Any, cast: Cast) -> None:
    """Thresholds that a test reaches; and what the cast did is read."""
    settings.DETECTION_EXPORT_ROWS = 100
    settings.DETECTION_READS_FLOOR = 1_000
    settings.DETECTION_REFUSED = 3
    read_log(timezone.now())
    assert not Incident.objects.exists()


def read(who: User, cast: Cast, rows: int, event: str = "read.orders.list") -> None:
    record(event, actor=who, seller_id=cast.north.pk, rows=rows)


def fired() -> list[str]:
    read_log(timezone.now())
    return sorted(Incident.objects.values_list("rule", flat=True))


def exports(cast: Cast, *, enough: bool) -> None:
    read(cast.alice, cast, 60, "read.orders.export")
    read(cast.alice, cast, 40 if enough else 39, "read.listings.export")
    read(cast.bob, cast, 60, "read.orders.export")


def canary(cast: Cast, *, enough: bool) -> None:
    call_command("plant_canary", name="Larch Supplies", slug="larch", stdout=_Nowhere())
    client = signed_in(cast.charlie)
    client.get("/s/larch/orders" if enough else "/s/north/orders")


def unusual(cast: Cast, *, enough: bool) -> None:
    """Ten times a usual day, above the floor; or the floor without ten times."""
    today = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    for ago in (1, 2, 20):
        DayOfReads.objects.create(
            person_id=cast.bob.pk,
            day=today - timedelta(days=ago),
            rows=100 if ago < 20 else 90_000,
        )
    read(cast.bob, cast, 1_000 if enough else 999)
    if not enough:
        DayOfReads.objects.create(
            person_id=cast.alice.pk, day=today - timedelta(days=1), rows=500
        )
        read(cast.alice, cast, 4_999)


def foreign(cast: Cast, *, enough: bool) -> None:
    client = signed_in(cast.charlie)
    for place in ("north", "no-such")[: 2 if enough else 1]:
        for page in ("orders", "listings"):
            assert client.get(f"/s/{place}/{page}").status_code == 404


def locked(cast: Cast, *, enough: bool) -> None:
    for times in range(3 if enough else 2):
        row = Lockout.objects.create(
            kind="account",
            subject="s" * 64,
            failures=5,
            began_at=timezone.now() - timedelta(hours=2 - times),
            until=timezone.now(),
        )
        record("person.locked_out", subject=row, details={"kind": "account"})


def country(cast: Cast, *, enough: bool) -> None:
    for told in ({}, {"country": "DE"}, {"country": "FR" if enough else "DE"}):
        record("person.signed_in", actor=cast.alice, details=told)


def broken(cast: Cast, *, enough: bool) -> None:
    record("audit.verified", rows=1, details={"whole": not enough, "faults": 1})


def pii(cast: Cast, *, enough: bool) -> None:
    account = Connection.unfenced.create(
        seller=cast.north, marketplace="amazon", region="eu"
    )
    came = "buyer" if enough else "orderAliases"
    run = SyncRun.unfenced.create(
        seller=cast.north,
        connection=account,
        feature="orders",
        started_at=timezone.now(),
        dropped={f"orders[].{came}": 3},
        unknown=["orders[].itemCount"],
    )
    ran(cast, run, "")


def ran(cast: Cast, run: Any, error_code: str) -> None:
    details = {"feature": "orders", "error_code": error_code}
    record("sync.run", seller_id=cast.north.pk, subject=run, details=details)


def restricted(cast: Cast, *, enough: bool) -> None:
    ran(cast, None, "not permitted" if enough else "rate limit")


def ended_key(cast: Cast, *, enough: bool) -> None:
    now = timezone.now()
    token, shown = make_token(
        actor=cast.alice,
        seller=cast.north,
        kind="personal",
        label="Shelves",
        permissions=["view_orders"],
        now=now,
    )
    if enough:
        revoke_token(actor=cast.alice, token=token, now=now)
    client = signed_in(cast.alice)
    client.logout()
    sent = {"Authorization": f"Bearer {shown if enough else shown[:-1] + 'z'}"}
    for _ in range(3):
        assert client.get("/api/v1/sellers", headers=sent).status_code == 401
    assert Entry.objects.filter(event="token.refused").count() == int(enough)


def backup(cast: Cast, *, enough: bool) -> None:
    record("backup.verified", rows=1, details={"holds": not enough, "head": 1})


def moved(cast: Cast, *, enough: bool) -> None:
    if enough:
        record("sealed_value.broken", details={"owner": "x", "place": "a / b"})
    else:
        record("data_key.created", details={})


SCENES: dict[str, Callable[..., None]] = {
    "mass-export": exports,
    "canary": canary,
    "unusual-reads": unusual,
    "foreign-ids": foreign,
    "lockouts": locked,
    "new-country": country,
    "audit-broken": broken,
    "unexpected-pii": pii,
    "restricted-operation": restricted,
    "ended-key-used": ended_key,
    "backup-unproved": backup,
    "sealed-moved": moved,
}


class _Nowhere:
    def write(self, text: str) -> None: ...


def test_every_rule_has_its_scenes() -> None:
    assert SCENES.keys() == BY_NAME.keys()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_fires_at_what_it_is_for(rule: Rule, cast: Cast) -> None:
    SCENES[rule.name](cast, enough=True)
    assert fired() == [rule.name]
    incident = Incident.objects.get()
    assert incident.status == Incident.Status.DETECTED
    assert (incident.detected_by, incident.rule) == ("rule", rule.name)
    assert (incident.kind, incident.severity) == (rule.kind, rule.severity)
    assert rule.wrong_when in incident.facts.reveal()["what"]  # type: ignore[union-attr]
    noted = incident.timeline.get(what="rule fired")
    assert noted.details["facts"]["cause"]
    [told] = [mail for mail in mails() if rule.title in mail["subject"]]
    assert told["to"] == cast.carl.email


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_is_silent_at_what_is_usual(rule: Rule, cast: Cast) -> None:
    SCENES[rule.name](cast, enough=False)
    assert fired() == []


def test_one_cause_is_one_draft_and_what_follows_goes_onto_its_timeline(
    cast: Cast,
) -> None:
    exports(cast, enough=True)
    assert fired() == ["mass-export"]
    told = OutgoingMail.objects.count()
    exports(cast, enough=True)
    read(cast.bob, cast, 60, "read.orders.export")  # another cause
    assert fired() == ["mass-export", "mass-export"]
    first = Incident.objects.order_by("reference")[0]
    assert first.timeline.filter(what="rule fired").count() == 2
    assert Detection.objects.get(incident=first).hits == 2
    assert OutgoingMail.objects.count() == told + 1


def test_an_entry_is_read_once_whoever_reads(cast: Cast) -> None:
    broken(cast, enough=True)
    assert [read_log(timezone.now()), read_log(timezone.now())] == [1, 0]


def test_a_dismissed_habit_stays_quiet_and_a_broken_log_does_not(cast: Cast) -> None:
    exports(cast, enough=True)
    broken(cast, enough=True)
    assert fired() == ["audit-broken", "mass-export"]
    Incident.objects.update(status=Incident.Status.DISMISSED)
    read(cast.alice, cast, 100, "read.orders.export")
    broken(cast, enough=True)
    assert fired() == ["audit-broken", "audit-broken", "mass-export"]


def test_who_may_be_the_cause_does_not_see_the_case_if_another_officer_is_there(
    cast: Cast, clara: User
) -> None:
    read(cast.carl, cast, 100, "read.orders.export")
    assert fired() == ["mass-export"]
    incident = Incident.objects.get()
    assert incident.is_barred(cast.carl.pk)
    to = {mail["to"] for mail in mails() if incident.reference in mail["subject"]}
    assert to == {clara.email}


def test_a_sole_officer_is_told_even_of_himself(cast: Cast) -> None:
    read(cast.carl, cast, 100, "read.orders.export")
    assert fired() == ["mass-export"]
    assert Incident.objects.get().barred == []


def test_the_time_within_which_exports_count_is_a_setting(
    cast: Cast, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DETECTION_EXPORT_MINUTES = 5
    now = timezone.now()
    for ago, rows in ((6, 60), (0, 60)):
        at = now - timedelta(minutes=ago)
        monkeypatch.setattr("django.utils.timezone.now", lambda at=at: at)
        read(cast.alice, cast, rows, "read.orders.export")
    assert fired() == []
    settings.DETECTION_EXPORT_MINUTES = 7
    read(cast.alice, cast, 1, "read.orders.export")
    assert fired() == ["mass-export"]


@pytest.mark.parametrize(("days", "expected"), [(14, []), (21, ["unusual-reads"])])
def test_how_long_a_habit_is_looked_back_at_is_a_setting(
    cast: Cast, settings: Any, days: int, expected: list[str]
) -> None:
    """Twenty days ago a person read next to nothing, and a lot since."""
    settings.DETECTION_HABIT_DAYS = days
    today = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    for ago, rows in ((2, 110), (20, 10)):
        DayOfReads.objects.create(
            person_id=cast.bob.pk, day=today - timedelta(days=ago), rows=rows
        )
    read(cast.bob, cast, 1_000)
    assert fired() == expected


@pytest.mark.parametrize(("many", "expected"), [(2, ["lockouts"]), (3, [])])
def test_how_many_locked_accounts_are_many_is_a_setting(
    cast: Cast, settings: Any, many: int, expected: list[str]
) -> None:
    settings.DETECTION_LOCKED_ACCOUNTS = many
    for who in ("a", "b"):
        row = Lockout.objects.create(
            kind="account",
            subject=who * 64,
            failures=5,
            began_at=timezone.now(),
            until=timezone.now(),
        )
        record("person.locked_out", subject=row, details={"kind": "account"})
    assert fired() == expected


@pytest.mark.parametrize(("days", "expected"), [(1, []), (3, ["new-country"])])
def test_how_long_a_country_stays_known_is_a_setting(
    cast: Cast,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    days: int,
    expected: list[str],
) -> None:
    """Who wasn't anywhere for longer isn't compared with anything."""
    settings.DETECTION_COUNTRY_DAYS = days
    now = timezone.now()
    for ago, place in ((2, "DE"), (0, "FR")):
        at = now - timedelta(days=ago)
        monkeypatch.setattr("django.utils.timezone.now", lambda at=at: at)
        record("person.signed_in", actor=cast.alice, details={"country": place})
    assert fired() == expected


def test_the_end_of_the_log_cut_off_is_noticed(cast: Cast) -> None:

    Reading.objects.update(position=10**9)
    assert fired() == ["audit-broken"]
    assert fired() == ["audit-broken"]


def failing(name: str) -> tuple[Rule, ...]:
    """The rules, of which one is broken."""

    def fails(news: Any, now: datetime) -> Any:
        raise RuntimeError

    return tuple(replace(one, find=fails) if one.name == name else one for one in RULES)


def test_a_rule_that_fails_stops_no_other(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "RULES", failing("mass-export"))
    broken(cast, enough=True)
    with pytest.raises(ExceptionGroup):
        read_log(timezone.now())
    assert Incident.objects.get().rule == "audit-broken"


def test_a_rule_that_failed_misses_nothing_and_sees_it_once(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(reading, "AT_ONCE", 2)  # many pieces
    monkeypatch.setattr(services, "RULES", failing("audit-broken"))
    broken(cast, enough=True)
    for _ in range(3):
        read(cast.bob, cast, 1)
        with pytest.raises(ExceptionGroup):
            read_log(timezone.now())
    exports(cast, enough=True)
    with pytest.raises(ExceptionGroup):
        read_log(timezone.now())
    assert [one.rule for one in Incident.objects.all()] == ["mass-export"]
    # It is said loudly: in the log, on the desk and at /healthz; by mail once.
    assert "CRITICAL" in {one.levelname for one in caplog.records}
    [sign] = [one for one in troubles(timezone.now()) if one.name == "detection"]
    assert "audit-broken" in sign.trouble
    told = [one for one in mails() if "audit-broken" in one["subject"]]
    assert [one["to"] for one in told] == [cast.carl.email]
    monkeypatch.setattr(services, "RULES", RULES)
    assert fired() == ["audit-broken", "mass-export"]
    assert fired() == ["audit-broken", "mass-export"]
    assert Detection.objects.get(rule="audit-broken").hits == 1
    assert services.trouble(timezone.now()) == ""


def test_a_log_that_was_cut_while_its_rule_failed_is_seen_later(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "RULES", failing("audit-broken"))
    Reading.objects.update(position=10**9)
    with pytest.raises(ExceptionGroup):
        read_log(timezone.now())
    monkeypatch.setattr(services, "RULES", RULES)
    assert fired() == ["audit-broken"]
    assert fired() == ["audit-broken"]


@pytest.mark.parametrize(
    ("event", "where"),
    [("connection.refused", "reason"), ("app_secret.not_given", "code")],
)
def test_a_call_refused_outside_of_a_sync_is_seen_as_well(
    cast: Cast, event: str, where: str
) -> None:
    def refused(why: str) -> None:
        told = {"marketplace": "amazon", where: why}
        record(event, actor=cast.carl, subject=cast.carl, details=told)

    refused("throttled")
    assert fired() == []
    refused("not permitted")
    assert fired() == ["restricted-operation"]
    assert fetching.personal_data(timezone.now()).refused_calls == 1


def test_many_accounts_locked_out_within_an_hour_are_one_draft(cast: Cast) -> None:
    for number in range(10):
        row = Lockout.objects.create(
            kind="account",
            subject=f"{number}" * 64,
            failures=5,
            began_at=timezone.now(),
            until=timezone.now(),
        )
        record("person.locked_out", subject=row, details={"kind": "account"})
    assert fired() == ["lockouts"]


@pytest.mark.parametrize("proxies", [0, 1])
def test_a_country_counts_from_a_trusted_proxy_alone(
    cast: Cast, client: Any, settings: Any, proxies: int
) -> None:
    settings.COUNTRY_HEADER, settings.TRUSTED_PROXIES = "X-Country", proxies
    client.defaults["HTTP_X_COUNTRY"] = "de"
    enter(client, cast.alice.email)
    told = Entry.objects.filter(event="person.signed_in").latest("id").additional_data
    assert told.get("country") == ("DE" if proxies else None)


def test_programs_reads_count_towards_their_person(cast: Cast) -> None:
    with acting(Acting(kind=By.TOKEN, user_id=cast.alice.pk, via="t")):
        record("read.orders.list", seller_id=cast.north.pk, rows=1_000)
    assert fired() == ["unusual-reads"]


def test_a_canary_shows_nothing_and_goes_as_a_seller_goes(cast: Cast) -> None:
    canary(cast, enough=False)
    planted = Canary.objects.get()
    assert Entry.objects.filter(event="canary.planted").count() == 1
    assert signed_in(cast.alice).get("/s/larch/orders").status_code == 404
    from plugseller.shelves import HOLDINGS, Scope

    store = HOLDINGS["compliance.Canary"].store
    assert store.count(Scope(seller_id=planted.seller_id)) == 1


def test_who_reviews_the_logs_sees_what_rules_found(cast: Cast) -> None:
    exports(cast, enough=True)
    fired()
    now = timezone.now()
    hour = timedelta(hours=1)
    [row] = FINDINGS["detection rules"](Period(now - hour, now + hour))
    assert row.label.endswith(BY_NAME["mass-export"].title)
    assert row.facts["hits"] == 1
    assert [*FINDINGS["detection rules"](Period(now - 2 * hour, now - hour))] == []
