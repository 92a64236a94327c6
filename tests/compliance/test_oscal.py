"""OSCAL assessment results hold what OSCAL 1.1 requires, and the same ids each time."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from compliance.oscal import About, Result, assessment_results
from plugseller.shelves import Verdict
from tests.conftest import NOW

# Required fields by the JSON reference of OSCAL 1.1's assessment results (NIST), and
# those it has besides; it allows no other.
REQUIRED: dict[str, set[str]] = {
    "assessment-results": {"uuid", "metadata", "import-ap", "results"},
    "metadata": {"title", "last-modified", "version", "oscal-version"},
    "import-ap": {"href"},
    "results": {"uuid", "title", "description", "start", "reviewed-controls"},
    "reviewed-controls": {"control-selections"},
    "observations": {"uuid", "description", "methods", "collected"},
    "relevant-evidence": {"description"},
    "findings": {"uuid", "title", "description", "target"},
    "target": {"type", "target-id", "status"},
    "status": {"state"},
    "related-observations": {"observation-uuid"},
    "props": {"name", "value"},
    "include-controls": {"control-id"},
    "control-selections": set(),
    "include-all": set(),
}
OPTIONAL: dict[str, set[str]] = {
    "results": {"end", "observations", "findings"},
    "observations": {"title", "props", "relevant-evidence"},
    "relevant-evidence": {"props"},
    "findings": {"related-observations"},
    "status": {"reason"},
    "props": {"ns"},
    "control-selections": {"include-controls", "include-all"},
}
_STRING = re.compile(r"\S(.*\S)?")  # OSCAL's StringDatatype
_TOKEN = re.compile(r"[^\W\d][\w.-]*")  # and its TokenDatatype
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
ABOUT = About(
    "https://plug.example",
    NOW - timedelta(days=30),
    NOW,
    NOW + timedelta(hours=1),
    "promises.csv",
)


def found(name: str, verdict: Verdict, hours: int, **evidence: object) -> Result:
    at = NOW - timedelta(hours=hours)
    promise = name.split(".")[0].upper()
    return Result(name, promise, verdict, f"{name} in a sentence.", evidence, at)


RESULTS = [
    found("enc-1.handshakes", Verdict.FAIL, 48, peers=3, **{"old TLS?": True}),
    found("ret-2.open", Verdict.WARN, 47, oldest="2026-11-01", note=" a\nb ", none=""),
    found("enc-1.handshakes", Verdict.PASS, 24, **{"1st": 1}),
    found("inc-3.clocks", Verdict.FAIL, 23),
]


def document(results: list[Result]) -> Any:
    return json.loads(b"".join(assessment_results(results, ABOUT)))


def objects(told: Any, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object of a document with what it is called."""
    if isinstance(told, list):
        for one in told:
            yield from objects(one, name)
    elif isinstance(told, dict):
        yield name, told
        for key, value in told.items():
            yield from objects(value, key)


@pytest.mark.parametrize("results", [[], RESULTS[:1], RESULTS])
def test_everything_required_is_there_and_nothing_else(results: list[Result]) -> None:
    whole = document(results)
    assert set(whole) == {"assessment-results"}
    for name, told in list(objects(whole, ""))[1:]:
        required, optional = REQUIRED[name], OPTIONAL.get(name, set())
        assert required <= set(told) <= required | optional, name
        assert all(value not in ([], "") for value in told.values()), name


def test_words_have_the_form_that_is_asked_for() -> None:
    ids = []
    for name, told in objects(document(RESULTS), ""):
        if "uuid" in told:
            ids.append(told["uuid"])
            assert UUID(told["uuid"]).version == 5
        if name == "props":
            assert _TOKEN.fullmatch(told["name"]), told
            assert _STRING.fullmatch(told["value"]), told
        for one in ("target-id", "control-id"):
            assert one not in told or _TOKEN.fullmatch(told[one]), told
        for one in ("start", "end", "collected", "last-modified"):
            assert one not in told or _INSTANT.fullmatch(told[one]), told
    assert len(set(ids)) == len(ids) == 2 + 4 + 3


def test_a_finding_tells_how_a_control_stood_at_last() -> None:
    (result,) = document(RESULTS)["assessment-results"]["results"]
    assert [one["target"]["target-id"] for one in result["findings"]] == [
        "enc-1.handshakes",
        "inc-3.clocks",
        "ret-2.open",
    ]
    assert [one["target"]["status"] for one in result["findings"]] == [
        {"state": "satisfied", "reason": "pass"},
        {"state": "not-satisfied", "reason": "fail"},
        {"state": "satisfied", "reason": "other"},
    ]
    last = result["observations"][2]
    assert result["findings"][0]["related-observations"] == [
        {"observation-uuid": last["uuid"]}
    ]
    assert [one["verdict"] for one in map(_props, result["observations"])] == [
        *("fail", "warn", "pass", "fail")
    ]
    selected = result["reviewed-controls"]["control-selections"][0]
    assert [one["control-id"] for one in selected["include-controls"]] == [
        *("ENC-1", "INC-3", "RET-2")
    ]


def test_the_same_results_have_the_same_ids_and_others_others() -> None:
    assert document(RESULTS) == document(RESULTS)

    def observed(results: list[Result]) -> list[str]:
        (one,) = document(results)["assessment-results"]["results"]
        return [each["uuid"] for each in one["observations"]]

    assert observed(RESULTS)[1:] == observed(RESULTS[1:])


def test_results_are_taken_as_they_are_written() -> None:
    taken = []

    def results() -> Iterator[Result]:
        for result in RESULTS:
            taken.append(result)
            yield result

    pieces = assessment_results(results(), ABOUT)
    assert (len(next(pieces)) > 0, taken) == (True, [])
    next(pieces), next(pieces)
    assert len(taken) == 1


def _props(told: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["value"] for one in told["props"]}
