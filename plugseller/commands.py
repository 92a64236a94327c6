"""The base of commands that report: a table for people, `--json` for programs.

A command parses its arguments and returns one Report; printing it and the exit
status are done here.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from getpass import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandParser


@dataclass(frozen=True, slots=True)
class Report:
    """What a command found or did."""

    columns: Sequence[str]
    rows: Sequence[Mapping[str, Any]]  # column -> value; a table's line each
    facts: Mapping[str, Any] = field(default_factory=dict)  # JSON only
    summary: str = ""  # the last line for people
    failed: bool = False  # exit status 1


class ReportCommand(BaseCommand):
    """A command whose `report` is printed; exit status 1 if it failed."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--json", action="store_true", help="print JSON instead of a table"
        )

    def report(self, **options: Any) -> Report:
        """Do the work and say what came of it; CommandError for a refusal."""
        raise NotImplementedError

    def handle(self, *args: Any, **options: Any) -> None:
        report = self.report(**options)
        if options["json"]:
            whole = {**report.facts, "rows": [dict(row) for row in report.rows]}
            self.stdout.write(json.dumps(whole, indent=2, default=_plain))
        else:
            self.stdout.write(table(report.columns, report.rows))
            if report.summary:
                self.stdout.write(report.summary)
        if report.failed:
            raise SystemExit(1)


def asked(prompt: str, *, shown: bool = True) -> str:
    """What somebody types, or the next line of standard input.

    For what shouldn't stand in an argument, where everybody on the machine sees it.
    With `shown=False` it doesn't appear on the terminal either.
    """
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    return (input if shown else getpass)(prompt).strip()


def table(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows under their columns; numbers stand at the right."""
    lines = [list(columns), *([_cell(row.get(c)) for c in columns] for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    right = [
        bool(rows) and all(_is_number(row.get(column)) for row in rows)
        for column in columns
    ]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "  ".join(
            cell.rjust(width) if at_right else cell.ljust(width)
            for cell, width, at_right in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in lines
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:,.1f}" if abs(value) >= 10 else f"{value:.2f}"
        case int():
            return f"{value:,}"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}"
        case list() | tuple():
            return ", ".join(map(_cell, value))
    # A table's line stays one line, whatever a marketplace put into a text.
    return "".join(c if c.isprintable() else " " for c in str(value))


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
