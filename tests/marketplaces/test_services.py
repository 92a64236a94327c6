"""Secrets that a seller made, features on and off, and the end of a connection."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django_q.models import OrmQ

from marketplaces.credentials import unpack
from marketplaces.datamap import Feature
from marketplaces.models import Connection, Order, SyncRun
from marketplaces.services import (
    ConnectRefused,
    ask_for_sync,
    connect_with_secrets,
    disconnect,
    secrets_asked,
    switch_feature,
)
from marketplaces.simulator.desk import own_keys
from marketplaces.simulator.server import Simulator
from marketplaces.sync.engine import Progress, sync_connection
from plugseller.audit.models import Entry
from plugseller.jobs.leases import LeaseLost
from tests.conftest import NOW, Cast
from tests.marketplaces.conftest import TestClock, connect_account


def secrets_of(simulator: Simulator, key: str) -> dict[str, str]:
    """What a seller would copy from the marketplace's developer pages."""
    account = simulator.account(key)
    if account.marketplace == "walmart":
        keys = own_keys(account)
        return {
            "sellerId": account.account_id,
            "client_id": keys.client_id,
            "client_secret": keys.client_secret,
        }
    token = simulator.desk.refresh_token(account)
    return {"selling_partner_id": account.account_id, "refresh_token": token}


def connect(cast: Cast, secrets: dict[str, str], **more: Any) -> Connection:
    return connect_with_secrets(
        **{
            "actor": cast.alice,
            "seller": cast.north,
            "marketplace": "amazon",
            "region": "na",
            "secrets": secrets,
            "features": [Feature.ORDERS],
            "now": NOW,
            **more,
        }
    )


def test_a_private_apps_token_is_proven_by_a_renewal_and_kept(
    cast: Cast, simulator: Simulator
) -> None:
    secrets = secrets_of(simulator, "north-amazon-na")
    made = connect(cast, secrets)
    assert [call.path for call in simulator.calls] == ["/auth/o2/token"]
    assert made.credentials is not None
    assert unpack(made.credentials).refresh_token.reveal() == secrets["refresh_token"]
    assert made.reconnect_by == NOW + timedelta(days=365)


def test_a_walmart_sellers_own_keys_need_no_app_of_ours(
    cast: Cast, simulator: Simulator, settings: Any
) -> None:
    settings.MARKETPLACE_APPS["walmart"] |= {"client_id": "", "client_secret": ""}
    secrets = secrets_of(simulator, "north-walmart")
    assert tuple(secrets) == secrets_asked("walmart")
    made = connect(cast, secrets, marketplace="walmart", region="us")
    assert made.reconnect_by is None
    assert made.credentials is not None
    assert unpack(made.credentials).client_secret.reveal() == secrets["client_secret"]

    runs = sync_connection(made.pk, clock=TestClock())

    assert {run.outcome for run in runs} == {SyncRun.Outcome.DONE}
    assert Order.objects.of_seller(cast.north).filter(connection=made).exists()
    assert not Order.objects.of_seller(cast.south).exists()


@pytest.mark.parametrize("name", ["sellerId", "client_id", "client_secret"])
def test_a_walmart_seller_cant_leave_out_the_seller_id_or_a_key(
    cast: Cast, simulator: Simulator, name: str
) -> None:
    secrets = secrets_of(simulator, "north-walmart")
    del secrets[name]
    with pytest.raises(ConnectRefused, match=name):
        connect(cast, secrets, marketplace="walmart", region="us")
    assert not Connection.unfenced.exists()
    assert simulator.calls == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"refresh_token": "Atzr|unknown-token"},
        {"refresh_token": ""},
        {"refresh_token": "Atzr|with space"},
        {"refresh_token": "Atzr|line\nbreak"},
        {"refresh_token": "Atzr|ş" * 4},
        {"refresh_token": "x" * 10_000},
        {"selling_partner_id": ""},
        {"selling_partner_id": "A1/../../x"},
    ],
)
def test_a_wrong_or_malformed_secret_stores_nothing_and_isnt_quoted(
    cast: Cast, simulator: Simulator, wrong: dict[str, str]
) -> None:
    secrets = secrets_of(simulator, "north-amazon-na") | wrong
    with pytest.raises(ConnectRefused) as caught:
        connect(cast, secrets)
    assert not Connection.unfenced.exists()
    entry = Entry.objects.get(event="connection.refused")
    for value in wrong.values():
        assert not value or value not in f"{caught.value} {entry.additional_data}"


def test_only_those_with_the_right_connect_switch_and_disconnect(
    cast: Cast, simulator: Simulator
) -> None:
    held = connect_account(cast.north, simulator, "north-amazon-na")
    for person in (cast.bob, cast.charlie, cast.olga):
        with pytest.raises(PermissionDenied):
            connect(cast, secrets_of(simulator, "north-amazon-na"), actor=person)
        with pytest.raises(PermissionDenied):
            switch_feature(
                actor=person, connection=held, feature=Feature.ORDERS, on=False
            )
        with pytest.raises(PermissionDenied):
            disconnect(actor=person, connection=held)
        with pytest.raises(PermissionDenied):
            ask_for_sync(actor=person, connection=held)
    held.refresh_from_db()
    assert held.is_live
    assert not OrmQ.objects.exists()


def test_a_feature_goes_off_and_on_with_an_entry_each(
    cast: Cast, simulator: Simulator
) -> None:
    held = connect_account(cast.north, simulator, "north-walmart")
    for on in (False, True):
        switch_feature(
            actor=cast.alice, connection=held, feature=Feature.ORDERS, on=on, now=NOW
        )
        assert held.switches.get(feature="orders").on is on
    events = Entry.objects.filter(event__startswith="connection.feature")
    assert [e.event for e in events.order_by("id")] == [
        "connection.feature_off",
        "connection.feature_on",
    ]
    with pytest.raises(ConnectRefused, match="has no feature"):
        switch_feature(
            actor=cast.alice, connection=held, feature=Feature.CATALOG, on=True
        )


def test_disconnecting_drops_the_credentials_once(
    cast: Cast, simulator: Simulator
) -> None:
    held = connect_account(cast.north, simulator, "north-amazon-na")
    for _ in range(2):
        disconnect(actor=cast.alice, connection=held, now=NOW)
    held.refresh_from_db()
    assert (held.status, held.credentials, held.ended_at) == ("disconnected", None, NOW)
    assert Entry.objects.filter(event="connection.disconnected").count() == 1


def test_a_sync_under_way_writes_nothing_more_after_the_disconnect(
    cast: Cast, simulator: Simulator, clock: TestClock
) -> None:
    """Its access token would be good for an hour yet."""
    held = connect_account(cast.north, simulator, "north-amazon-na")

    def leave(_: Progress) -> None:
        disconnect(actor=cast.alice, connection=held, now=NOW)

    with pytest.raises(LeaseLost):
        sync_connection(held.pk, clock=clock, progress=leave)
    assert len([c for c in simulator.calls if c.path != "/auth/o2/token"]) == 1


def test_asking_for_a_sync_queues_the_id_and_nothing_else(
    cast: Cast, simulator: Simulator
) -> None:
    held = connect_account(cast.north, simulator, "north-amazon-na")
    ask_for_sync(actor=cast.alice, connection=held)
    task = OrmQ.objects.get().task
    assert task["args"][0] == str(held.pk)
    assert Entry.objects.filter(event="sync.asked", actor=cast.alice).exists()
