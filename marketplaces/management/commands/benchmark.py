"""`manage.py benchmark ingest|audit|erase`: what we cost beside the least possible."""

import json
import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from marketplaces.benchmarks import audit, erase, ingest
from marketplaces.benchmarks.engines import Embedded, Engine, NoServer, PostgreSQL
from marketplaces.benchmarks.ingest import (
    GOAL_RATIO,
    GOAL_RESYNC,
    BenchmarkFailed,
)
from plugseller.commands import table

INGEST = (
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
AUDIT = (
    ("request_ms", "a logged request, ms", ""),
    ("request_unlogged_ms", "floor: the same unlogged, ms", ""),
    ("ratio_of_requests", "logged / unlogged", f"at most {audit.GOAL_REQUEST}"),
    ("append_us", "an entry, µs", ""),
    ("insert_us", "floor: a raw INSERT with HMAC, µs", ""),
    ("ratio_of_appends", "entry / raw INSERT", f"at most {audit.GOAL_APPEND}"),
    ("verified_entries", "entries verified", ""),
    ("verify_seconds", "seconds to verify them", ""),
    ("verified_per_second", "entries verified a second", ""),
)
ERASE = (
    ("rows", "orders and lines erased", ""),
    ("seconds", "seconds, whole seller", ""),
    ("rows_per_second", "rows a second", ""),
    ("floor_seconds", "floor: two plain DELETEs, seconds", ""),
    ("ratio_to_deletes", "ours / two DELETEs", f"at most {erase.GOAL_RATIO}"),
    (
        "longest_wait_ms",
        "longest wait of another writer, ms",
        f"at most {erase.GOAL_WAIT_MS}",
    ),
    ("floor_longest_wait_ms", "the same during the DELETEs, ms", ""),
    ("growth_mb", "memory grown meanwhile, MiB", f"at most {erase.GOAL_GROWTH_MB}"),
    ("peak_rss_mb", "peak memory, MiB", ""),
)


class Command(BaseCommand):
    """Exit status 0 whatever the figures are; 1 only if something didn't run."""

    help = (
        "Measure the way of orders from the marketplace to the database (ingest), "
        "what the audit log costs (audit), or erasing a seller (erase), on a data "
        "folder and a database of its own that are removed afterwards."
    )
    requires_system_checks = ()  # the configured installation isn't touched

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["ingest", "audit", "erase"])
        parser.add_argument(
            "--orders",
            type=int,
            help="how many to load (ingest, 10,000), or to have (erase, 1,000,000)",
        )
        parser.add_argument(
            "--entries", type=int, default=1_000_000, help="how many to verify (audit)"
        )
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
        erasing = options["what"] == "erase"
        orders = options["orders"]
        if orders is None:
            orders = 1_000_000 if erasing else 10_000
        if min(orders, options["entries"], options["repeat"]) < 1:
            raise CommandError("--orders, --entries and --repeat must be at least 1.")
        if erasing and orders < 1_000:
            raise CommandError("--orders must be at least 1,000 to erase from.")
        engine, repeat = _engine(options["engine"]), options["repeat"]
        try:
            if options["what"] == "audit":
                lines = AUDIT
                figures = audit.measure(
                    entries=options["entries"], engine=engine, repeat=repeat
                )
                told = f"{figures['verified_entries']:,} entries"
            elif erasing:
                lines = ERASE
                figures = erase.measure(orders=orders, engine=engine, repeat=repeat)
                told = f"{figures['orders']:,} of {figures['orders_before']:,} orders"
            else:
                lines = INGEST
                figures = ingest.measure(orders=orders, engine=engine, repeat=repeat)
                told = f"{figures['orders']:,} orders"
        except (BenchmarkFailed, NoServer) as error:
            raise CommandError(str(error)) from None
        text = json.dumps(figures, indent=2)
        if options["json"] == "-":
            self.stdout.write(text)
            return
        rows = [
            {"measure": words, "found": figures[key], "goal": goal}
            for key, words, goal in lines
        ]
        self.stdout.write(table(("measure", "found", "goal"), rows))
        self.stdout.write(_summary(told, figures))
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


def _summary(told: str, figures: dict[str, Any]) -> str:
    missed = [name for name, met in figures["goals"].items() if not met]
    verdict = f"Goals missed: {', '.join(missed)}." if missed else "All goals are met."
    return f"{told} on {figures['engine']}, medians of {figures['repeat']}. {verdict}"
