"""GOV-1: risks, exceptions and suppliers are looked at again in time, or it shows."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.urls import reverse

from compliance import clocks
from compliance.desklines import Block, told
from compliance.governance.registers.services import (
    RegisterRefused,
    assess_supplier,
    close_risk,
    digest,
    end_supplier,
    keep_sign_off,
    review_risk,
    sign_off_risks,
)
from compliance.governance.training.services import record_training
from compliance.models import Risk, RiskSignOff, Supplier, Task, Training
from compliance.packing import PARTS, Document, Period, Table
from plugseller.audit.models import Entry
from tests.compliance.governance.governed import DAY, a_risk, a_supplier
from tests.conftest import NOW, Cast, signed_in

pytestmark = pytest.mark.django_db


def reviewed(cast: Cast, risk: Risk, **more: Any) -> None:
    fields: dict[str, Any] = {
        "likelihood": 1,
        "impact": 5,
        "treatment": Risk.Treatment.ACCEPT,
        "review_at": NOW + 200 * DAY,
        "now": NOW,
    }
    review_risk(actor=cast.carl, risk=risk, **(fields | more))


def logged(row: Model) -> list[str]:
    """What the audit log tells of it, changes of single columns left out."""
    told = Entry.objects.get_for_object(row).order_by("pk")
    events = told.values_list("event", flat=True)
    return [event for event in events if not event.startswith("row.")]


def test_a_review_that_is_late_becomes_a_task_and_ends_with_the_review(
    cast: Cast,
) -> None:
    risk = a_risk(cast.carl, now=NOW)
    late = NOW + 90 * DAY
    clocks.run_due(late)
    task = Task.objects.get(source=Task.Source.RISK, subject_id=risk.pk)
    assert task.is_open
    assert task.owner_id == cast.carl.pk
    assert any("A key is lost" in one.text for one in told(cast.carl, late)[Block.LATE])
    reviewed(cast, risk, now=late + DAY, review_at=late + 90 * DAY)
    task.refresh_from_db()
    assert not task.is_open
    clock = clocks.running().get(subject_id=risk.pk)
    assert clock.due_at == late + 90 * DAY
    assert logged(risk) == ["risk.opened", "risk.reviewed"]
    risk.refresh_from_db()
    assert risk.rating == 5
    assert risk.plan.reveal() == "Copies apart from the data."


def test_an_exception_ends_and_nobody_agrees_their_own(cast: Cast) -> None:
    ends = NOW + 10 * DAY
    given = {"kind": Risk.Kind.EXCEPTION, "ends_at": ends}
    with pytest.raises(RegisterRefused, match="for themself"):
        a_risk(cast.carl, now=NOW, **given)
    with pytest.raises(RegisterRefused, match="needs a day"):
        a_risk(cast.carl, now=NOW, kind=Risk.Kind.EXCEPTION, owner=cast.olga)
    risk = a_risk(cast.carl, now=NOW, owner=cast.olga, **given)
    assert clocks.running().get(subject_id=risk.pk).due_at == ends
    clocks.run_due(ends)
    assert Task.objects.filter(subject_id=risk.pk, done_at=None).exists()
    with pytest.raises(RegisterRefused, match="over"):
        reviewed(cast, risk, now=ends, review_at=ends + DAY)
    close_risk(actor=cast.carl, risk=risk, now=ends)
    assert logged(risk) == ["risk.opened", "risk.closed"]
    assert not Task.objects.filter(subject_id=risk.pk, done_at=None).exists()
    assert not clocks.running().filter(subject_id=risk.pk).exists()


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"likelihood": 6}, "1 to 5"),
        ({"impact": 0}, "1 to 5"),
        ({"title": " "}, "title"),
        ({"plan": ""}, "what is done"),
        ({"review_at": NOW}, "within a year"),
        ({"review_at": NOW + 400 * DAY}, "within a year"),
    ],
)
def test_what_makes_no_sense_is_refused(cast: Cast, more: Any, why: str) -> None:
    with pytest.raises(RegisterRefused, match=why):
        a_risk(cast.carl, now=NOW, **more)
    with pytest.raises(RegisterRefused, match="our own staff"):
        a_risk(cast.carl, now=NOW, owner=cast.alice)
    assert not Risk.objects.exists()


def test_only_officers_write_here(cast: Cast) -> None:
    risk, supplier = a_risk(cast.carl, now=NOW), a_supplier(cast.carl, now=NOW)
    with pytest.raises(PermissionDenied):
        a_risk(cast.olga, now=NOW)
    with pytest.raises(PermissionDenied):
        close_risk(actor=cast.olga, risk=risk, now=NOW)
    with pytest.raises(PermissionDenied):
        end_supplier(actor=cast.olga, supplier=supplier, now=NOW)
    with pytest.raises(PermissionDenied):
        sign_off_risks(actor=cast.olga, now=NOW)


def test_what_was_closed_stays_closed(cast: Cast) -> None:
    risk, supplier = a_risk(cast.carl, now=NOW), a_supplier(cast.carl, now=NOW)
    stale = Risk.objects.get(pk=risk.pk)
    close_risk(actor=cast.carl, risk=risk, now=NOW)
    with pytest.raises(RegisterRefused, match="closed meanwhile"):
        reviewed(cast, stale)
    end_supplier(actor=cast.carl, supplier=supplier, now=NOW)
    with pytest.raises(RegisterRefused, match="already"):
        end_supplier(actor=cast.carl, supplier=supplier, now=NOW)


def test_the_sign_off_stands_for_what_is_there_and_is_due_again(cast: Cast) -> None:
    keep_sign_off(NOW)
    keep_sign_off(NOW + DAY)
    clock = clocks.running().get(label__startswith="Sign-off")
    assert clock.due_at == NOW + 30 * DAY
    with pytest.raises(RegisterRefused, match="empty"):
        sign_off_risks(actor=cast.carl, now=NOW)
    risk = a_risk(cast.carl, now=NOW)
    with pytest.raises(RegisterRefused, match="overdue"):
        sign_off_risks(actor=cast.carl, now=NOW + 90 * DAY)
    signed = sign_off_risks(actor=cast.carl, now=NOW)
    assert (signed.risks, signed.highest) == (1, 10)
    assert signed.sha256 == digest([risk])
    again = clocks.running().get(label__startswith="Sign-off")
    assert again.due_at == NOW + timedelta(days=365)
    entry = Entry.objects.get(event="risk.signed_off")
    assert entry.actor_id == cast.carl.pk


def test_a_supplier_is_assessed_again_and_again(cast: Cast) -> None:
    supplier = a_supplier(cast.carl, now=NOW)
    late = NOW + 91 * DAY
    clocks.run_due(late)
    assert Task.objects.filter(subject_id=supplier.pk, done_at=None).exists()
    with pytest.raises(RegisterRefused, match="last 12 months"):
        assess_supplier(
            actor=cast.carl,
            supplier=supplier,
            assessed_on=late.date() + DAY,
            review_at=late + 90 * DAY,
            now=late,
        )
    assess_supplier(
        actor=cast.carl,
        supplier=supplier,
        assessed_on=late.date(),
        review_at=late + 300 * DAY,
        now=late,
    )
    assert not Task.objects.filter(subject_id=supplier.pk, done_at=None).exists()
    assert Supplier.objects.get().review_at == late + 300 * DAY
    end_supplier(actor=cast.carl, supplier=supplier, now=late)
    assert logged(supplier) == [
        "supplier.added",
        "supplier.assessed",
        "supplier.ended",
    ]


def test_the_desk_walks_a_risk_from_opening_to_sign_off(cast: Cast) -> None:
    client = signed_in(cast.carl)
    today = datetime.now(UTC).date()
    rated = {"likelihood": 3, "impact": 4, "treatment": "reduce", "plan": "Backups."}
    next_day = {"review_at": (today + 60 * DAY).isoformat()}
    new = {"kind": "risk", "title": "<b>Fire</b>", "owner": cast.carl.pk}
    assert client.post("/admin/compliance/risk/open/", new).status_code == 400
    sent = {**new, **rated, **next_day}
    assert client.post("/admin/compliance/risk/open/", sent).status_code == 302
    risk = Risk.objects.get()
    page = client.get(reverse("admin:compliance_risk_change", args=[risk.pk])).text
    assert "Backups." in page
    assert "&lt;b&gt;Fire" in page
    listed = client.get("/admin/compliance/risk/?state=open").text
    assert "<b>Fire" not in listed
    assert "Backups." not in listed
    again = {**rated, **next_day, "impact": 1, "plan": ""}
    assert client.get(f"/admin/compliance/risk/{risk.pk}/review/").status_code == 200
    done = client.post(f"/admin/compliance/risk/{risk.pk}/review/", again)
    assert done.status_code == 302
    assert client.post("/admin/compliance/risk/sign-off/").status_code == 302
    assert RiskSignOff.objects.get().highest == 3
    assert client.post(f"/admin/compliance/risk/{risk.pk}/close/").status_code == 302
    assert "Review" not in [
        name
        for name, _ in client.get(
            reverse("admin:compliance_risk_change", args=[risk.pk])
        ).context["desk_tools"]
    ]


def test_the_pack_holds_hashes_and_ids_and_nothing_sealed(cast: Cast) -> None:
    a_risk(cast.carl, now=NOW)
    a_supplier(cast.carl, now=NOW)
    sign_off_risks(actor=cast.carl, now=NOW)
    record_training(
        actor=cast.carl,
        person=cast.olga,
        course=Training.Course.DATA_PROTECTION,
        taken_on=NOW.date(),
        evidence="Secret evidence.",
        now=NOW,
    )
    period = Period(NOW - 30 * DAY, NOW + DAY)
    parts = [
        part
        for room in ("policies", "trainings", "registers")
        for part in PARTS[room](period, NOW)
    ]
    tables = {one.name: list(one.rows) for one in parts if isinstance(one, Table)}
    assert len(tables["policies/acknowledgements.csv"]) == 8
    assert len(tables["trainings.csv"]) == 1
    assert len(tables["risks.csv"]) == len(tables["risk-sign-offs.csv"]) == 1
    assert [row[0] for row in tables["suppliers.csv"]] == ["Storage Ltd"]
    files = {one.name for one in parts if isinstance(one, Document)}
    assert "policies/incident-plan-1.md" in files
    whole = str(tables)
    assert "Secret evidence" not in whole
    assert "Copies apart" not in whole
    assert "example.test" not in whole
