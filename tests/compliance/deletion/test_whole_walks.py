"""RET-2 from the first word to the certificate: by officers at the desk, or by cron."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django_q.models import OrmQ

from compliance import clocks
from compliance.clocks import Deadline
from compliance.deletion.certificates import check_file
from compliance.deletion.models import DeletionRequest
from plugseller.accounts.models import Seller, User
from plugseller.crypto.models import DataKey
from plugseller.jobs.timetable import run_queued
from tests.compliance.deletion.asked import DAY, by_letter, subjects_to
from tests.compliance.deletion.carrying_out import _apart as _apart
from tests.compliance.deletion.carrying_out import carl as carl
from tests.compliance.deletion.carrying_out import two as two
from tests.compliance.inhabited import Lived, held
from tests.compliance.ticking import MINUTE, Cron
from tests.compliance.ticking import cron as cron
from tests.conftest import person, signed_in

pytestmark = pytest.mark.django_db
HOME = "/admin/compliance/deletionrequest/"
HOUR = timedelta(hours=1)
Status = DeletionRequest.Status
WRITER = "writer@example.test"
THEIRS = (  # of another seller, for longer than a walk takes
    *("accounts.Seller", "accounts.User", "accounts.Membership", "accounts.ApiToken"),
    *("marketplaces.Connection", "marketplaces.Listing", "marketplaces.Order"),
)


def desk_of(request: DeletionRequest, what: str) -> str:
    return f"{HOME}{request.pk}/{what}/"


def status_of(request: DeletionRequest) -> str:
    return DeletionRequest.objects.get(pk=request.pk).status


def shown(client: Client, request: DeletionRequest) -> str:
    return client.get(desk_of(request, "change")).text


def assert_gone_and_certified(request: DeletionRequest, north: Lived) -> None:
    """Nothing of the seller lies anywhere, and the paper that says so is genuine."""
    assert not Seller.objects.filter(pk=north.seller.pk).exists()
    assert {name: n for name, n in held(north.whole()).items() if n} == {}
    keys = DataKey.objects.filter(owner=north.seller.pk)
    assert all(key.destroyed_at for key in keys)
    request.refresh_from_db()
    assert request.status == Status.COMPLETED
    certificate = request.certificates.get()
    met = Deadline.objects.get(duty="deletion", subject_id=request.pk)
    assert (met.met_at, met.was_late) == (request.ended_at, False)
    assert certificate.signature in shown_file(request)


def shown_file(request: DeletionRequest) -> str:
    """The certificate as an officer downloads it."""
    officer = signed_in(User.objects.get(email="carl@example.test"))
    file = officer.get(desk_of(request, "certificate"))
    assert check_file(file.content).is_valid
    return str(file.content.decode())


def test_officers_carry_a_letter_from_its_record_to_its_certificate_at_the_desk(
    two: tuple[Lived, Lived],
    carl: User,
    cron: Cron,
    django_capture_on_commit_callbacks: Any,
) -> None:
    north, south = two
    clara = person("clara", staff_role="officer")
    untouched = held(south.whole(), THEIRS)
    first = signed_in(carl)
    received = cron.now - 2 * DAY
    answer = first.post(
        HOME + "record/",
        {
            "source": "letter",
            "email": WRITER,
            "name": "Wanda",
            "seller": "north",
            "received_on": f"{received:%Y-%m-%d %H:%M}",
        },
    )
    request = DeletionRequest.objects.get()
    assert answer["Location"] == desk_of(request, "change")
    assert status_of(request) == Status.RECEIVED
    assert "Verified" in shown(first, request)

    first.post(desk_of(request, "do/verify"), {"identity": "Their known address"})
    assert status_of(request) == Status.VERIFIED
    second = signed_in(clara)
    assert "Confirm as second officer" in shown(second, request)
    second.post(desk_of(request, "do/confirm"))
    assert status_of(request) == Status.SCHEDULED
    assert Seller.objects.get(pk=north.seller.pk).frozen_at is not None

    cron.now += 47 * HOUR  # within the grace nothing can be hurried
    assert "Carry out now" not in shown(signed_in(carl), request)
    signed_in(carl).post(desk_of(request, "do/run"))
    assert status_of(request) == Status.SCHEDULED
    assert signed_in(carl).get(desk_of(request, "certificate")).status_code == 404

    cron.now += 2 * HOUR
    last = signed_in(carl)
    assert "Carry out now" in shown(last, request)
    OrmQ.objects.all().delete()  # what the furnished sellers have left there
    with django_capture_on_commit_callbacks(execute=True):
        answer = last.post(desk_of(request, "do/run"))
        assert answer["Location"] == desk_of(request, "change")
    cron.now += MINUTE
    run_queued()  # what a worker does
    assert_gone_and_certified(request, north)
    assert held(south.whole(), THEIRS) == untouched
    page = shown(last, request)
    assert "Download the newest" in page
    assert "Carry out now" not in page
    steps = set(request.steps.values_list("what", flat=True))
    assert {"received", "verified", "scheduled", "asked to run", "begun"} <= steps
    assert {"keys destroyed", "certified", "completed"} <= steps


def test_by_ticks_alone_what_one_officer_verified_ends_with_its_certificate(
    two: tuple[Lived, Lived], carl: User, cron: Cron
) -> None:
    """Everybody is on holiday for 29 days, and cron runs."""
    north, south = two
    request = by_letter(
        carl,
        seller=north.seller,
        source=DeletionRequest.Source.MARKETPLACE,
        verified=True,
        now=cron.now,
    )
    begun = cron.now
    assert status_of(request) == Status.VERIFIED
    for days in (20.1, 25.1, 28.9):
        cron.tick(at=begun + days * DAY)
        assert status_of(request) == Status.VERIFIED, days
        assert Seller.objects.filter(pk=north.seller.pk).exists()
    owner = subjects_to(north.owner.email)
    assert sum("unless you act" in one for one in owner) == 4
    cron.tick(at=begun + 29 * DAY, times=2)
    assert_gone_and_certified(request, north)
    assert request.ended_at is not None
    assert request.ended_at < begun + 29 * DAY + HOUR
    assert Seller.objects.filter(pk=south.seller.pk, frozen_at=None).exists()
    assert not clocks.running().filter(duty="deletion").exists()
