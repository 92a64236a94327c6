"""The inventory of credentials: whole, without a secret, the worst first (ACC-3)."""

import io
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from compliance.credentials.rows import inventory
from marketplaces.appsecrets import note_environment
from marketplaces.models import Connection
from marketplaces.simulator.certificates import make_certificates
from marketplaces.simulator.server import Simulator
from plugseller.accounts.models import ApiToken, User
from plugseller.accounts.roles import Permission
from plugseller.accounts.services import make_token
from plugseller.audit.models import Entry
from plugseller.shelves import CREDENTIALS, CredentialRow, Standing, credentials
from tests.conftest import Cast, person, signed_in
from tests.marketplaces.conftest import Simulators, connect_account
from tests.plugseller.accounts.granting import mailed

pytestmark = pytest.mark.django_db
PAGE = "/admin/credentials/"
DAY = timedelta(days=1)


@pytest.fixture
def now() -> datetime:
    return timezone.now()


def key(cast: Cast, *, days: int = 90) -> tuple[ApiToken, str]:
    return make_token(
        actor=cast.alice,
        seller=cast.north,
        kind=ApiToken.Kind.PERSONAL,
        label="Warehouse of Alice",
        permissions=[Permission.VIEW_ORDERS],
        days=days,
        now=timezone.now(),
    )


@pytest.fixture
def operator(cast: Cast) -> User:
    return person("otto", staff_role="operator")


def run(*, fails: bool) -> dict[str, Any]:
    out = io.StringIO()
    if fails:
        with pytest.raises(SystemExit) as ended:
            call_command("credentials", "--json", stdout=out)
        assert ended.value.code == 1
    else:
        call_command("credentials", "--json", stdout=out)
    told: dict[str, Any] = json.loads(out.getvalue())
    return told


def test_every_floor_fills_the_inventory(
    cast: Cast, simulator: Simulator, now: datetime
) -> None:
    connect_account(cast.north, simulator, "north-amazon-na")
    key(cast)
    note_environment("amazon", now=now)
    found = {(item.source, item.row.kind) for item in inventory(now)}
    assert found >= {
        ("API keys", "API key, personal"),
        ("authorisations", "Seller's own keys at Amazon"),
        ("own secrets", "Client secret of our app at Amazon"),
        ("own secrets", "Client secret of our app at Walmart"),
        ("keys", "Master key"),
        ("keys", "Signing key"),
        ("keys", "Data keys"),
        ("certificates", "Authority of the marketplaces (simulator)"),
    }


def test_no_secret_is_in_it(cast: Cast, simulator: Simulator, now: datetime) -> None:
    account = connect_account(cast.north, simulator, "north-amazon-na")
    _, shown = key(cast)
    note_environment("amazon", now=now)
    assert account.credentials is not None
    secrets = [
        shown,
        simulator.environment["AMAZON_CLIENT_SECRET"],
        account.credentials.reveal()["refresh_token"],
        "Warehouse of Alice",
        "alice@example.test",
    ]
    page = signed_in(cast.carl).get(PAGE).content.decode()
    told = page + json.dumps(run(fails=False)) + repr(inventory(now))
    assert [secret[:12] for secret in secrets if secret in told] == []
    assert shown[:15] in told  # the prefix that is shown everywhere


def test_what_is_overdue_fails_the_command_and_stands_first(
    cast: Cast, simulator: Simulator, now: datetime
) -> None:
    account = connect_account(cast.north, simulator, "north-amazon-na")
    key(cast)
    assert run(fails=False)["bad"] == 0
    late = Connection.unfenced.filter(pk=account.pk)
    late.update(reconnect_by=now + 29 * DAY)
    assert run(fails=False)["soon"] == 1
    late.update(reconnect_by=now - DAY)
    told = run(fails=True)
    assert told["bad"] == 1
    assert told["rows"][0]["state"] == "overdue"
    assert told["rows"][0]["subject"] == str(account.pk)
    late.update(reconnect_by=now + 90 * DAY, status="attention", trouble="Refused.")
    assert run(fails=True)["rows"][0]["state"] == "trouble"


