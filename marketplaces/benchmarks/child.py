"""One measure in a process of its own; prints one line of JSON.

    python -m marketplaces.benchmarks.child fetch|audit_...|erase_...|... <folder>

`folder` holds the pages (`fetch` puts them there) and `simulator.json`.
"""

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.db import connection


def main(what: str, folder: Path) -> dict[str, Any]:
    """The measure's figures."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plugseller.settings")
    django.setup()
    from . import entries, erasing

    measure: Callable[[Path], dict[str, Any]] = {
        "connect": _connect,
        "fetch": _fetch,
        "parse": _parse,
        "upsert": _upsert,
        "ours": _ours,
        "audit_prepare": entries.prepare,
        "audit_logged": entries.logged,
        "audit_unlogged": entries.unlogged,
        "audit_append": entries.append,
        "audit_insert": entries.insert,
        "audit_verify": entries.verify,
        "erase_prepare": erasing.prepare,
        "erase_floor": erasing.floor,
        "erase_ours": erasing.ours,
        "erase_writer": erasing.writer,
    }[what]
    return measure(folder)


def _connect(folder: Path) -> dict[str, Any]:
    """Make the seller and the connection that the measures use."""
    from marketplaces import credentials
    from marketplaces.contract import Credentials, Secret
    from marketplaces.datamap import Feature
    from marketplaces.models import Connection, FeatureSwitch, Market
    from plugseller.accounts.services import create_seller

    told = _account(folder)
    seller = create_seller(
        actor=None, name="Benchmark", slug="benchmark", time_zone="UTC"
    )
    account = Connection.objects.create(
        seller=seller,
        marketplace=told["marketplace"],
        region=told["region"],
        account_id=told["account_id"],
        credentials=credentials.pack(
            Credentials(
                account_id=told["account_id"],
                refresh_token=Secret(told["refresh_token"]),
            )
        ),
    )
    FeatureSwitch.objects.create(connection=account, feature=Feature.ORDERS, on=True)
    for market in told["markets"]:
        Market.objects.create(
            seller=seller,
            connection=account,
            market=market,
            currency="EUR",
            fetched_at=account.connected_at,
            operation="benchmark",
            run_id=0,
        )
    return {"connection": str(account.pk)}


def _fetch(folder: Path) -> dict[str, Any]:
    """Fetch every page once, as a sync would, and keep the bodies."""
    from datetime import UTC, datetime

    from marketplaces import credentials, shelf
    from marketplaces.contract import App, Ask, Checkpoint, Secret
    from marketplaces.transport import open_transport

    from .floor import OPERATION

    account = _connection()
    adapter = shelf.adapter(account.marketplace)
    operation = shelf.datamap().operation(OPERATION)
    told = settings.MARKETPLACE_APPS[account.marketplace]
    app = App("", told["client_id"], Secret(told["client_secret"]), "")
    now = datetime.now(UTC)
    at, pages = Checkpoint(started=now), 0
    (folder / "pages").mkdir()
    with open_transport(account.marketplace, account.region) as transport:
        renewal = adapter.renewal(
            app=app, credentials=credentials.unpack(account.credentials)
        )
        access = adapter.access_from(response=transport.send(renewal), now=now)
        ask = Ask(
            region=next(r for r in adapter.regions if r.key == account.region),
            account_id=account.account_id,
            markets=tuple(_account(folder)["markets"]),
            access=access,
            now=now,
            correlation_id="benchmark",
        )
        while True:
            request = adapter.request(operation, at, ask)
            assert request is not None  # noqa: S101 (orders are always asked for)
            response = transport.send(request)
            pages += 1
            (folder / "pages" / f"{pages:06}.json").write_bytes(response.body)
            page = adapter.read(operation, at, ask, response)
            at = page.checkpoint
            if page.finished:
                return {"pages": pages, "page_size": operation.page_size}


def _parse(folder: Path) -> dict[str, Any]:
    from . import floor

    bodies = floor.pages(folder / "pages")
    floor.parse(bodies[:1])  # the decoder is made and the code is warm
    began = time.perf_counter()
    orders = floor.parse(bodies)
    return _figures(orders, time.perf_counter() - began)


def _upsert(folder: Path) -> dict[str, Any]:
    from . import floor

    account, bodies = _connection(), floor.pages(folder / "pages")
    floor.parse(bodies[:1])
    began = time.perf_counter()
    orders = floor.parse_and_upsert(bodies, account)
    first = time.perf_counter() - began
    began = time.perf_counter()
    floor.parse_and_upsert(bodies, account)
    return _figures(orders, first) | {"resync_seconds": time.perf_counter() - began}


def _ours(folder: Path) -> dict[str, Any]:
    """The whole way through TLS, twice: a first load, and again unchanged."""
    account = _connection()
    _import_what_a_sync_needs()
    first, seconds = _sync(account, full=False)
    with _RowsWritten() as rows:
        again, resync_seconds = _sync(account, full=True)
    return _figures(first.rows_new, seconds) | {
        "calls": first.calls,
        "resync_seconds": resync_seconds,
        "resync_calls": again.calls,
        "resync_unchanged": again.rows_unchanged,
        "rows_written_on_resync": rows.count,
    }


def _import_what_a_sync_needs() -> None:
    """Loading our code isn't ingesting; the floor has its own loaded as well."""
    from marketplaces import shelf

    import_module("marketplaces.sync.engine")
    import_module(settings.ROOT_URLCONF)  # our registration names its callback
    shelf.datamap()


def _sync(account: Any, *, full: bool) -> tuple[Any, float]:
    from marketplaces.sync.engine import sync_connection
    from marketplaces.sync.limits import UNLIMITED

    began = time.perf_counter()
    runs = sync_connection(account.pk, full=full, pace=UNLIMITED)
    seconds = time.perf_counter() - began
    run = next(run for run in runs if run.feature == "orders")
    if run.outcome != run.Outcome.DONE:
        raise SystemExit(f"The sync ended as {run.outcome}: {run.error_code}")
    return run, seconds


class _RowsWritten:
    """Counts rows of the order tables that the database itself saw written."""

    def __enter__(self) -> "_RowsWritten":
        from marketplaces.models import Order, OrderItem

        self._tables = [Order._meta.db_table, OrderItem._meta.db_table]
        self.count = 0
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute("CREATE TEMP TABLE written (n integer)")
                for table in self._tables:
                    for event in ("INSERT", "UPDATE", "DELETE"):
                        cursor.execute(
                            f"CREATE TEMP TRIGGER {table}_{event} AFTER {event} ON "  # noqa: S608 (names of our own)
                            f"main.{table} BEGIN INSERT INTO written VALUES (1); END"
                        )
            else:
                self._before = self._counted(cursor)
        return self

    def __exit__(self, *_: object) -> None:
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute("SELECT count(*) FROM written")
                self.count = cursor.fetchone()[0]
            else:
                self.count = self._counted(cursor) - self._before

    def _counted(self, cursor: Any) -> int:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables "
            "WHERE relname = ANY(%s)",
            [self._tables],
        )
        return int(cursor.fetchone()[0])


def _figures(orders: int, seconds: float) -> dict[str, Any]:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"orders": orders, "seconds": seconds, "peak_rss_mb": round(peak, 1)}


def _connection() -> Any:
    from marketplaces.models import Connection

    return Connection.objects.across_sellers(reason="the benchmark's own").get()


def _account(folder: Path) -> Any:
    told = json.loads((folder / "simulator.json").read_text(encoding="utf-8"))
    return next(a for a in told["accounts"] if a["key"] == "north-amazon-eu")


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], Path(sys.argv[2]))))  # noqa: T201 (for the parent)
