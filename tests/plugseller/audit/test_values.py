"""No personal value and no secret ever gets into an entry."""

import json
from typing import Any

import pytest
from auditlog.registry import auditlog
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from marketplaces.models import Connection, Order
from plugseller.accounts.models import Seller, User
from plugseller.audit import diff
from plugseller.audit.checks import check_fields
from plugseller.audit.models import Entry
from plugseller.audit.services import Acting, acting
from plugseller.audit.verify import verify
from plugseller.shelves import By
from tests.conftest import Cast

CANARY = "Atzr|SECRETREFRESHTOKEN-c4n4ry"
OURS = [
    model
    for model in apps.get_models(include_auto_created=False)
    if model.__module__.partition(".")[0]
    in ("plugseller", "marketplaces", "compliance")
]


def _whole_table() -> str:
    """Everything that lies in the table, as text."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM audit_entry")
        return json.dumps(cursor.fetchall(), default=str, ensure_ascii=False)


def test_every_model_of_ours_and_each_right_is_spoken_of() -> None:
    assert diff.unregistered([*OURS, User, Group, Permission]) == []


@pytest.mark.parametrize(
    ("model", "field"),
    [
        (User, "email"),
        (User, "name"),
        (User, "password"),
        (User, "last_login"),
        (Seller, "name"),
        (Connection, "credentials"),
    ],
)
def test_a_personal_or_sealed_field_can_not_be_registered(
    model: Any, field: str
) -> None:
    before = auditlog.get_model_fields(model)
    with pytest.raises(ImproperlyConfigured, match=field):
        diff.audited(model, fields=["id", field])
    assert auditlog.get_model_fields(model) == before


@pytest.mark.parametrize("fields", [None, ["status", "credentials"]])
def test_a_registration_past_the_allow_list_stops_the_check(
    fields: list[str] | None,
) -> None:
    assert check_fields() == []
    before = auditlog.get_model_fields(Connection)["include_fields"]
    try:
        auditlog.register(Connection, include_fields=fields)
        found = {check.msg.split()[0] for check in check_fields()}
    finally:
        auditlog.register(Connection, include_fields=before)
    assert "marketplaces.Connection.credentials" in found
    assert check_fields() == []


def test_a_sealed_value_is_in_no_entry_not_even_by_half(cast: Cast) -> None:
    """Auditlog reads attributes, where a value may be open, and masks half of it."""
    account = Connection.unfenced.create(
        seller=cast.north,
        marketplace="amazon",
        region="eu",
        account_id="A1",
        label=CANARY,
        credentials={"refresh_token": CANARY},
    )
    account.credentials = {"refresh_token": CANARY[::-1]}
    account.status = Connection.Status.ATTENTION
    account.trouble = CANARY
    account.save()
    entries = Entry.objects.get_for_object(account).order_by("id")
    assert [entry.event for entry in entries] == ["row.created", "row.changed"]
    assert entries[1].changes == {"status": ["active", "attention"]}
    assert entries[1].seller_id == cast.north.pk
    everything = _whole_table()
    for part in (CANARY, CANARY[-12:], CANARY[:12], CANARY[::-1][:12], "•"):
        assert part not in everything


def test_nothing_personal_is_in_an_entry_about_people(cast: Cast) -> None:
    with acting(Acting(kind=By.PERSON, user_id=cast.carl.pk)):
        cast.alice.email = "canary@example.test"
        cast.alice.name = "Canary Person"
        cast.alice.set_password("Canary-Password-1")
        cast.alice.time_zone = "Asia/Tokyo"
        cast.alice.save()
        cast.alice.delete()
    everything = _whole_table().lower()
    for value in ("canary", "example.test", "alice", "md5$", "charlie"):
        assert value not in everything
    changed = Entry.objects.filter(event="row.changed").latest()
    assert changed.changes == {"time_zone": ["UTC", "Asia/Tokyo"]}
    assert changed.actor_id == cast.carl.pk


def test_there_is_no_column_for_an_address_or_a_whole_row() -> None:
    columns = {field.column for field in Entry._meta.concrete_fields}
    assert not columns & {"actor_email", "serialized_data", "changes_text", "cid"}


def test_what_str_says_is_not_kept(cast: Cast) -> None:
    entry = Entry.objects.filter(object_pk=str(cast.north.pk)).latest()
    assert entry.object_repr == "accounts.seller"


@pytest.mark.django_db
def test_clearing_a_relation_logs_what_was_in_it_and_no_other_row(cast: Cast) -> None:
    """Auditlog would log every row of the other table."""
    mine, other = Group.objects.create(name="one"), Group.objects.create(name="two")
    cast.bob.groups.add(mine)
    cast.charlie.groups.add(other)
    cast.bob.groups.clear()
    cleared = Entry.objects.filter(event="row.related").latest()
    assert cleared.object_pk == str(cast.bob.pk)
    assert cleared.additional_data == {
        "relation": "accounts.user.groups",
        "removed": [str(mine.pk)],
    }
    mine.user_set.set([cast.bob])
    mine.user_set.clear()
    cleared = Entry.objects.filter(event="row.related").latest()
    assert cleared.object_repr == "auth.group"
    assert cleared.additional_data["removed"] == [str(cast.bob.pk)]
    cast.bob.groups.clear()
    assert Entry.objects.filter(event="row.related").latest() == cleared
    assert verify().is_whole


def test_rows_written_many_at_a_time_are_left_to_whoever_writes_them() -> None:
    assert "sync.run" in diff.SUMMED_UP[Order]
    assert not auditlog.contains(Order)
