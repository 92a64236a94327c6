"""`manage.py benchmark erase` still runs; what it counts is asserted, time is not."""

import json
from pathlib import Path

from tests.marketplaces.test_benchmark import benchmark

KEYS = {
    "seconds",
    "rows_per_second",
    "floor_seconds",
    "ratio_to_deletes",
    "longest_wait_ms",
    "floor_longest_wait_ms",
    "growth_mb",
    "goals",
    "engine",
}


def test_a_small_run_tells_all_figures_and_its_counts_are_exact(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    asked = ("--orders", "4000", "--repeat", "1", "--json", str(file))
    ran = benchmark(*asked, what="erase")
    assert ran.returncode == 0, ran.stderr
    assert "ours / two DELETEs" in ran.stdout
    figures = json.loads(file.read_text(encoding="utf-8"))
    assert figures.keys() >= KEYS
    assert (figures["orders_before"], figures["orders"]) == (4_000, 400)
    assert figures["rows"] == 1_000
    assert figures["left"] == 0
    assert figures["others_wrote"] > 0
    for what in ("floor", "ours"):
        assert figures["samples"][what][0]["left"] == 0


def test_too_few_orders_to_erase_from_are_refused() -> None:
    ran = benchmark("--orders", "100", what="erase")
    assert ran.returncode != 0
    assert "at least 1,000" in ran.stderr
    assert "Traceback" not in ran.stderr
