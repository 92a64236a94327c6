"""`manage.py rotate_keys --seller`, and what is sealed in no sealed field."""

import json
from datetime import timedelta
from io import StringIO
from uuid import UUID

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from plugseller.accounts.sealed import SecondFactors, Sessions
from plugseller.crypto import services
from plugseller.crypto.models import DataKey
from plugseller.crypto.resealing import finish_owner, rotate_owner
from plugseller.crypto.services import INSTALLATION, UnwrappedKeys, create_data_key
from plugseller.jobs import outbox
from plugseller.jobs.models import OutgoingMail
from tests.conftest import Cast, enter, signed_in

pytestmark = pytest.mark.django_db


def rotated(*options: str) -> dict[str, int]:
    out = StringIO()
    call_command("rotate_keys", *options, "--json", stdout=out, stderr=StringIO())
    row: dict[str, int] = json.loads(out.getvalue())["rows"][0]
    return row


@pytest.mark.django_db(transaction=True)
def test_one_sellers_values_get_a_new_key_and_nobody_elses(cast: Cast) -> None:
    for seller in (cast.north, cast.south):
        create_data_key(seller.pk)
        outbox.post(to="a@b.test", subject="Hello", text="There", owner=seller.pk)
    theirs = DataKey.objects.get(owner=cast.south.pk, destroyed_at=None)
    row = rotated("--seller", "north")
    assert (row["owners"], row["sealed anew"], row["left"]) == (1, 1, 0)
    assert DataKey.objects.filter(owner=cast.north.pk).count() == 2
    assert DataKey.objects.get(owner=cast.south.pk) == theirs
    services._unwrapped = UnwrappedKeys()
    mail = OutgoingMail.objects.get(owner=cast.north.pk)
    assert mail.content.reveal()["text"] == "There"
    assert rotated("--seller", "north", "--finish")["sealed anew"] == 0
    assert DataKey.objects.filter(owner=cast.north.pk).count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_seller_nobody_knows_is_refused(cast: Cast) -> None:
    with pytest.raises(CommandError, match="no seller “nobody”"):
        rotated("--seller", "nobody")


@pytest.mark.django_db(transaction=True)
def test_every_data_key_can_be_replaced_at_once(cast: Cast) -> None:
    owners = DataKey.objects.values_list("owner", flat=True).distinct().count()
    assert rotated("--data-keys")["owners"] == owners
    current = DataKey.objects.filter(retired_at=None)
    assert current.count() == owners
    assert DataKey.objects.count() == 2 * owners


def test_second_factors_go_along_and_still_work(cast: Cast) -> None:
    now = timezone.now()
    old = set(DataKey.objects.filter(owner=cast.alice.pk).values_list("pk", flat=True))
    assert SecondFactors().count(cast.alice.pk, old) >= 1
    done = rotate_owner(cast.alice.pk, now=now)
    assert done.left == 0
    assert SecondFactors().count(cast.alice.pk, old) == 0
    assert finish_owner(cast.alice.pk, now=now + timedelta(days=1)).destroyed == 1
    services._unwrapped = UnwrappedKeys()
    browser = Client()
    assert enter(browser, cast.alice.email).status_code == 302
    assert browser.get("/account/sessions").status_code == 200
    assert Authenticator.objects.filter(user=cast.alice).exists()


def test_a_session_that_is_alive_keeps_the_key_it_was_sealed_with(cast: Cast) -> None:
    now = timezone.now()
    browser = signed_in(cast.alice)
    old = DataKey.objects.get(owner=INSTALLATION, retired_at=None).pk
    assert Sessions().count(INSTALLATION, {old}) == 1
    rotate_owner(INSTALLATION, now=now)
    assert browser.get("/account/sessions").status_code == 200
    Session.objects.update(session_data=_sealed_before(old))
    later = now + timedelta(days=1)
    assert finish_owner(INSTALLATION, now=later).destroyed == 0
    Session.objects.update(expire_date=now - timedelta(seconds=1))
    assert finish_owner(INSTALLATION, now=later).destroyed == 1


def _sealed_before(key_id: UUID) -> str:
    """Session data under the older key, as a process that hadn't heard would write."""
    current = DataKey.objects.filter(owner=INSTALLATION, retired_at=None)
    older = DataKey.objects.get(pk=key_id)
    row = current.get()
    retired_at = older.retired_at
    current.update(retired_at=retired_at)
    DataKey.objects.filter(pk=key_id).update(retired_at=None)
    data = SessionStore().encode({"a": 1})
    DataKey.objects.filter(pk=key_id).update(retired_at=retired_at)
    DataKey.objects.filter(pk=row.pk).update(retired_at=None)
    return data
