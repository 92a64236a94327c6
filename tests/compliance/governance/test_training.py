"""GOV-2: everybody of us is trained once a year, and a second person says so."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.urls import reverse

from compliance import clocks
from compliance.desklines import Block, told
from compliance.governance import controls
from compliance.governance.training.services import (
    TrainingRefused,
    expiry,
    keep_clocks,
    record_training,
)
from compliance.models import Deadline, Training
from plugseller.accounts.models import User
from plugseller.audit.models import Entry
from plugseller.jobs.models import OutgoingMail
from plugseller.shelves import Verdict
from tests.conftest import NOW, Cast, person, signed_in

DAY = timedelta(days=1)
RECORD = "/admin/compliance/training/record/"


def trained(officer: User, someone: User, **more: Any) -> Training:
    fields: dict[str, Any] = {
        "course": Training.Course.DATA_PROTECTION,
        "taken_on": NOW.date(),
        "evidence": "Certificate 17 of Jane Example.",
        "now": NOW,
    }
    return record_training(actor=officer, person=someone, **(fields | more))


@pytest.fixture
def joined(cast: Cast) -> Cast:
    """Our staff joined just now, by the tests' clock."""
    User.objects.update(joined_at=NOW)
    return cast


@pytest.mark.django_db
def test_nobody_records_their_own(cast: Cast) -> None:
    with pytest.raises(TrainingRefused, match="second person"):
        trained(cast.carl, cast.carl)
    assert not Entry.objects.filter(event="training.recorded").exists()
    trained(cast.carl, cast.olga)
    assert Entry.objects.get(event="training.recorded").actor_id == cast.carl.pk
    made = trained(cast.carl, cast.olga)
    with pytest.raises(IntegrityError), transaction.atomic():
        Training.objects.filter(pk=made.pk).update(recorded_by=cast.olga.pk)
    with pytest.raises(PermissionDenied):
        trained(cast.olga, cast.carl)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"taken_on": NOW.date() + DAY}, "future"),
        ({"taken_on": date(2025, 11, 24)}, "12 months ago"),
        ({"evidence": " "}, "how you know"),
        ({"evidence": "x" * 2001}, "how you know"),
    ],
)
def test_what_can_not_be_is_refused(cast: Cast, more: Any, why: str) -> None:
    with pytest.raises(TrainingRefused, match=why):
        trained(cast.carl, cast.olga, **more)
    with pytest.raises(TrainingRefused, match="our own staff"):
        trained(cast.carl, cast.alice)


def test_it_counts_for_twelve_months() -> None:
    assert expiry(date(2026, 11, 24)) == date(2027, 11, 24)
    assert expiry(date(2028, 2, 29)) == date(2029, 2, 28)


@pytest.mark.django_db
def test_who_is_new_has_thirty_days_and_is_told_at_once(joined: Cast) -> None:
    keep_clocks(NOW)
    clock = Deadline.objects.get(duty="training", subject_id=joined.olga.pk)
    assert clock.due_at == NOW + 30 * DAY
    mails = OutgoingMail.objects.filter(owner=joined.olga.pk)
    clocks.run_due(NOW)
    assert mails.count() == 1
    clocks.run_due(NOW + 23 * DAY)
    assert mails.count() == 2
    assert controls.trained(NOW + 29 * DAY).verdict == Verdict.PASS
    officers = OutgoingMail.objects.filter(owner=joined.carl.pk).count()
    clocks.run_due(NOW + 30 * DAY)
    assert OutgoingMail.objects.filter(owner=joined.carl.pk).count() > officers
    assert controls.trained(NOW + 30 * DAY).verdict == Verdict.FAIL


@pytest.mark.django_db
def test_a_training_starts_the_next_year(joined: Cast) -> None:
    keep_clocks(NOW)
    trained(joined.carl, joined.olga)
    keep_clocks(NOW)
    ours = Deadline.objects.filter(duty="training", subject_id=joined.olga.pk)
    assert ours.get(ended_at=None).due_at == datetime(2027, 11, 24, tzinfo=UTC)
    assert ours.exclude(met_at=None).count() == 1
    trained(joined.carl, joined.olga, taken_on=NOW.date() - 30 * DAY)
    assert ours.get(ended_at=None).due_at == datetime(2027, 11, 24, tzinfo=UTC)


@pytest.mark.django_db
def test_another_course_does_not_stand_for_the_yearly_one(joined: Cast) -> None:
    trained(joined.carl, joined.olga, course=Training.Course.INCIDENTS)
    assert controls.trained(NOW + 31 * DAY).evidence["overdue"] == 2


@pytest.mark.django_db
def test_the_desk_records_shows_and_lists(joined: Cast) -> None:
    client = signed_in(joined.carl)
    sent = {
        "person": joined.olga.pk,
        "course": "data protection",
        "taken_on": datetime.now(UTC).date().isoformat(),
        "evidence": "Certificate 17 of Jane Example.",
    }
    own = client.post(RECORD, sent | {"person": joined.carl.pk})
    assert own.status_code == 400
    assert "second person" in own.text
    assert client.post(RECORD, sent).status_code == 302
    made = Training.objects.get()
    assert made.recorded_by == joined.carl.pk
    page = client.get(reverse("admin:compliance_training_change", args=[made.pk]))
    assert "Certificate 17" in page.text
    listed = client.get("/admin/compliance/training/").text
    assert "Due by" in listed
    assert "Jane Example" not in listed
    assert signed_in(joined.olga).get(RECORD).status_code == 403
    assert signed_in(joined.carl, confirmed=False).get(RECORD).status_code == 302


@pytest.mark.django_db
def test_the_start_page_tells_an_officer_of_their_own_and_counts_others(
    joined: Cast,
) -> None:
    person("otto", staff_role="operator")
    User.objects.update(joined_at=NOW)
    late = [line.text for line in told(joined.carl, NOW + 31 * DAY)[Block.LATE]]
    assert "Your own training is due" in late
    assert "Trainings of our staff that are overdue: 2" in late
    before = told(joined.carl, NOW + DAY)
    assert not [one for one in before[Block.LATE] if "raining" in one.text]
