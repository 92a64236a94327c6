"""What the machine finds odd about an access (GOV-1)."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator

from compliance.governance.reviews import flags
from compliance.governance.reviews.choices import Kind, Sort
from compliance.governance.reviews.snapshot import of_seller
from compliance.packing import Period
from plugseller.accounts.enrolling import enrolling
from plugseller.accounts.models import ApiToken, Grant, Membership, User
from plugseller.accounts.roles import Permission
from plugseller.accounts.services import make_token
from plugseller.audit.models import Entry
from plugseller.audit.services import Acting, acting, record, record_access
from plugseller.shelves import By
from tests.compliance.governance.reviewed import DAY, START, began, item, settled
from tests.conftest import NOW, Cast

pytestmark = pytest.mark.django_db


PERIOD = Period(START, NOW)


def of(person: User, period: Period = PERIOD) -> tuple[str, ...]:
    return flags.of_people([User.objects.get(pk=person.pk)], period)[person.pk]


def test_who_is_well_has_none(cast: Cast) -> None:
    settled(cast.bob)
    assert of(cast.bob) == ()


def test_dormant_after_ninety_days(cast: Cast) -> None:
    settled(cast.bob)
    User.objects.filter(pk=cast.bob.pk).update(last_login=NOW - 90 * DAY)
    assert of(cast.bob) == ()
    User.objects.filter(pk=cast.bob.pk).update(last_login=NOW - 91 * DAY)
    assert of(cast.bob) == (flags.DORMANT,)


def test_never_signed_in_once_there_was_time_for_it(cast: Cast) -> None:
    settled(cast.bob)
    User.objects.filter(pk=cast.bob.pk).update(last_login=None)
    assert of(cast.bob) == (flags.NEVER,)
    User.objects.filter(pk=cast.bob.pk).update(joined_at=NOW - DAY)
    assert of(cast.bob) == ()


def test_no_second_factor(cast: Cast) -> None:
    settled(cast.bob)
    with enrolling(cast.bob):
        Authenticator.objects.filter(user=cast.bob).delete()
    assert of(cast.bob) == (flags.NO_MFA,)


def test_a_leaver_who_still_has_a_role(cast: Cast) -> None:
    settled(cast.bob)
    User.objects.filter(pk=cast.bob.pk).update(is_active=False)
    assert of(cast.bob) == (flags.LEAVER,)


def sign_ins(someone: User, networks: int) -> None:
    for number in range(networks):
        with acting(Acting(kind=By.ANONYMOUS, address=f"198.51.{number}.7")):
            record("person.signed_in", actor=someone)


def test_shared_is_one_person_in_many_networks_a_day(cast: Cast) -> None:
    settled(cast.bob)
    period = Period(START, NOW + 60 * DAY)
    User.objects.filter(pk=cast.bob.pk).update(last_login=NOW + 59 * DAY)
    sign_ins(cast.bob, flags.NETWORKS)
    assert of(cast.bob, period) == ()
    sign_ins(cast.bob, flags.NETWORKS + 1)
    assert of(cast.bob, period) == (flags.SHARED,)


def key(cast: Cast, kind: str = "personal") -> ApiToken:
    made, _ = make_token(
        actor=cast.alice,
        seller=cast.north,
        kind=kind,
        label="till",
        permissions=[Permission.VIEW_ORDERS],
        days=90,
        now=NOW,
    )
    ApiToken.objects.filter(pk=made.pk).update(created=NOW - 20 * DAY)
    made.refresh_from_db()
    return made


def test_a_shared_key_and_one_nobody_uses(cast: Cast) -> None:
    shared, idle = key(cast), key(cast)
    ApiToken.objects.filter(pk=shared.pk).update(last_used_at=NOW - DAY)
    shared.refresh_from_db()
    for number in range(flags.NETWORKS + 1):
        by = Acting(By.TOKEN, cast.alice.pk, address=f"198.51.{number}.7")
        with acting(Acting(By.TOKEN, by.user_id, None, by.address, via=str(shared.pk))):
            record_access(
                "orders.list", actor=cast.alice, seller_id=cast.north.pk, rows=1
            )
    period = Period(START, NOW + 60 * DAY)
    found = flags.of_tokens([shared, idle], period)
    assert found[shared.pk] == (flags.SHARED,)
    assert found[idle.pk] == (flags.NEVER_USED,)


def granted(cast: Cast) -> Grant:
    return Grant.objects.create(
        seller=cast.north,
        person=cast.olga,
        permissions=[Permission.VIEW_ORDERS.value],
        reason="r",
        ticket="t",
        hours=2,
        asked_at=NOW - DAY,
        starts_at=NOW - DAY,
        ends_at=NOW - DAY + timedelta(hours=2),
    )


def test_a_grant_by_which_nothing_was_read(cast: Cast) -> None:
    settled(cast.olga)
    used, unused = granted(cast), granted(cast)
    record_access(
        "orders.list",
        actor=cast.olga,
        seller_id=cast.north.pk,
        rows=1,
        grant_id=used.pk,
    )
    assert flags.unused_grants([used, unused]) == {unused.pk}
    line = item(began(Kind.ACCESS), Sort.STAFF, cast.olga)
    assert line.flags == [flags.UNUSED]
    assert line.facts["grants used"] == line.facts["grants unused"] == 1


def test_officers_see_that_a_seller_keeps_odd_members_and_no_name(cast: Cast) -> None:
    settled(cast.alice, cast.bob, cast.charlie)
    User.objects.filter(pk=cast.bob.pk).update(is_active=False)
    review = began(Kind.ACCESS)
    line = item(review, Sort.SELLER)
    assert line.seller_id == cast.north.pk
    assert line.facts == {"members": 2, flags.LEAVER: 1}
    assert "bob" not in str(list(review.items.values())).lower()


def test_it_costs_the_same_however_many_there_are(
    cast: Cast, django_assert_num_queries: object
) -> None:
    with django_assert_num_queries(6):  # type: ignore[operator]  # a fixture
        of_seller(cast.north.pk, Period(START, NOW))
    assert Membership.objects.filter(seller=cast.north).count() == 2
    assert Entry.objects.exists()
