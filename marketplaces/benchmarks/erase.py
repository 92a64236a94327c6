"""What erasing one seller costs, beside two plain DELETEs, and who waits meanwhile.

The floor is `DELETE ... WHERE seller_id` for the lines and for the orders, each one
transaction. Ours is the walk of a deletion request through every holding, down to the
seller's own row. Floor and ours alternate, each in a fresh process on a fresh copy of
the database, while another process writes small transactions all the time.
"""

import os
import platform
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from marketplaces.benchmarks.engines import Engine
from marketplaces.benchmarks.ingest import run_child

GOAL_RATIO = 2.0  # ours against the two DELETEs, at most
GOAL_WAIT_MS = 250  # the longest time another writer waits
GOAL_GROWTH_MB = 80  # of memory while erasing: the database's cache, and no more


def measure(*, orders: int, engine: Engine, repeat: int) -> dict[str, Any]:
    """The figures; a tenth of the orders is erased. BenchmarkFailed if one fails."""
    samples: dict[str, list[dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory(prefix="plugseller-benchmark-") as folder:
        work = Path(folder)
        (work / "orders").write_text(str(orders))
        with engine.prepared(work) as environment:
            run_child("erase_prepare", work, environment)
            for number in range(repeat):
                for what in ("floor", "ours"):
                    with engine.copy(work, f"{what}{number}") as own:
                        found = run_child(f"erase_{what}", work, environment | own)
                    samples.setdefault(what, []).append(found)
    return _figures(samples, engine, repeat)


def _figures(
    samples: dict[str, list[dict[str, Any]]], engine: Engine, repeat: int
) -> dict[str, Any]:
    ours, floor = samples["ours"], samples["floor"]
    pairs = zip(ours, floor, strict=True)
    ratio = round(float(median(o["seconds"] / f["seconds"] for o, f in pairs)), 2)
    wait = max(run["longest_wait_ms"] for run in ours)
    growth = max(run["growth_mb"] for run in ours)
    return {
        "orders": ours[0]["orders"],
        "orders_before": ours[0]["orders_before"],
        "rows": ours[0]["rows"],
        "left": max(run["left"] for run in ours),
        "seconds": round(median(run["seconds"] for run in ours), 2),
        "rows_per_second": int(median(r["rows"] / r["seconds"] for r in ours)),
        "floor_seconds": round(median(run["seconds"] for run in floor), 2),
        "ratio_to_deletes": ratio,
        "longest_wait_ms": wait,
        "floor_longest_wait_ms": max(run["longest_wait_ms"] for run in floor),
        "others_wrote": min(run["others_wrote"] for run in ours),
        "growth_mb": growth,
        "peak_rss_mb": max(run["peak_rss_mb"] for run in ours),
        "engine": engine.name,
        "repeat": repeat,
        "goals": {
            "ratio_to_deletes": ratio <= GOAL_RATIO,
            "longest_wait_ms": wait <= GOAL_WAIT_MS,
            "growth_mb": growth <= GOAL_GROWTH_MB,
        },
        "samples": samples,
        "python": platform.python_version(),
        "processors": os.cpu_count(),
    }
