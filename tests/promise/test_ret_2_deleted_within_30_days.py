"""RET-2: “Personal data is deleted within 30 days of a request, or when it is no longer
required.”"""

from datetime import timedelta

import pytest
from django.utils import timezone

from compliance.deletion.models import DeletionRequest
from compliance.models import Certificate
from tests.promise.controls import fails, found, passes

pytestmark = pytest.mark.django_db
CONTROL = "ret-2.requests"


def asked(*, days_ago: int, status: str = "received") -> DeletionRequest:
    received = timezone.now() - timedelta(days=days_ago)
    return DeletionRequest.objects.create(
        reference=f"DEL-{days_ago:04}-TEST",
        source="letter",
        kind="account",
        status=status,
        what="The whole account",
        received_at=received,
        due_at=received + timedelta(days=30),
        ended_at=timezone.now() if status == "completed" else None,
    )


def test_requests_are_within_their_time() -> None:
    asked(days_ago=29)
    assert passes(CONTROL)
    assert found(CONTROL).evidence["days the oldest has been open"] == 29


def test_one_that_is_late_breaks_it() -> None:
    asked(days_ago=31)
    assert fails(CONTROL)


def test_so_does_one_that_ended_without_its_certificate() -> None:
    done = asked(days_ago=3, status="completed")
    assert fails(CONTROL)
    Certificate.objects.create(
        request=done, body={}, signature="x", key_id="x", issued_at=timezone.now()
    )
    assert passes(CONTROL)