def test_certificates_say_when_they_end(
    simulators: Simulators, settings: Any, tmp_path: Path, now: datetime
) -> None:
    simulators()
    made = make_certificates(now)
    file = tmp_path / "client.pem"
    file.write_bytes(made.authority)
    options = {**settings.DATABASES["default"].get("OPTIONS", {}), "sslcert": str(file)}
    default = {**settings.DATABASES["default"], "OPTIONS": options}
    settings.DATABASES = {"default": default}
    kind = "TLS client certificate for the database"
    [row] = [item.row for item in inventory(now) if item.row.kind == kind]
    assert row.due_at is not None
    assert row.due_at > now
    assert row.standing(row.due_at) is Standing.OVERDUE
    file.write_text("nonsense")
    [row] = [item.row for item in inventory(now) if item.row.kind == kind]
    assert row.standing(now) is Standing.TROUBLE


@pytest.mark.parametrize(
    ("left", "standing"),
    [
        (timedelta(days=30, seconds=1), Standing.GOOD),
        (timedelta(days=30), Standing.SOON),
        (timedelta(seconds=1), Standing.SOON),
        (timedelta(0), Standing.OVERDUE),
    ],
)
def test_the_state_follows_the_day(
    now: datetime, left: timedelta, standing: Standing
) -> None:
    row = CredentialRow(
        subject_id=person("x").pk, kind="k", label="l", owner="o", due_at=now + left
    )
    assert row.standing(now) is standing


def test_a_source_is_named_once() -> None:
    with pytest.raises(ValueError, match="already"):
        credentials("API keys", lambda now, until, only=None: [])
    assert set(CREDENTIALS) == {
        "API keys",
        "authorisations",
        "certificates",
        "keys",
        "own secrets",
    }


# --- The desk -------------------------------------------------------------------------


def test_officers_and_operators_see_it_and_nobody_else(
    cast: Cast, operator: User
) -> None:
    for who, status in ((cast.carl, 200), (operator, 200), (cast.olga, 403)):
        client = signed_in(who)
        assert client.get(PAGE).status_code == status
        home = client.get("/admin/").content.decode()
        assert (f'href="{PAGE}"' in home) == (status == 200)
    assert signed_in(cast.alice).get(PAGE, follow=True).status_code == 403


def test_it_is_narrowed_by_state_and_source(cast: Cast, now: datetime) -> None:
    token, _ = key(cast, days=10)
    client = signed_in(cast.carl)
    assert token.token_key in client.get(f"{PAGE}?state=due+soon").content.decode()
    assert token.token_key in client.get(f"{PAGE}?source=API+keys").content.decode()
    for other in ("state=overdue", "source=keys", "state=nonsense"):
        assert token.token_key not in client.get(f"{PAGE}?{other}").content.decode()


def test_an_officer_ends_an_api_key(cast: Cast, operator: User) -> None:
    token, _ = key(cast)
    button = f"{PAGE}{token.pk}/revoke/"
    assert signed_in(operator).post(button).status_code == 403
    assert signed_in(cast.alice).post(button, follow=True).status_code == 403
    unconfirmed = signed_in(cast.carl, confirmed=False).post(button)
    assert unconfirmed.status_code == 302
    assert "confirm" in unconfirmed["Location"]
    token.refresh_from_db()
    assert token.revoked_at is None
    assert signed_in(cast.carl).post(button).status_code == 302
    token.refresh_from_db()
    assert token.revoked_at is not None
    entry = Entry.objects.get(event="token.revoked")
    assert (entry.actor_id, entry.seller_id) == (cast.carl.pk, cast.north.pk)
    assert mailed("was ended") == {"alice@example.test"}
    assert signed_in(cast.carl).post(button).status_code == 404  # it is gone


def test_an_officer_disconnects_and_the_owners_hear(
    cast: Cast, simulator: Simulator, operator: User
) -> None:
    account = connect_account(cast.north, simulator, "north-amazon-na")
    button = f"{PAGE}{account.pk}/disconnect/"
    assert signed_in(operator).post(button).status_code == 403
    assert signed_in(cast.carl).post(button).status_code == 302
    account.refresh_from_db()
    assert account.status == Connection.Status.DISCONNECTED
    assert account.credentials is None
    assert Entry.objects.filter(event="connection.disconnected").count() == 1
    assert mailed("was disconnected") == {"alice@example.test"}


