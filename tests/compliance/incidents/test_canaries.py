"""However somebody gets at a planted seller, by the real pages, it is told (INC-1).

The same done to a seller like any other is nothing.
"""

from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from compliance.incidents.detection.services import read_log
from compliance.incidents.models import Incident
from plugseller.accounts.models import Grant, Seller, User
from plugseller.audit.models import Entry
from tests.compliance.incidents.cases import mails
from tests.conftest import Cast, signed_in
from tests.plugseller.accounts.granting import give

pytestmark = pytest.mark.django_db
DESK = "/admin/accounts/grant/"


@pytest.fixture(autouse=True)
def larch(cast: Cast, clara: User) -> Seller:
    """A seller that nobody has a reason to open; what came before is read."""
    call_command("plant_canary", name="Larch", slug="larch", stdout=StringIO())
    read_log(timezone.now())
    assert not Incident.objects.exists()
    return Seller.objects.get(slug="larch")


def looks_for_it(cast: Cast, slug: str) -> User:
    assert signed_in(cast.charlie).get(f"/s/{slug}/orders").status_code == 404
    return cast.charlie


def asks_for_access(cast: Cast, slug: str) -> User:
    given = {
        "seller": slug,
        "permissions": ["view_orders"],
        "reason": "Empty list.",
        "ticket": "T-1",
        "hours": "2",
    }
    assert signed_in(cast.olga).post(DESK + "ask/", given).status_code == 302
    assert Grant.objects.get().is_waiting(timezone.now())
    return cast.olga


def breaks_the_glass(cast: Cast, slug: str) -> User:
    given = {"seller": slug, "permissions": ["view_orders"], "reason": "Fire."}
    assert signed_in(cast.carl).post(DESK + "break-glass/", given).status_code == 302
    assert Grant.objects.get().break_glass
    return cast.carl


def reads_it(cast: Cast, slug: str) -> User:
    """With access that was approved; the approval itself is settled before."""
    seller = Seller.objects.get(slug=slug)
    give(cast.olga, seller, by=cast.carl, now=timezone.now())
    read_log(timezone.now())
    Incident.objects.update(status=Incident.Status.DISMISSED)
    page = signed_in(cast.olga).get(f"/s/{slug}/orders")
    assert page.status_code == 200
    return cast.olga


WAYS: dict[str, Callable[[Cast, str], User]] = {
    "access.refused": looks_for_it,
    "grant.asked": asks_for_access,
    "grant.break_glass": breaks_the_glass,
    "read.orders.list": reads_it,
}


@pytest.mark.parametrize("event", WAYS)
def test_every_way_to_a_planted_seller_is_a_draft(
    cast: Cast, clara: User, larch: Seller, event: str
) -> None:
    who = WAYS[event](cast, "larch")
    entry = Entry.objects.filter(event=event, seller_id=larch.pk).latest("id")
    read_log(timezone.now())
    case = Incident.objects.get(status=Incident.Status.DETECTED)
    assert (case.rule, case.severity) == ("canary", Incident.Severity.HIGH)
    noted = case.timeline.get(what="rule fired").details
    assert noted["facts"] == {"what": event, "cause": str(who.pk)}
    assert noted["entries"] == [entry.id]
    # Who did it is barred if of ours, and hears nothing of the case.
    assert case.is_barred(who.pk) is who.is_staff
    told = {one["to"] for one in mails() if case.reference in one["subject"]}
    assert told == {cast.carl.email, clara.email} - {who.email}


@pytest.mark.parametrize("event", WAYS)
def test_the_same_at_a_usual_seller_is_nothing(cast: Cast, event: str) -> None:
    WAYS[event](cast, "south" if event == "read.orders.list" else "north")
    assert Entry.objects.filter(event=event).exists()
    read_log(timezone.now())
    assert not Incident.objects.exists()


def test_a_list_of_all_sellers_is_no_way_to_it(cast: Cast, larch: Seller) -> None:
    """Officers see it in their list of sellers, which they open for their work."""
    assert larch.name in signed_in(cast.carl).get("/admin/accounts/seller/").text
    read_log(timezone.now())
    assert not Incident.objects.exists()
