"""`manage.py benchmark audit` still runs; what it counts is asserted, time is not."""

import json
from pathlib import Path

import pytest

from marketplaces.benchmarks.entries import APPENDS, REQUESTS
from tests.marketplaces.test_benchmark import benchmark

KEYS = {
    "request_ms",
    "request_unlogged_ms",
    "ratio_of_requests",
    "append_us",
    "insert_us",
    "ratio_of_appends",
    "verified_entries",
    "verify_seconds",
    "verified_per_second",
    "goals",
    "engine",
}


def test_a_small_run_tells_all_figures_and_its_counts_are_exact(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    asked = ("--entries", "3000", "--repeat", "1", "--json", str(file))
    ran = benchmark(*asked, what="audit")
    assert ran.returncode == 0, ran.stderr
    assert "logged / unlogged" in ran.stdout
    figures = json.loads(file.read_text(encoding="utf-8"))
    assert figures.keys() >= KEYS
    assert figures["verified_entries"] == 3_000
    assert figures["entries_of_unlogged"] == 0  # the floor logs nothing
    assert figures["entries_of_logged"] == REQUESTS + max(3, REQUESTS // 20)
    appended = figures["samples"]["append"][0]["entries"]
    assert appended == figures["samples"]["insert"][0]["entries"]
    assert appended == APPENDS + APPENDS // 20


@pytest.mark.parametrize("arguments", [("--entries", "0"), ("--repeat", "0")])
def test_a_senseless_run_is_refused(arguments: tuple[str, ...]) -> None:
    ran = benchmark(*arguments, what="audit")
    assert ran.returncode != 0
    assert "Traceback" not in ran.stderr
