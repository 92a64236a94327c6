"""ACC-2: “Every access is authenticated and logged.”"""

from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.db import DEFAULT_DB_ALIAS, connection
from django.utils import timezone

from plugseller.audit import triggers
from plugseller.audit.checkpoints import sign_checkpoint
from plugseller.audit.jobs import check
from plugseller.audit.models import Entry
from tests.conftest import Cast
from tests.promise.controls import fails, found, passes

CHAIN, FACTORS = "acc-2.chain", "acc-2.second_factors"


def newest() -> int:
    return int(Entry.objects.latest("id").pk)


def change(sql: str, number: int) -> None:
    triggers.lift(DEFAULT_DB_ALIAS)
    with connection.cursor() as cursor:
        cursor.execute(sql, [number])
    triggers.install(DEFAULT_DB_ALIAS)


@pytest.mark.django_db(transaction=True)
def test_the_log_is_whole_and_each_change_of_it_is_found(cast: Cast) -> None:
    sign_checkpoint(timezone.now())
    check(timezone.now())
    assert passes(CHAIN)
    assert found(CHAIN).evidence["entries looked at"] == 2  # the sealed one, and this

    change("UPDATE audit_entry SET event = 'x' WHERE id = %s", newest())
    assert fails(CHAIN)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("entries", [1, 2])
def test_a_cut_end_breaks_it(cast: Cast, entries: int) -> None:
    check(timezone.now())
    check(timezone.now())
    sign_checkpoint(timezone.now())
    change("DELETE FROM audit_entry WHERE id > %s", newest() - entries)
    assert fails(CHAIN)


@pytest.mark.django_db(transaction=True)
def test_a_log_that_could_be_changed_breaks_it(cast: Cast) -> None:
    check(timezone.now())
    triggers.lift(DEFAULT_DB_ALIAS)
    try:
        assert fails(CHAIN)
    finally:
        triggers.install(DEFAULT_DB_ALIAS)


@pytest.mark.django_db
def test_a_log_nobody_verified_for_a_week_breaks_it(cast: Cast) -> None:
    check(timezone.now())
    assert fails(CHAIN, timezone.now() + timedelta(days=8))


@pytest.mark.django_db
def test_everybody_shows_a_second_factor(cast: Cast) -> None:
    assert passes(FACTORS)
    Authenticator.objects.filter(user=cast.carl).delete()
    assert fails(FACTORS)


@pytest.mark.django_db
def test_a_door_without_its_guard_breaks_it(cast: Cast, settings: Any) -> None:
    guard = "plugseller.accounts.guard.Guard"
    settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if one != guard]
    assert fails(FACTORS)