def test_an_operator_rotates_our_own_secret(
    cast: Cast, simulators: Simulators, operator: User, now: datetime
) -> None:
    simulator = simulators(clock=timezone.now)
    note_environment("amazon", now=now)
    note_environment("walmart", now=now)
    items = [item for item in inventory(now) if item.source == "own secrets"]
    amazon, walmart = sorted(items, key=lambda item: item.row.kind)
    client = signed_in(operator)
    page = client.get(PAGE).content.decode()
    assert "--by-hand" in page  # Walmart's, which has no call for it
    address = f"{PAGE}{walmart.row.subject_id}/rotate/"
    assert address not in page
    assert client.post(address).status_code == 404
    answer = client.post(f"{PAGE}{amazon.row.subject_id}/rotate/", follow=True)
    assert "on its way" in answer.content.decode()
    assert len(simulator.queue) == 1
    entry = Entry.objects.get(event="app_secret.asked")
    assert entry.actor_id == operator.pk


@pytest.mark.parametrize("verb", ["rotate", "nonsense", "revoke"])
def test_a_button_that_doesnt_fit_isnt_there(
    cast: Cast, simulator: Simulator, verb: str
) -> None:
    account = connect_account(cast.north, simulator, "north-amazon-na")
    client = signed_in(cast.carl)
    assert client.post(f"{PAGE}{account.pk}/{verb}/").status_code == 404
    assert client.get(f"{PAGE}{account.pk}/disconnect/").status_code == 405


def fill(cast: Cast, now: datetime, *, each: int) -> None:
    """Connections and API keys, due on all sorts of days, some in trouble."""
    status = Connection.Status
    Connection.unfenced.bulk_create(
        Connection(
            seller=cast.north,
            marketplace="amazon",
            region="na",
            account_id=f"A{number}",
            status=status.ATTENTION if number % 7 == 0 else status.ACTIVE,
            connected_at=now - timedelta(days=number * 37 % 300),
            reconnect_by=now + (number * 53 % 90 - 20) * DAY if number % 3 else None,
        )
        for number in range(each)
    )
    made = ApiToken.objects.bulk_create(
        ApiToken(
            user=cast.alice,
            seller=cast.north,
            kind="personal",
            permissions=[],
            digest=f"{number:064}",
            token_key=f"key{number:05}",
            expiry=now + timedelta(days=1 + number * 61 % 365),
        )
        for number in range(each)
    )
    ApiToken.objects.filter(pk__in=[made[0].pk, made[4].pk]).update(replaced_by=made[1])


def test_page_by_page_each_is_shown_once_the_most_urgent_first(
    cast: Cast, now: datetime, django_assert_max_num_queries: Any
) -> None:
    fill(cast, now, each=130)
    client = signed_in(cast.carl)
    client.get(PAGE)
    shown: list[Any] = []
    for page in (1, 2, 3):
        with django_assert_max_num_queries(14):
            answer = client.get(f"{PAGE}?page={page}")
        shown += [item for item, _ in answer.context["rows"]]
        assert ("Go on" in answer.content.decode()) == (page < 3)
    assert len({item.row.subject_id for item in shown}) == len(shown) >= 260
    standings = [list(Standing).index(item.standing) for item in shown]
    assert standings == sorted(standings)
    assert [i.row.urgency() for i in shown] == sorted(i.row.urgency() for i in shown)
    overdue = client.get(f"{PAGE}?state=overdue").context["rows"]
    assert len(overdue) == sum(item.standing is Standing.OVERDUE for item in shown) > 0


@pytest.mark.parametrize("page", ["0", "-1", "x", "99999", "1e9", "²"])
def test_a_page_that_cant_be_is_the_first(cast: Cast, page: str) -> None:
    answer = signed_in(cast.carl).get(PAGE, {"page": page})
    assert (answer.status_code, answer.context["first"]) == (200, 1)
