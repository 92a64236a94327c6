"""`manage.py sync`: fetch what is new from every connection."""

import sys
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError, CommandParser

from marketplaces.datamap import Feature
from marketplaces.models import Connection
from marketplaces.sync.engine import Progress
from marketplaces.sync.rounds import Result, live_connections, sync_round
from plugseller.accounts.models import Seller
from plugseller.audit.services import Acting, acting
from plugseller.commands import Report, ReportCommand

COLUMNS = (
    "seller",
    "connection",
    "feature",
    "calls",
    "new",
    "changed",
    "unchanged",
    "gone",
    "skipped",
    "dropped",
    "seconds",
    "outcome",
)


class Command(ReportCommand):
    """Exit status 1 if anything failed; waiting for a limit isn't failing."""

    help = (
        "Fetch products, listings, prices, inventory and orders of every connection "
        "(or of those named): everything the first time, changes afterwards."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--seller", metavar="SLUG", help="only this seller's")
        parser.add_argument("--connection", metavar="ID", help="only this one")
        parser.add_argument("--feature", metavar="NAME", help="only this feature")
        parser.add_argument(
            "--full", action="store_true", help="look at everything, not only changes"
        )

    def report(self, **options: Any) -> Report:
        accounts = _chosen(options["seller"], options["connection"])
        feature = _feature(options["feature"])
        if feature is not None and not options["connection"]:
            accounts = _with_feature(accounts, feature)
        tell = self._bar if sys.stderr.isatty() else None
        with acting(Acting(kind="command")):
            results = sync_round(
                accounts,
                features=[feature] if feature else None,
                full=options["full"],
                progress=tell,
            )
        if tell:
            self.stderr.write("\r\033[K", ending="")
        return _report(results)

    def _bar(self, at: Progress) -> None:
        line = (
            f"{at.marketplace} {at.feature}: {at.calls:,} calls, {at.pages:,} pages, "
            f"{at.rows:,} rows"
        )
        self.stderr.write(f"\r\033[K{line}", ending="")
        self.stderr.flush()


def _chosen(slug: str | None, connection_id: str | None) -> list[Connection]:
    accounts = live_connections()
    if slug is not None:
        if not Seller.objects.filter(slug=slug).exists():
            raise CommandError(f"There is no seller “{slug}”.")
        accounts = accounts.filter(seller__slug=slug)
    if connection_id is None:
        return list(accounts)
    try:
        found = accounts.filter(pk=UUID(connection_id))
    except ValueError:
        raise CommandError(f"“{connection_id}” isn't a connection's id.") from None
    if not found:
        raise CommandError("There is no live connection of that id.")
    return list(found)


def _feature(name: str | None) -> Feature | None:
    if name is None:
        return None
    try:
        return Feature(name)
    except ValueError:
        known = ", ".join(feature.value for feature in Feature)
        raise CommandError(
            f"There is no feature “{name}”. There are: {known}."
        ) from None


def _with_feature(accounts: list[Connection], feature: Feature) -> list[Connection]:
    if feature is Feature.ACCOUNT:
        return accounts
    found = [
        account
        for account in accounts
        if account.switches.filter(feature=feature.value, on=True).exists()
    ]
    if accounts and not found:
        raise CommandError(f"No connection has {feature.value} switched on.")
    return found


def _report(results: list[Result]) -> Report:
    rows = [row for result in results for row in _rows(result)]
    failed = sum(result.failed for result in results)
    summary = f"Connections synced: {len(results)}."
    if not results:
        summary = "There is no live connection to sync."
    elif failed:
        summary = f"{failed} of {len(results)} connections failed, at least in part."
    return Report(
        COLUMNS,
        rows,
        facts={"connections": len(results), "failed": failed},
        summary=summary,
        failed=bool(failed),
    )


def _rows(result: Result) -> list[dict[str, Any]]:
    account = result.account
    name = {
        "seller": account.seller.slug,
        "connection": f"{account.marketplace} {account.region}",
        "connection_id": str(account.pk),
    }
    if result.problem:
        return [{**name, "outcome": result.problem}]
    return [
        {
            **name,
            "feature": run.feature,
            "calls": run.calls,
            "pages": run.pages,
            "new": run.rows_new,
            "changed": run.rows_changed,
            "unchanged": run.rows_unchanged,
            "gone": run.rows_gone,
            "skipped": run.rows_skipped,
            "dropped": run.fields_dropped,
            "seconds": (run.finished_at - run.started_at).total_seconds()
            if run.finished_at
            else None,
            "outcome": f"{run.get_outcome_display()}"
            + (f": {run.trouble} ({run.error_code})" if run.trouble else ""),
        }
        for run in result.runs
    ]
