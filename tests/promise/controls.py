"""Asks a control what it finds, as the job does."""

from datetime import datetime

import pytest
from django.utils import timezone

from compliance import clocks
from plugseller.shelves import CONTROLS, Finding, Verdict


def found(name: str, now: datetime | None = None) -> Finding:
    return CONTROLS[name].look(now or timezone.now())


def passes(name: str, now: datetime | None = None) -> bool:
    return found(name, now).verdict == Verdict.PASS


def fails(name: str, now: datetime | None = None) -> bool:
    return found(name, now).verdict == Verdict.FAIL


def figure(name: str, evidence: str) -> float:
    return float(found(name).evidence[evidence])


def without_notices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the clocks of notices off the shelf, which the incidents' room has there."""
    for name in [name for name in clocks.DUTIES if "notice" in name]:
        monkeypatch.delitem(clocks._duties, name)
