"""Writes a seller's package: a ZIP of CSV and JSON, row by row, in constant memory."""

import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import islice
from typing import IO, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from marketplaces.exporting import dictionary
from plugseller.accounts.portability import PORTABLES, Portable, Says
from plugseller.accounts.tenancy import Standing
from plugseller.crypto.streaming import SealedWriter
from plugseller.exports import Cell, Column, csv_lines

FORMATS = ("csv", "json")
_ZONE = ZoneInfo("UTC")
_LONG = 250_000  # rows; with less no file comes near 2 GiB
_AT_ONCE = 100  # JSON rows handed on together

Progress = Callable[[int], None]  # gets the rows done; raises to stop


class Packing:
    """One package under way; `counts` and `size` are whole when `write` returns."""

    def __init__(
        self,
        standing: Standing,
        *,
        expected: Mapping[str, int],  # file -> rows
        now: datetime,
        progress: Progress,
    ) -> None:
        self._standing = standing
        self._expected = expected
        self._now = now
        self._progress = progress
        self._done = 0
        self._operations: dict[str, frozenset[str]] = {}
        self.counts: dict[str, int] = {}
        self.size = 0

    def write(self, out: SealedWriter) -> None:
        """All files, the dictionary, and the words that explain them."""
        counted = _Counted(out)
        with zipfile.ZipFile(counted, "w", zipfile.ZIP_DEFLATED) as package:
            self._package = package
            for table in PORTABLES.values():
                rows = self._csv(table)
                self.counts[table.file] = rows
                self._json(table)
            self._dictionary()
        self.size = counted.size

    def _csv(self, table: Portable) -> int:
        columns = tuple(_as_column(column) for column in table.columns)
        with self._file(f"csv/{table.file}.csv", self._is_long(table)) as entry:
            before = self._done
            for lines in csv_lines(columns, self._rows(table), _ZONE):
                entry.write(lines)
            return self._done - before

    def _json(self, table: Portable) -> None:
        with self._file(f"json/{table.file}.json", self._is_long(table)) as entry:
            for text in _json_text(_as_object(table, r) for r in self._rows(table)):
                entry.write(text.encode("utf-8", "replace"))

    def _rows(self, table: Portable) -> Iterator[Any]:
        traced = any(column.name == "operation" for column in table.columns)
        for batch in table.batches(self._standing, lambda: self._progress(self._done)):
            if traced:
                found = {row.operation for row in batch}
                known = self._operations.get(table.file, frozenset())
                self._operations[table.file] = known | found
            yield from batch
            self._done += len(batch)

    def _dictionary(self) -> None:
        with self._file("dictionary.csv") as entry:
            told = dictionary.explained(self._operations)
            for lines in csv_lines(dictionary.COLUMNS, told, _ZONE):
                entry.write(lines)
        with self._file("dictionary.json") as entry:
            known = dictionary.as_json(self._operations)
            entry.write(json.dumps(known, indent=1, ensure_ascii=False).encode())
        with self._file("README.txt") as entry:
            entry.write(self._words().encode())

    def _words(self) -> str:
        counts = "\n".join(f"  {file}: {rows:,}" for file, rows in self.counts.items())
        about = "\n".join(f"  {one.file}: {one.about}" for one in PORTABLES.values())
        return (
            f"All data of {self._standing.seller.name} at Plug Seller\n"
            f"Begun {self._now.astimezone(UTC):%Y-%m-%d %H:%M} UTC. Rows that changed "
            "while the files were written stand in them as they were when read.\n\n"
            "Each file is here twice: in csv/ for spreadsheets and in json/ for "
            "programs. What each column means, where it is from, in which unit and how "
            "long we keep it stands in dictionary.csv and dictionary.json.\n\n"
            f"{about}\n\nRows:\n{counts}\n\n"
            "Times are in UTC. In CSV an apostrophe stands before text that a "
            "spreadsheet would take for a formula; JSON has the text as it is.\n\n"
            "Not in here: credentials, keys and hashes of keys, because they are "
            "secrets; names of our staff; and your buyers, whom we never fetch.\n"
        )

    def _is_long(self, table: Portable) -> bool:
        return self._expected.get(table.file, 0) > _LONG

    def _file(self, name: str, is_long: bool = False) -> IO[bytes]:
        local = self._now.astimezone(UTC)
        info = zipfile.ZipInfo(name, date_time=local.timetuple()[:6])
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o600 << 16
        # Only where 2 GiB may not do: old programs can't read the larger form.
        return self._package.open(info, "w", force_zip64=is_long)


class _Counted:
    """Hands bytes on and counts them; can't be rewound, so that nothing waits."""

    def __init__(self, out: SealedWriter) -> None:
        self._out = out
        self.size = 0

    def write(self, data: bytes, /) -> int:
        self.size += len(data)
        return self._out.write(data)

    def flush(self) -> None:
        """Nothing: the file is written chunk by chunk."""

    def close(self) -> None:
        """Nothing: whoever opened the file finishes it."""


def _as_column(column: Says) -> Column[Any]:
    return Column(column.name, lambda row: _cell(column.read(row)))


def _as_object(table: Portable, row: Any) -> dict[str, Any]:
    return {column.name: column.read(row) for column in table.columns}


def _cell(value: Any) -> Cell:
    if value is None or isinstance(value, datetime | str | Decimal):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return value if isinstance(value, int) else str(value)


def _json_text(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """A list with a row on each line, some lines at a time."""
    rows, before = iter(rows), "[\n"
    while some := list(islice(rows, _AT_ONCE)):
        told = (json.dumps(row, default=_plain, ensure_ascii=False) for row in some)
        yield before + ",\n".join(told)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Decimal | UUID):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"A package can't hold {type(value).__name__}.")
