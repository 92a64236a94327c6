"""Rows of the registers, made as the desk makes them."""

from datetime import datetime, timedelta
from typing import Any

from compliance.governance.registers.services import (
    add_supplier,
    close_risk,
    end_supplier,
    open_risk,
    sign_off_risks,
)
from compliance.governance.training.services import record_training
from compliance.models import Risk, Supplier, Training
from plugseller.accounts.models import User

DAY = timedelta(days=1)


def a_risk(officer: User, *, now: datetime, **more: Any) -> Risk:
    fields: dict[str, Any] = {
        "kind": Risk.Kind.RISK,
        "title": "A key is lost",
        "owner": officer,
        "likelihood": 2,
        "impact": 5,
        "treatment": Risk.Treatment.REDUCE,
        "plan": "Copies apart from the data.",
        "review_at": now + 90 * DAY,
    }
    return open_risk(actor=officer, now=now, **(fields | more))


def a_supplier(officer: User, *, now: datetime, **more: Any) -> Supplier:
    fields: dict[str, Any] = {
        "name": "Storage Ltd",
        "reaches": "Encrypted backups",
        "country": "Germany",
        "owner": officer,
        "assessed_on": now.date(),
        "review_at": now + 90 * DAY,
    }
    return add_supplier(actor=officer, now=now, **(fields | more))


def all_over(officer: User, someone: User, *, now: datetime) -> None:
    """A row of each kind that ends, ended: what retention removes one day."""
    risk = a_risk(officer, now=now)
    sign_off_risks(actor=officer, now=now)
    close_risk(actor=officer, risk=risk, now=now)
    end_supplier(actor=officer, supplier=a_supplier(officer, now=now), now=now)
    record_training(
        actor=officer,
        person=someone,
        course=Training.Course.DATA_PROTECTION,
        taken_on=now.date(),
        evidence="A certificate.",
        now=now,
    )
