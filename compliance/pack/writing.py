"""Writes a pack: a ZIP of the rooms' parts, row by row, in constant memory."""

import hashlib
import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import IO, Any
from zoneinfo import ZoneInfo

from compliance.pack import index
from compliance.pack.manifest import NAME, File, manifest, utc
from compliance.packing import Document, Part, Period, Table
from plugseller.exports import Cell, Column, csv_lines

_ZONE = ZoneInfo("UTC")
# Letters that mean the same on every system, and no way out of the folder.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")


class Writer:
    """One pack under way: the same rows at the same instant give the same bytes."""

    def __init__(self, out: IO[bytes], *, period: Period, now: datetime) -> None:
        self._package = zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED)
        self._period, self._now = period, now
        self.files: list[File] = []

    def write(self, parts: Mapping[str, Part]) -> None:
        """Every room's part by its name, the page that explains, the manifest.

        Raises KeyTrouble, OSError; ValueError for a part that can't be in a pack.
        """
        with self._package:
            for room in sorted(parts):
                for one in parts[room](self._period, self._now):
                    self._add(one)
            told = index.page(self.files, self._period, self._now)
            self._put(index.NAME, index.SAYS, [told.encode()])
            signed = manifest(self.files, self._period, self._now)
            with self._entry(NAME) as entry:
                entry.write(signed)

    def _add(self, one: Table | Document) -> None:
        taken = {NAME, index.NAME, *(file.name for file in self.files)}
        if not _NAME.fullmatch(one.name) or one.name in taken:
            raise ValueError(f"No file of a pack can be called {one.name!r}.")
        if isinstance(one, Document):
            content = one.content
            pieces = [content] if isinstance(content, bytes) else content
            self._put(one.name, one.says, pieces)
            return
        rows = _Counted(one.rows)
        columns = tuple(
            Column(head, partial(_cell_at, place))
            for place, head in enumerate(one.columns)
        )
        self._put(one.name, one.says, csv_lines(columns, rows, _ZONE), rows)

    def _put(
        self,
        name: str,
        says: str,
        pieces: Iterable[bytes],
        rows: "_Counted | None" = None,
    ) -> None:
        digest, size = hashlib.sha256(), 0
        with self._entry(name) as entry:
            for piece in pieces:
                digest.update(piece)
                size += len(piece)
                entry.write(piece)
        counted = rows.count if rows else None
        self.files.append(File(name, says, size, digest.hexdigest(), counted))

    def _entry(self, name: str) -> IO[bytes]:
        made = self._now.astimezone(UTC).timetuple()[:6]
        info = zipfile.ZipInfo(name, date_time=made)
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o600 << 16
        return self._package.open(info, "w")


class _Counted:
    """Hands rows on and counts them."""

    def __init__(self, rows: Iterable[tuple[object, ...]]) -> None:
        self._rows = rows
        self.count = 0

    def __iter__(self) -> Iterator[tuple[object, ...]]:
        for row in self._rows:
            self.count += 1
            yield row


def _cell_at(place: int, row: tuple[object, ...]) -> Cell:
    value: Any = row[place]
    if value is None or isinstance(value, str | Decimal):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True, default=_plain)
    return value if isinstance(value, int) else _plain(value)


def _plain(value: object) -> str:
    return utc(value) if isinstance(value, datetime) else str(value)
