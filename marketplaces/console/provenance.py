"""Where a figure is from: the marketplace's time, ours, the call and the run."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from marketplaces import shelf
from marketplaces.console.places import marketplace_label
from marketplaces.datamap import OperationNotPermitted
from marketplaces.models.provenance import MarketplaceRow


@dataclass(frozen=True, slots=True)
class Source:
    """The provenance of one stored row, ready to be shown."""

    marketplace: str
    as_of: datetime | None
    fetched_at: datetime
    operation: str
    purpose: str  # empty for a call that is no longer in the data map
    connection_id: UUID
    run_id: int


def source_of(row: MarketplaceRow) -> Source:
    """Where the row is from."""
    try:
        purpose = shelf.datamap().operation(row.operation).purpose
    except OperationNotPermitted:
        purpose = ""
    marketplace = row.operation.partition(".")[0]
    return Source(
        marketplace=marketplace_label(marketplace),
        as_of=row.as_of,
        fetched_at=row.fetched_at,
        operation=row.operation,
        purpose=purpose,
        connection_id=row.connection_id,
        run_id=row.run_id,
    )
