"""Orders end to end, through the simulator's TLS, beside two floors.

The simulator runs in a process of its own with its limits lifted. Floor and ours
alternate, each in a fresh process on a fresh database; figures are medians, ratios are
medians of the pairs, so that a machine that is busy for a while does little harm.
"""

import contextlib
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from statistics import median
from typing import Any

from django.conf import settings

from marketplaces.benchmarks.engines import Engine

GOAL_RATIO = 1.5  # ours against the second floor, at most
GOAL_RESYNC = 2.0  # an unchanged re-sync is at least so much faster


class BenchmarkFailed(Exception):
    """A measure didn't come to its end; the text says which and why."""


@dataclass(slots=True)
class Measured:
    """What was measured, run by run."""

    parse: list[dict[str, Any]] = field(default_factory=list)
    upsert: list[dict[str, Any]] = field(default_factory=list)
    ours: list[dict[str, Any]] = field(default_factory=list)


def measure(*, orders: int, engine: Engine, repeat: int) -> dict[str, Any]:
    """The figures; BenchmarkFailed if a measure fails."""
    with tempfile.TemporaryDirectory(prefix="plugseller-benchmark-") as folder:
        work = Path(folder)
        with _simulator(work, orders) as environment, engine.prepared(work) as made:
            environment |= made
            run_child("connect", work, environment)
            fetched = run_child("fetch", work, environment)
            measured = Measured()
            for number in range(repeat):
                for what, into in (
                    ("parse", measured.parse),
                    ("upsert", measured.upsert),
                    ("ours", measured.ours),
                ):
                    with engine.copy(work, f"{what}{number}") as own:
                        into.append(run_child(what, work, environment | own))
    return _figures(measured, orders, engine, fetched["page_size"])


def _figures(
    measured: Measured, orders: int, engine: Engine, page_size: int
) -> dict[str, Any]:
    ours, floor = measured.ours, measured.upsert
    found = ours[0]["orders"]
    ratios = [o["seconds"] / f["seconds"] for o, f in zip(ours, floor, strict=True)]
    resync = [run["seconds"] / run["resync_seconds"] for run in ours]
    written = max(run["rows_written_on_resync"] for run in ours)
    return {
        "orders_per_second": _rate(ours),
        "floor_parse_per_second": _rate(measured.parse),
        "floor_upsert_per_second": _rate(floor),
        "ratio_to_floor_upsert": round(median(ratios), 3),
        "resync_ratio": round(median(resync), 2),
        "rows_written_on_resync": written,
        "calls": max(run["calls"] for run in ours),
        "calls_minimum": max(1, ceil(orders / page_size)),
        "peak_rss_mb": max(run["peak_rss_mb"] for run in ours),
        "floor_peak_rss_mb": max(run["peak_rss_mb"] for run in floor),
        "orders": found,
        "orders_asked_for": orders,
        "engine": engine.name,
        "repeat": len(ours),
        "goals": {
            "ratio_to_floor_upsert": median(ratios) <= GOAL_RATIO,
            "resync_ratio": median(resync) >= GOAL_RESYNC,
            "rows_written_on_resync": written == 0,
            "calls": all(r["calls"] == ceil(found / page_size) for r in ours),
        },
        "ratios": [round(ratio, 3) for ratio in ratios],
        "samples": {
            "parse": measured.parse,
            "upsert": measured.upsert,
            "ours": measured.ours,
        },
        "python": platform.python_version(),
        "processors": os.cpu_count(),
    }


def _rate(runs: list[dict[str, Any]]) -> int:
    return int(median(run["orders"] / run["seconds"] for run in runs))


def run_child(what: str, work: Path, environment: Mapping[str, str]) -> dict[str, Any]:
    """One measure in a process of its own; BenchmarkFailed says which failed."""
    ran = subprocess.run(  # noqa: S603 (our own module)
        [sys.executable, "-m", "marketplaces.benchmarks.child", what, str(work)],
        env=os.environ | dict(environment),
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        last = ran.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise BenchmarkFailed(f"The measure {what} failed: {last[0]}")
    figures: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return figures


@contextlib.contextmanager
def _simulator(work: Path, orders: int) -> Iterator[dict[str, str]]:
    """A simulator with that many orders; the environment that points at it."""
    told = work / "simulator.json"
    command = [sys.executable, "manage.py", "simulator", "--port", "0", "--no-limits"]
    process = subprocess.Popen(  # noqa: S603 (our own command)
        [*command, "--orders", str(orders), "--folder", str(work)],
        env=os.environ | _apart(work / "simulator-home"),
        cwd=settings.BASE_DIR,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(300):
            if told.exists() and told.read_text(encoding="utf-8").endswith("}"):
                break
            if process.poll() is not None:
                raise BenchmarkFailed("The simulator didn't start.")
            time.sleep(0.1)
        yield dict(json.loads(told.read_text(encoding="utf-8"))["environment"])
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def _apart(home: Path) -> dict[str, str]:
    """An environment that touches no other installation of ours."""
    home.mkdir(mode=0o700, exist_ok=True)
    return {"PLUGSELLER_HOME": str(home), "PLUGSELLER_ENV": "demo", "DATABASE_URL": ""}
