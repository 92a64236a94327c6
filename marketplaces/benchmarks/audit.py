"""What the audit log costs: a request, an append, verifying; each beside its floor.

Floor and ours alternate, each in a fresh process on a fresh copy of the database;
figures are medians, ratios are medians of the pairs.
"""

import os
import platform
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from marketplaces.benchmarks.engines import Engine
from marketplaces.benchmarks.ingest import run_child

GOAL_REQUEST = 1.1  # a logged request against the same one unlogged, at most
GOAL_APPEND = 1.5  # an entry against a raw INSERT with HMAC, at most
_PAIRS = (("unlogged", "logged"), ("insert", "append"))


def measure(*, entries: int, engine: Engine, repeat: int) -> dict[str, Any]:
    """The figures; BenchmarkFailed if a measure fails."""
    samples: dict[str, list[dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory(prefix="plugseller-benchmark-") as folder:
        work = Path(folder)
        (work / "entries").write_text(str(entries))
        with engine.prepared(work) as environment:
            run_child("audit_prepare", work, environment)

            def run(what: str, number: int) -> None:
                with engine.copy(work, f"{what}{number}") as own:
                    found = run_child(f"audit_{what}", work, environment | own)
                samples.setdefault(what, []).append(found)

            for number in range(repeat):
                for floor, ours in _PAIRS:
                    run(floor, number)
                    run(ours, number)
            run("verify", 0)
    return _figures(samples, engine, repeat)


def _figures(
    samples: dict[str, list[dict[str, Any]]], engine: Engine, repeat: int
) -> dict[str, Any]:
    request, append = (_ratio(samples, *pair) for pair in _PAIRS)
    verified = samples["verify"][0]
    return {
        "request_ms": _micro(samples, "logged") / 1_000,
        "request_unlogged_ms": _micro(samples, "unlogged") / 1_000,
        "ratio_of_requests": request,
        "append_us": _micro(samples, "append"),
        "insert_us": _micro(samples, "insert"),
        "ratio_of_appends": append,
        "verified_entries": verified["entries"],
        "verify_seconds": round(verified["seconds"], 2),
        "verified_per_second": int(verified["entries"] / verified["seconds"]),
        "entries_of_unlogged": max(s["entries"] for s in samples["unlogged"]),
        "entries_of_logged": min(s["entries"] for s in samples["logged"]),
        "engine": engine.name,
        "repeat": repeat,
        "goals": {
            "ratio_of_requests": request <= GOAL_REQUEST,
            "ratio_of_appends": append <= GOAL_APPEND,
        },
        "samples": samples,
        "python": platform.python_version(),
        "processors": os.cpu_count(),
    }


def _micro(samples: dict[str, list[dict[str, Any]]], what: str) -> float:
    return round(float(median(s["seconds"] for s in samples[what])) * 1e6, 1)


def _ratio(samples: dict[str, list[dict[str, Any]]], floor: str, ours: str) -> float:
    pairs = zip(samples[ours], samples[floor], strict=True)
    return round(float(median(o["seconds"] / f["seconds"] for o, f in pairs)), 3)
