"""A seller begins at the marketplace: its own address brings them to our log-in page.

What comes with that address was written by anybody. It leads nowhere but back to the
marketplace, and nothing begins before a signed-in person has said so here.
"""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.test import Client
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from marketplaces.adapters.amazon.simulated.access import AMAZON_STATE
from marketplaces.models import ConnectAttempt, Connection
from marketplaces.simulator.desk import APPS
from plugseller.accounts.roles import Role
from plugseller.accounts.services import join
from tests.conftest import Cast, enter, signed_in
from tests.marketplaces.conftest import Simulators
from tests.marketplaces.console import rows
from tests.marketplaces.console.browsing import Watched
from tests.marketplaces.console.browsing import enter as come_in

START = "/connections/amazon/start"
BACK = "https://sellercentral.amazon.com/apps/authorize/confirm/amzn1.sellerapps.app.x"
TOLD = {
    "amazon_callback_uri": BACK,
    "amazon_state": "theirs",
    "selling_partner_id": "A1NORTHNA7SIM",
    "version": "beta",
}


@pytest.fixture
def _registered(settings: Any) -> None:
    app = {"application_id": "a", "client_id": "c", "client_secret": "s"}
    settings.MARKETPLACE_APPS = {
        name: {**app, "draft": False} for name in settings.MARKETPLACES
    }


def start(**changes: str) -> str:
    return f"{START}?{urlencode({**TOLD, **changes})}"


def test_somebody_who_isnt_signed_in_signs_in_and_arrives(cast: Cast) -> None:
    client = Client()
    asked = client.get(start())
    assert asked["Location"].startswith("/sign-in?next=/connections/amazon/start")
    next_page = parse_qs(urlsplit(asked["Location"]).query)["next"][0]
    done = enter(client, cast.alice.email, next=next_page)
    answer = client.get(done["Location"], follow=True)
    assert answer.status_code == 200
    assert answer.request["PATH_INFO"] == "/s/north/connections/new/amazon/na"
    assert "A1NORTHNA7SIM" in answer.content.decode()
    assert not ConnectAttempt.objects.exists()


@pytest.mark.usefixtures("_registered")
def test_who_agrees_goes_back_to_the_marketplace_with_a_state_of_ours(
    cast: Cast,
) -> None:
    client = signed_in(cast.alice)
    page = client.get(start())["Location"]
    policy = client.get(page)["Content-Security-Policy"]
    (forms,) = [p.split() for p in policy.split("; ") if p.startswith("form-action")]
    assert set(forms[1:]) == {"'self'", "https://sellercentral.amazon.com"}
    gone = urlsplit(client.post(page, {"features": ["orders"]})["Location"])
    assert f"{gone.scheme}://{gone.netloc}{gone.path}" == BACK
    query = parse_qs(gone.query)
    assert set(query) == {"amazon_state", "state", "redirect_uri", "version"}
    assert (query["amazon_state"], query["version"]) == (["theirs"], ["beta"])
    assert query["redirect_uri"][0].endswith("/connections/amazon/callback")


@pytest.mark.usefixtures("_registered")
@pytest.mark.parametrize(
    "changes",
    [
        {"amazon_callback_uri": "https://evil.example/apps/authorize/confirm/x"},
        {"amazon_callback_uri": "https://sellercentral.amazon.com.evil.example/"},
        {"amazon_callback_uri": "https://sellercentral.amazon.com@evil.example/"},
        {"amazon_callback_uri": "//evil.example/"},
        {"amazon_callback_uri": "javascript:alert(1)"},
        {"amazon_callback_uri": "https://login.account.wal-mart.com/"},
        {"amazon_callback_uri": f"{BACK}#frag"},
        {"amazon_callback_uri": ""},
        {"amazon_state": ""},
        {"amazon_state": "two\r\nlines"},
        {"amazon_state": "x" * 1_001},
    ],
)
def test_a_start_that_isnt_amazons_leads_nowhere(
    cast: Cast, changes: dict[str, str]
) -> None:
    client = signed_in(cast.alice)
    page = start(**changes).replace(START, "/s/north/connections/new/amazon/na")
    for answer in (
        client.get(start(**changes)),
        client.get(page),
        client.post(page, {"features": ["orders"]}),
    ):
        assert answer.status_code == 400
        assert "Location" not in answer
        assert "evil" not in answer.content.decode()
        assert "evil" not in answer["Content-Security-Policy"]
    assert not ConnectAttempt.objects.exists()


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("sellercentral.amazon.com.mx", "na"),
        ("sellercentral-europe.amazon.com", "eu"),
        ("sellercentral.amazon.com.tr", "eu"),
        ("sellercentral.amazon.co.jp", "fe"),
    ],
)
def test_the_region_is_that_of_the_host(cast: Cast, host: str, region: str) -> None:
    address = start(amazon_callback_uri=f"https://{host}/apps/authorize/confirm/x")
    answer = signed_in(cast.alice).get(address)
    assert answer["Location"].startswith(f"/s/north/connections/new/amazon/{region}?")


