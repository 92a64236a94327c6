"""`manage.py datamap`: every call there can be, every field it keeps (USE-3)."""

from dataclasses import asdict
from typing import Any

from marketplaces import shelf
from marketplaces.datamap import Grantless, Operation, kept_fields, unwanted_paths
from plugseller.commands import Report, ReportCommand

COLUMNS = (
    "feature",
    "marketplace",
    "operation",
    "method",
    "path",
    "version",
    "role",
    "rate",
    "burst",
    "page_size",
    "fixed",
)


class Command(ReportCommand):
    """Prints the executable data map itself, so it can't be out of date."""

    help = "Print what is fetched from the marketplaces, why, and what is kept of it."
    requires_system_checks = ()  # it looks at no setting but MARKETPLACES

    def report(self, **options: Any) -> Report:
        operations = list(shelf.datamap())
        rows = [_row(operation) for operation in operations]
        return Report(
            COLUMNS,
            rows,
            facts={
                "marketplaces": [adapter.key for adapter in shelf.adapters()],
                "grantless": [asdict(call) for call in shelf.datamap().grantless],
            },
            summary="\n".join(
                [
                    *(_fields(row) for row in rows),
                    *(_own(call) for call in shelf.datamap().grantless),
                ]
            ),
        )


def _row(operation: Operation) -> dict[str, Any]:
    return {
        "feature": operation.feature.value,
        "marketplace": operation.marketplace,
        "operation": operation.key.partition(".")[2],
        "purpose": operation.purpose,
        "method": operation.method,
        "path": operation.path,
        "version": operation.version,
        "role": operation.role,
        "rate": f"{operation.rate:.3g}/s",
        "rate_per_second": operation.rate,
        "burst": operation.burst,
        "page_size": operation.page_size,
        "fixed": [f"{name}={value}" for name, value in operation.parameters],
        "fixed_parameters": dict(operation.parameters),
        "variable_parameters": operation.variable,
        "fields_kept": [
            {"path": field.path, "type": field.type}
            for field in kept_fields(operation.structure)
        ],
        "fields_dropped": unwanted_paths(operation.structure),
    }


def _own(call: Grantless) -> str:
    """A call about our own app: it brings nothing, so nothing can be kept."""
    return (
        f"\n{call.marketplace} {call.key.partition('.')[2]}: {call.purpose}"
        f"\n  {call.method} {call.path} ({call.version}), as our own app "
        f"({call.scope}), {call.rate:.3g}/s; no seller's token, no data of a seller"
    )


def _fields(row: dict[str, Any]) -> str:
    kept = ", ".join(field["path"] for field in row["fields_kept"])
    dropped = ", ".join(row["fields_dropped"]) or "nothing known"
    return (
        f"\n{row['marketplace']} {row['operation']}: {row['purpose']}"
        f"\n  kept: {kept}"
        f"\n  looked for, dropped and counted: {dropped}"
    )
