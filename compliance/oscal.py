"""What controls found, as OSCAL assessment results: the form auditors' tools read.

OSCAL 1.1 (NIST), JSON: each result of a control is an observation, and how each
control stood at last is a finding about its promise. Ids follow from what they name,
so that the same results give the same document. Pure, and piece by piece: a year of
results is never held at once.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from plugseller.shelves import Verdict

VERSION = "1.1.2"
# Verdict -> state and reason of a finding, of the words OSCAL has for them.
_STATES = {
    Verdict.PASS: ("satisfied", "pass"),
    Verdict.WARN: ("satisfied", "other"),
    Verdict.FAIL: ("not-satisfied", "fail"),
}
_NO_TOKEN = re.compile(r"[^A-Za-z0-9._-]")


@dataclass(frozen=True, slots=True)
class Result:
    """What a control found at one instant, which no other of its results shares."""

    name: str  # the control's
    promise: str
    verdict: Verdict
    sentence: str
    evidence: Mapping[str, object]
    at: datetime


@dataclass(frozen=True, slots=True)
class About:
    """What the results are about."""

    installation: str  # its address
    begins: datetime
    ends: datetime
    made_at: datetime
    plan: str  # where what was to be looked at stands, seen from the document


def assessment_results(results: Iterable[Result], about: About) -> Iterator[bytes]:
    """The document, a result at a time, in the order given; the last of a control
    is how it stands."""
    of_us = uuid5(NAMESPACE_URL, about.installation)
    whole = f"{_at(about.begins)} {_at(about.ends)}"
    last: dict[str, Result] = {}
    yield b'{"assessment-results":' + _open(_head(about, of_us, whole))
    yield b',"results":[' + _open(_period(about, of_us, whole))
    before = b',"observations":['
    for result in results:
        yield before + _json(_observation(result, of_us))
        before, last[result.name] = b",", result
    if last:
        findings = [_finding(last[name], of_us) for name in sorted(last)]
        yield b'],"findings":' + _json(findings)
    yield b',"reviewed-controls":' + _json(_reviewed(last.values())) + b"}]}}\n"


def _head(about: About, of_us: UUID, whole: str) -> dict[str, Any]:
    return {
        "uuid": str(uuid5(of_us, f"assessment results {whole} {_at(about.made_at)}")),
        "metadata": {
            "title": "What the controls of Plug Seller found",
            "last-modified": _at(about.made_at),
            "version": _at(about.made_at),
            "oscal-version": VERSION,
        },
        "import-ap": {"href": about.plan},
    }


def _period(about: About, of_us: UUID, whole: str) -> dict[str, Any]:
    return {
        "uuid": str(uuid5(of_us, f"result {whole}")),
        "title": f"Results at {about.installation}",
        "description": "Every result of every control in the period, which the "
        "installation wrote down by itself.",
        "start": _at(about.begins),
        "end": _at(about.ends),
    }


def _observation(result: Result, of_us: UUID) -> dict[str, Any]:
    told: dict[str, Any] = {
        "uuid": _observed(result, of_us),
        "title": _line(result.name),
        "description": result.sentence,
        "props": [_prop(of_us, "verdict", result.verdict.value)],
        "methods": ["TEST"],
        "collected": _at(result.at),
    }
    if result.evidence:
        figures = [_prop(of_us, *one) for one in sorted(result.evidence.items())]
        told["relevant-evidence"] = [{"description": "Figures.", "props": figures}]
    return told


def _finding(result: Result, of_us: UUID) -> dict[str, Any]:
    state, reason = _STATES[result.verdict]
    return {
        "uuid": str(uuid5(of_us, f"finding {result.name} {result.at.isoformat()}")),
        "title": f"{_line(result.promise)}: {_line(result.name)}",
        "description": result.sentence,
        "target": {
            "type": "objective-id",
            "target-id": _token(result.name),
            "status": {"state": state, "reason": reason},
        },
        "related-observations": [{"observation-uuid": _observed(result, of_us)}],
    }


def _reviewed(results: Iterable[Result]) -> dict[str, Any]:
    promises = sorted({_token(result.promise) for result in results})
    if not promises:
        return {"control-selections": [{"include-all": {}}]}
    named = [{"control-id": promise} for promise in promises]
    return {"control-selections": [{"include-controls": named}]}


def _observed(result: Result, of_us: UUID) -> str:
    at = result.at.astimezone(UTC).isoformat()
    return str(uuid5(of_us, f"observation {result.name} {at}"))


def _prop(of_us: UUID, name: str, value: object) -> dict[str, str]:
    told = str(value).lower() if isinstance(value, bool) else str(value)
    return {"name": _token(name), "ns": of_us.urn, "value": _line(told)}


def _token(text: str) -> str:
    """A name as OSCAL allows it: letters, figures, dots and dashes, a letter first."""
    safe = _NO_TOKEN.sub("-", text)
    return safe if safe[:1].isalpha() else f"_{safe}"


def _line(text: str) -> str:
    """One line that isn't empty, as OSCAL asks of texts."""
    return " ".join(text.split()) or "none"


def _at(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _open(told: Mapping[str, Any]) -> bytes:
    """An object that goes on."""
    return _json(told)[:-1]


def _json(told: object) -> bytes:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