def test_who_manages_several_sellers_chooses_one(cast: Cast) -> None:
    join(actor=None, seller=cast.south, user=cast.alice, role=Role.MANAGER)
    text = signed_in(cast.alice).get(start()).content.decode()
    assert "/s/north/connections/new/amazon/na?" in text
    assert "/s/south/connections/new/amazon/na?" in text


@pytest.mark.parametrize("who", ["bob", "olga", "carl"])
def test_who_may_connect_nowhere_is_told_so(cast: Cast, who: str) -> None:
    answer = signed_in(getattr(cast, who)).get(start())
    assert answer.status_code == 200
    assert "/s/" not in answer.content.decode()
    assert "Nothing was connected" in answer.content.decode()


@pytest.mark.usefixtures("_registered")
def test_an_account_the_seller_has_is_renewed_and_keeps_its_features(
    cast: Cast,
) -> None:
    known = rows.connect(cast.north, account=TOLD["selling_partner_id"])
    rows.connect(cast.south, account="ASOUTH")
    client = signed_in(cast.alice)
    page = client.get(start())["Location"]
    assert "again" in client.get(page).content.decode()
    client.post(page, {"features": ["orders"]})
    assert ConnectAttempt.objects.get().renews == known


def test_an_account_of_another_seller_isnt_betrayed(cast: Cast) -> None:
    rows.connect(cast.south, account=TOLD["selling_partner_id"])
    client = signed_in(cast.alice)
    page = client.get(start())["Location"]
    assert page.startswith("/s/north/connections/new/amazon/na?")
    assert "again" not in client.get(page).content.decode()


def test_a_marketplace_that_brings_nothing_leads_to_the_ordinary_way(
    cast: Cast,
) -> None:
    client = signed_in(cast.alice)
    told = client.get("/connections/walmart/start?amazon_callback_uri=https://evil/")
    assert told["Location"] == "/s/north/connections/new/walmart/us"
    text = client.get(START).content.decode()
    assert text.count("/s/north/connections/new/amazon/") == 3


def test_a_marketplace_that_isnt_there_is_nowhere(cast: Cast) -> None:
    assert signed_in(cast.alice).get("/connections/ebay/start").status_code == 404


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_seller_who_begins_at_amazon_ends_connected(
    live_server: LiveServer,
    browser: Browser,
    cast: Cast,
    simulators: Simulators,
    settings: Any,
) -> None:
    simulator = simulators(clock=lambda: datetime.now(UTC))
    base = live_server.url.replace("127.0.0.1", "localhost")
    settings.PUBLIC_ADDRESS = base
    back = f"{simulator.address}/apps/authorize/confirm/{APPS['amazon'].application_id}"
    page = browser.new_context(ignore_https_errors=True).new_page()
    watched = Watched(page, base)
    address = start(amazon_callback_uri=back, amazon_state=AMAZON_STATE)
    page.goto(base + address)
    come_in(page)
    page.get_by_role("link", name="North America").click()
    watched.shoot("start-connect")
    page.get_by_role("button", name="Go to Amazon").click()
    page.wait_for_url(f"{simulator.address}/**")
    page.get_by_label("Account").select_option("north-amazon-na")
    page.get_by_role("button", name="Approve").click()
    page.wait_for_url("**/s/north/connections/**")
    watched.reads("Amazon is connected")
    (made,) = Connection.objects.of_seller(cast.north)
    assert made.account_id == TOLD["selling_partner_id"]
    assert watched.complaints == []
