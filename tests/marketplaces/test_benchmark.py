"""`manage.py benchmark ingest` still runs; what it counts is asserted, time is not."""

import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
KEYS = {
    "orders_per_second",
    "floor_parse_per_second",
    "floor_upsert_per_second",
    "ratio_to_floor_upsert",
    "resync_ratio",
    "rows_written_on_resync",
    "calls",
    "calls_minimum",
    "peak_rss_mb",
}


def benchmark(
    *arguments: str, what: str = "ingest", **environment: str
) -> "subprocess.CompletedProcess[str]":
    ours = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}
    if address := ours.get("DATABASE_URL"):  # only the tests' runner makes it
        ours["DATABASE_URL"] = urlsplit(address)._replace(path="/postgres").geturl()
    ours |= environment
    return subprocess.run(
        [sys.executable, "manage.py", "benchmark", what, *arguments],
        env=ours,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_small_run_tells_all_figures_and_its_counts_are_exact(
    tmp_path: Path,
) -> None:
    home = Path(os.environ["PLUGSELLER_HOME"])
    before = sorted(home.rglob("*"))
    file = tmp_path / "figures.json"
    ran = benchmark("--orders", "250", "--repeat", "1", "--json", str(file))
    assert ran.returncode == 0, ran.stderr
    assert "orders a second, end to end" in ran.stdout
    figures = json.loads(file.read_text(encoding="utf-8"))
    assert figures.keys() >= KEYS
    assert (figures["calls"], figures["calls_minimum"]) == (3, 3)
    assert figures["rows_written_on_resync"] == 0
    assert figures["samples"]["ours"][0]["resync_unchanged"] == 250
    assert sorted(home.rglob("*")) == before  # the installation isn't touched


@pytest.mark.parametrize(
    "arguments", [("--orders", "0"), ("--repeat", "0"), ("--engine", "oracle")]
)
def test_a_senseless_run_is_refused(arguments: tuple[str, ...]) -> None:
    ran = benchmark(*arguments)
    assert ran.returncode != 0
    assert "Traceback" not in ran.stderr


def test_a_server_that_is_not_there_is_told_in_one_sentence() -> None:
    address = "postgres://someone:SECRET@127.0.0.1:1/none"
    ran = benchmark("--engine", "postgresql", "--repeat", "1", DATABASE_URL=address)
    assert ran.returncode == 1
    assert "DATABASE_URL must name a database that is there" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert "SECRET" not in ran.stderr
