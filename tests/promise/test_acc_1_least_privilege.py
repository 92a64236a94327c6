"""ACC-1: “Access follows the principles of least privilege and need to know.”"""

from datetime import timedelta

import pytest
from django.utils import timezone
from guardian.shortcuts import assign_perm

from plugseller.accounts.models import Grant, User
from plugseller.shelves import Verdict
from tests.conftest import Cast
from tests.promise.controls import fails, found, passes

pytestmark = pytest.mark.django_db
CONTROL = "acc-1.staff"


def granted(cast: Cast, *, hours: int, **fields: object) -> None:
    now = timezone.now()
    Grant.objects.create(
        seller=cast.north,
        person=cast.olga,
        permissions=["view_orders"],
        reason="A question about an order",
        ticket="T-1",
        hours=8,
        starts_at=now,
        ends_at=now + timedelta(hours=hours),
        **fields,
    )


def test_staff_hold_nothing_but_approved_hours(cast: Cast) -> None:
    granted(cast, hours=8, approved_by=cast.carl)
    assert passes(CONTROL)


def test_a_standing_right_of_staff_breaks_it(cast: Cast) -> None:
    assign_perm("accounts.view_orders", cast.olga, cast.north)
    assert fails(CONTROL)


def test_a_superuser_breaks_it(cast: Cast) -> None:
    User.objects.filter(pk=cast.bob.pk).update(is_superuser=True)
    assert fails(CONTROL)


def test_a_grant_without_approval_breaks_it(cast: Cast) -> None:
    granted(cast, hours=1)
    assert fails(CONTROL)


def test_a_grant_for_days_breaks_it(cast: Cast) -> None:
    granted(cast, hours=48, approved_by=cast.carl)
    assert fails(CONTROL)


def test_an_emergency_that_waits_for_review_is_a_remark(cast: Cast) -> None:
    ago = timezone.now() - timedelta(days=3)
    granted(cast, hours=1, break_glass=True, review_due_at=ago, ended_at=ago)
    assert found(CONTROL).verdict == Verdict.WARN
