"""django-auditlog's traps T1 to T5 stay shut, and each ground event leaves its entry.

T1 and T2 (masks that show half, sealed fields in plaintext, `str()` of a row) are in
test_values.py, T4 (autocommit) in test_fail_closed.py, T5 (entries can be changed,
`auditlogflush`) in test_append_only.py.
"""

import json
from typing import Any

import pytest
from auditlog.models import LogEntry
from auditlog.signals import accessed
from django.conf import settings
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.utils import timezone

from plugseller.accounts.models import Seller, User
from plugseller.accounts.roles import Role
from plugseller.accounts.services import join, leave
from plugseller.audit.acting import AGENT_LENGTH
from plugseller.audit.models import Entry
from plugseller.crypto.services import rewrap_data_keys
from plugseller.keyprovider import provider
from tests.conftest import PASSWORD, Cast, enter, person, signed_in

pytestmark = pytest.mark.django_db
CANARY = "c4n4ry"


def test_auditlog_masks_nothing_because_nothing_is_registered_to_be_masked() -> None:
    """T1: a mask shows the second half."""
    from auditlog.registry import auditlog

    for model in auditlog.get_models():
        assert auditlog.get_model_fields(model)["mask_fields"] == []


def test_a_write_round_the_signals_leaves_no_entry_so_services_record(
    cast: Cast,
) -> None:
    """T3: what auditlog can't see is why each service has an entry of its own."""
    before = Entry.objects.count()
    Seller.objects.filter(pk=cast.south.pk).update(time_zone="Asia/Tokyo")
    assert Entry.objects.count() == before
    join(actor=cast.alice, seller=cast.north, user=cast.charlie, role=Role.VIEWER)
    assert (
        Entry.objects.filter(event="member.joined").latest().actor_id == cast.alice.pk
    )


def test_auditlogs_own_table_and_page_are_out_of_use() -> None:
    assert LogEntry._meta.swapped == "audit.Entry"
    assert LogEntry not in admin.site._registry


@pytest.mark.parametrize(
    ("event", "subject"),
    [
        ("person.created", "accounts.user"),
        ("second_factor.added", "accounts.user"),
        ("member.joined", "accounts.membership"),
        ("member.left", "accounts.membership"),
        ("row.deleted", "accounts.membership"),
    ],
)
def test_what_happens_to_people_leaves_its_entry(
    cast: Cast, event: str, subject: str
) -> None:
    gregor = person("gregor")
    join(actor=cast.alice, seller=cast.north, user=gregor, role=Role.VIEWER)
    leave(actor=cast.alice, seller=cast.north, user=gregor, now=timezone.now())
    entry = Entry.objects.filter(event=event, object_repr=subject).latest()
    assert entry.object_pk
    assert "gregor" not in json.dumps([entry.additional_data, entry.changes])


def test_a_row_that_a_package_says_was_opened_is_logged(cast: Cast) -> None:
    accessed.send(User, instance=cast.bob)
    entry = Entry.objects.latest()
    assert (entry.event, entry.object_pk) == ("row.read", str(cast.bob.pk))


def test_wrapping_data_keys_anew_is_logged(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys, kind = provider(), type(provider())
    current, read = keys.current_master_id(), kind.master_key
    new = "0002-0123456789ab"
    monkeypatch.setattr(kind, "current_master_id", lambda self: new)
    monkeypatch.setattr(
        kind,
        "master_key",
        lambda self, key_id: read(self, current if key_id == new else key_id),
    )
    assert rewrap_data_keys() > 0
    entry = Entry.objects.filter(event="data_key.rewrapped").latest()
    assert entry.rows


def test_the_actor_of_a_page_is_the_person_with_request_and_address(cast: Cast) -> None:
    signed_in(cast.alice).get("/s/north/orders", REMOTE_ADDR="192.0.2.4")
    entry = Entry.objects.latest()
    assert (entry.actor_id, entry.actor_kind, entry.via) == (
        cast.alice.pk,
        "person",
        "",
    )
    assert entry.request_id
    assert entry.remote_addr == "192.0.2.4"


def test_a_forged_way_is_not_believed(cast: Cast) -> None:
    signed_in(cast.alice).get(
        "/s/north/orders",
        REMOTE_ADDR="192.0.2.4",
        headers={"X-Forwarded-For": "6.6.6.6"},
    )
    assert settings.TRUSTED_PROXIES == 0
    assert Entry.objects.latest().remote_addr == "192.0.2.4"


def _everything() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM audit_entry")
        return json.dumps(cursor.fetchall(), default=str, ensure_ascii=False).lower()


def test_after_a_tour_of_all_pages_nothing_personal_is_in_any_entry(
    cast: Cast, django_user_model: Any
) -> None:
    """Marks in the e-mail, the name, the filters, the address, a long user agent."""
    mark = person(f"{CANARY}-mail")
    mark.name = f"{CANARY} name"
    mark.save()
    join(actor=cast.alice, seller=cast.north, user=mark, role=Role.OWNER)
    cast.north.name = f"{CANARY} shop"
    cast.north.save()
    agent = "Firefox " + "y" * AGENT_LENGTH + CANARY
    stranger = Client(headers={"User-Agent": agent})
    stranger.post("/sign-in", {"login": f"{CANARY}@example.test", "password": CANARY})
    enter(stranger, mark.email)
    client = signed_in(mark)
    client.defaults["HTTP_USER_AGENT"] = agent
    client.defaults["HTTP_REFERER"] = f"https://example.test/{CANARY}"
    client.raise_request_exception = False
    for page in (
        "",
        "orders",
        "listings",
        "inventory",
        "prices",
        "connections",
        "what-we-fetch",
        "activity",
        "activity.csv",
        *(f"{name}.csv" for name in ("orders", "listings", "inventory", "prices")),
        f"{CANARY}-no-such-page",
    ):
        answer: Any = client.get(f"/s/north/{page}?q={CANARY}&status={CANARY}")
        assert answer.status_code in (200, 302, 400, 404), page
        if answer.streaming:
            b"".join(answer.streaming_content)
    client.get(f"/s/{CANARY}/orders")
    client.get("/account/sessions")
    client.post("/account/password", {"oldpassword": CANARY, "password1": PASSWORD})
    officer = signed_in(cast.carl)
    officer.post("/admin/audit/entry/search/", {"person": mark.email}, follow=True)
    officer.get(f"/admin/accounts/user/?q={CANARY}")
    leave(actor=cast.alice, seller=cast.north, user=mark, now=timezone.now())
    told = _everything()
    assert "read.orders.list" in told
    for part in (CANARY, "example.test", PASSWORD.lower(), "md5$", "argon2"):
        assert part not in told, part
    assert max(map(len, Entry.objects.values_list("agent", flat=True))) == AGENT_LENGTH
