"""Asks a control what it finds, as the job does."""

from datetime import datetime

from django.utils import timezone

from plugseller.shelves import CONTROLS, Finding, Verdict


def found(name: str, now: datetime | None = None) -> Finding:
    return CONTROLS[name].look(now or timezone.now())


def passes(name: str, now: datetime | None = None) -> bool:
    return found(name, now).verdict == Verdict.PASS


def fails(name: str, now: datetime | None = None) -> bool:
    return found(name, now).verdict == Verdict.FAIL


def figure(name: str, evidence: str) -> float:
    return float(found(name).evidence[evidence])
