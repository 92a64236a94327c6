"""What a full pass has seen, and what is gone because it wasn't seen.

A listing or stock that a complete answer no longer holds is marked, never dropped; a
pass that saw nothing at all marks nothing, because an empty answer is more likely a
fault than a seller who sold out of everything.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection, models
from django.db.models import Exists, F, OuterRef, Q, Value
from django.db.models.functions import Concat

from marketplaces.contract import Page
from marketplaces.datamap import Operation
from marketplaces.models import Connection, Listing, Sighting, Stock
from marketplaces.records import ListingRecord, StockRecord

_PARTED = "\x1f"  # between SKU and location; no marketplace lets it stand in either
_UNKNOWN = ""  # a row that couldn't be read, and so may be any


class Sightings:
    """The sightings of one operation of a connection."""

    def __init__(self, account: Connection, operation: Operation) -> None:
        self._account = account
        self._operation = operation

    def note(self, page: Page) -> None:
        """Remember what is on the page, skipped rows too: they are there."""
        found = {*_seen(page, self._operation.marks_gone), *_half_seen(page)}
        columns = ("connection", "operation", "market", "key")
        name = connection.ops.quote_name
        fields: list[Any] = [Sighting._meta.get_field(column) for column in columns]
        account = fields[0].get_db_prep_save(self._account.pk, connection)
        into = ", ".join(name(str(f.column)) for f in fields)
        with connection.cursor() as cursor:
            cursor.executemany(
                f"INSERT INTO {name(Sighting._meta.db_table)} ({into}) "  # noqa: S608 (names of a model)
                "VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
                [(account, self._operation.key, *one) for one in sorted(found)],
            )

    def mark_gone(self, market: str | None, *, now: datetime) -> int:
        """Mark what the completed pass hasn't seen, and forget what it has.

        `market` is the store whose lane is complete; None: the whole account. Gives
        the number of rows marked.
        """
        seen = self._mine().filter(Q(market=market) if market else Q())
        unread = self._mine().filter(key=_UNKNOWN)  # in whichever store it belongs
        marked = 0
        if seen.exists() and not unread.exists():
            marked = self._unseen(market).update(gone_at=now)
        seen.delete()
        return marked

    def forget(self) -> None:
        """A new pass begins."""
        self._mine().delete()

    def _mine(self) -> models.QuerySet[Sighting]:
        return Sighting.objects.filter(
            connection=self._account, operation=self._operation.key
        )

    def _unseen(self, market: str | None) -> models.QuerySet[Any]:
        model: type[Listing] | type[Stock] = Listing
        keys = Q(key=OuterRef("sku"))
        if self._operation.marks_gone == "stock":
            model = Stock
            whole = Concat(F("sku"), Value(_PARTED), F("location"))
            keys |= Q(key=OuterRef("whole"))
        rows: models.QuerySet[Any] = model.objects.across_sellers(
            reason="the rows of one connection, whose lease is held"
        ).filter(connection=self._account, operation=self._operation.key, gone_at=None)
        if market:
            rows = rows.filter(market=market)
        if model is Stock:
            rows = rows.annotate(whole=whole)
        seen = self._mine().filter(keys, market__in=[OuterRef("market"), ""])
        return rows.filter(~Exists(seen))


def _seen(page: Page, marks_gone: str | None) -> Iterable[tuple[str, str]]:
    for record in page.records:
        if marks_gone == "listing" and isinstance(record, ListingRecord):
            yield record.market, record.sku
        elif marks_gone == "stock" and isinstance(record, StockRecord):
            yield record.market, f"{record.sku}{_PARTED}{record.location}"


def _half_seen(page: Page) -> Iterable[tuple[str, str]]:
    """Rows that were there and couldn't be kept, in no store in particular."""
    return (("", row.key[:320] or _UNKNOWN) for row in page.skipped)
