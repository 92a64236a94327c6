"""The officers' desk: requests in the order of work, changed by their buttons alone."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from compliance.deletion.models import DeletionRequest, LegalHold
from plugseller.accounts.models import Seller, User
from plugseller.audit.models import Entry
from tests.compliance.deletion.asked import by_letter, by_owner, mails_to
from tests.conftest import Cast, person, signed_in

pytestmark = pytest.mark.django_db
HOME = "/admin/compliance/deletionrequest/"
Status = DeletionRequest.Status


@pytest.fixture
def clara(cast: Cast) -> User:
    """A second officer."""
    return person("clara", staff_role="officer")


def page_of(request: DeletionRequest) -> str:
    return reverse("admin:compliance_deletionrequest_change", args=[request.pk])


def do(step: str, request: DeletionRequest) -> str:
    return reverse("admin:compliance_deletionrequest_step", args=[request.pk, step])


def recorded(**given: str) -> dict[str, str]:
    return {
        "source": "letter",
        "email": "writer@example.test",
        "name": "Wanda",
        "received_on": f"{timezone.now() - timedelta(days=2):%Y-%m-%d %H:%M}",
        **given,
    }


def test_two_officers_carry_a_letter_about_a_seller_to_its_date(
    cast: Cast, clara: User
) -> None:
    carl, second = signed_in(cast.carl), signed_in(clara)
    assert carl.get(HOME + "record/").status_code == 200
    answer = carl.post(HOME + "record/", recorded(seller="north"))
    request = DeletionRequest.objects.get()
    assert answer["Location"] == page_of(request)
    assert request.due_at == request.received_at + timedelta(days=30)
    assert request.received_at < timezone.now() - timedelta(days=1)
    assert "Verified" in carl.get(do("verify", request)).content.decode()
    carl.post(do("verify", request), {"identity": "Answered from the known address"})
    request.refresh_from_db()
    assert request.status == Status.VERIFIED
    assert Seller.objects.get(pk=cast.north.pk).frozen_at is None
    button = "Confirm as second officer"
    assert button not in carl.get(page_of(request)).content.decode()
    assert button in second.get(page_of(request)).content.decode()
    told = carl.post(do("confirm", request))
    assert told.status_code == 400
    assert "Another officer has to confirm" in told.content.decode()
    assert second.post(do("confirm", request))["Location"] == page_of(request)
    request.refresh_from_db()
    assert request.status == Status.SCHEDULED
    assert Seller.objects.get(pk=cast.north.pk).frozen_at is not None


def test_who_asked_is_shown_when_needed_and_that_is_logged(cast: Cast) -> None:
    carl = signed_in(cast.carl)
    request = by_letter(cast.carl, now=timezone.now())
    shown = carl.get(page_of(request)).content.decode()
    assert "writer@example.test" not in shown
    asked = reverse("admin:compliance_deletionrequest_requester", args=[request.pk])
    assert "writer@example.test" in carl.post(asked).content.decode()
    entry = Entry.objects.filter(event="deletion.step").latest("id")
    assert "contact shown" in str(vars(entry))
    history = reverse("admin:compliance_deletionrequest_history", args=[request.pk])
    for page in (page_of(request), history, HOME):
        assert "writer@example.test" not in carl.get(page).content.decode()


def test_overdue_is_red_and_found_by_its_filter(cast: Cast) -> None:
    late = by_letter(cast.carl, now=timezone.now() - timedelta(days=31))
    fine = by_letter(cast.carl, now=timezone.now(), email="b@example.test")
    carl = signed_in(cast.carl)
    assert 'class="overdue"' in carl.get(HOME).content.decode()
    shown = carl.get(HOME + "?state=overdue").content.decode()
    assert late.reference in shown
    assert fine.reference not in shown
    assert "This request is overdue" in carl.get(page_of(late)).content.decode()
    clocks = carl.get("/admin/compliance/deadline/").content.decode()
    assert 'class="overdue"' in clocks


@pytest.mark.parametrize("state", ["open", "overdue", "soon", "decide", "ended"])
def test_each_filter_answers(cast: Cast, state: str) -> None:
    by_letter(cast.carl, now=timezone.now())
    assert signed_in(cast.carl).get(f"{HOME}?state={state}").status_code == 200


def test_a_buyer_is_answered(cast: Cast) -> None:
    request = by_letter(cast.carl, now=timezone.now())
    signed_in(cast.carl).post(do("buyer", request))
    request.refresh_from_db()
    assert request.status == Status.REJECTED
    assert "You wrote as a buyer" in mails_to("writer@example.test")[-1]["text"]


def test_nothing_held_is_answered_after_a_search(cast: Cast) -> None:
    request = by_letter(cast.carl, now=timezone.now())
    signed_in(cast.carl).post(do("nothing-held", request))
    request.refresh_from_db()
    assert request.status == Status.REJECTED
    assert "searched" in request.steps.values_list("what", flat=True)
    assert "nothing is held" in mails_to("writer@example.test")[-1]["text"]


def test_a_hold_takes_two_officers_and_its_button_ends_it(
    cast: Cast, clara: User
) -> None:
    request = by_owner(cast.alice, cast.north, now=timezone.now())
    carl, second = signed_in(cast.carl), signed_in(clara)
    assert carl.get(do("hold", request)).status_code == 200
    given = {"reason": "Court", "legal_basis": "Art. 17(3)(e) GDPR", "days": "20"}
    carl.post(do("hold", request), given)
    hold = LegalHold.objects.get()
    approve = reverse(
        "admin:compliance_deletionrequest_hold", args=[hold.pk, "approve"]
    )
    release = reverse(
        "admin:compliance_deletionrequest_hold", args=[hold.pk, "release"]
    )
    assert approve not in carl.get(page_of(request)).content.decode()
    assert approve in second.get(page_of(request)).content.decode()
    carl.post(approve)
    request.refresh_from_db()
    assert request.status == Status.SCHEDULED
    second.post(approve)
    request.refresh_from_db()
    assert request.status == Status.ON_HOLD
    assert "on hold" in second.get(page_of(request)).content.decode().lower()
    second.post(release)
    request.refresh_from_db()
    assert request.status == Status.SCHEDULED


def test_what_cannot_be_done_has_no_button_and_no_effect(cast: Cast) -> None:
    request = by_owner(cast.alice, cast.north, now=timezone.now())
    carl = signed_in(cast.carl)
    shown = carl.get(page_of(request)).content.decode()
    for step in ("verify", "confirm", "withdraw", "buyer"):
        assert do(step, request) not in shown
        assert carl.post(do(step, request)).status_code == 302
    assert carl.get(do("no-such", request)).status_code == 404
    assert carl.get(HOME + f"{uuid4()}/do/reject/").status_code == 404
    request.refresh_from_db()
    assert request.status == Status.SCHEDULED


def test_a_dangerous_step_asks_for_the_factor_again(cast: Cast) -> None:
    request = by_owner(cast.alice, cast.north, now=timezone.now())
    stale = signed_in(cast.carl, confirmed=False)
    answer = stale.post(do("reject", request), {"reason": "No"})
    assert answer.status_code == 302
    request.refresh_from_db()
    assert request.status == Status.SCHEDULED


@pytest.mark.parametrize("who", ["alice", "olga"])
def test_nobody_but_officers_has_this_desk(cast: Cast, who: str) -> None:
    request = by_owner(cast.alice, cast.north, now=timezone.now())
    client = signed_in(getattr(cast, who))
    for page in (HOME, page_of(request), do("reject", request), HOME + "record/"):
        assert client.get(page).status_code in (302, 403), page
    client.post(do("reject", request), {"reason": "No"})
    request.refresh_from_db()
    assert request.status == Status.SCHEDULED


def test_a_notice_about_a_seller_we_do_not_know_is_recorded_as_nobodys(
    cast: Cast,
) -> None:
    carl = signed_in(cast.carl)
    given = recorded(source="marketplace", identity="Seen in Seller Central")
    told = carl.post(HOME + "record/", {**given, "seller": "nobody"})
    assert told.status_code == 400
    carl.post(HOME + "record/", given)
    request = DeletionRequest.objects.get()
    assert (request.kind, request.status) == ("outsider", Status.RECEIVED)
