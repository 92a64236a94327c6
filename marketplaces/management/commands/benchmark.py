"""`manage.py benchmark ingest`: what the main path costs beside the least possible."""

import json
import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from marketplaces.benchmarks.engines import Embedded, Engine, NoServer, PostgreSQL
from marketplaces.benchmarks.ingest import (
    GOAL_RATIO,
    GOAL_RESYNC,
    BenchmarkFailed,
    measure,
)
from plugseller.commands import table

LINES = (
    ("orders_per_second", "orders a second, end to end", ""),
    ("floor_parse_per_second", "floor: typed parse only", ""),
    ("floor_upsert_per_second", "floor: typed parse and bare upsert", ""),
    ("ratio_to_floor_upsert", "ours / second floor", f"at most {GOAL_RATIO}"),
    ("resync_ratio", "first load / unchanged re-sync", f"at least {GOAL_RESYNC}"),
    ("rows_written_on_resync", "rows written on the re-sync", "0"),
    ("calls", "calls", "the least possible"),
    ("calls_minimum", "least possible calls", ""),
    ("peak_rss_mb", "peak memory, MiB", ""),
)


class Command(BaseCommand):
    """Exit status 0 whatever the figures are; 1 only if something didn't run."""

    help = (
        "Measure the way of orders from the marketplace to the database, on a data "
        "folder and a database of its own that are removed afterwards."
    )
    requires_system_checks = ()  # the configured installation isn't touched

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["ingest"])
        parser.add_argument("--orders", type=int, default=10_000)
        parser.add_argument(
            "--json",
            nargs="?",
            const="-",
            metavar="FILE",
            help="also save the figures; without FILE, print them instead of the table",
        )
        parser.add_argument("--engine", choices=["sqlcipher", "postgresql"])
        parser.add_argument("--repeat", type=int, default=3)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["orders"] < 1 or options["repeat"] < 1:
            raise CommandError("--orders and --repeat must be at least 1.")
        try:
            figures = measure(
                orders=options["orders"],
                engine=_engine(options["engine"]),
                repeat=options["repeat"],
            )
        except (BenchmarkFailed, NoServer) as error:
            raise CommandError(str(error)) from None
        text = json.dumps(figures, indent=2)
        if options["json"] == "-":
            self.stdout.write(text)
            return
        rows = [
            {"measure": words, "found": figures[key], "goal": goal}
            for key, words, goal in LINES
        ]
        self.stdout.write(table(("measure", "found", "goal"), rows))
        self.stdout.write(_summary(figures))
        if options["json"]:
            Path(options["json"]).write_text(text + "\n", encoding="utf-8")


def _engine(name: str | None) -> Engine:
    address = os.environ.get("DATABASE_URL", "")
    if name == "postgresql" and not address:
        raise CommandError(
            "DATABASE_URL must name a PostgreSQL server that may make databases. "
            "Example: DATABASE_URL=postgres://postgres@127.0.0.1:5432/postgres"
        )
    if name == "postgresql" or (name is None and address):
        return PostgreSQL(address)
    return Embedded()


def _summary(figures: dict[str, Any]) -> str:
    missed = [name for name, met in figures["goals"].items() if not met]
    verdict = f"Goals missed: {', '.join(missed)}." if missed else "All goals are met."
    return (
        f"{figures['orders']:,} orders on {figures['engine']}, medians of "
        f"{figures['repeat']}. {verdict}"
    )
