"""What a rule gives when it fires."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that fired, and what for: hits of one cause on one day are one incident.

    Nothing of anybody is in it but ids.
    """

    cause: str  # a person's id, a place
    at: datetime
    entries: tuple[int, ...]  # the audit entries it stands on, the newest last
    facts: dict[str, str | int] = field(
        default_factory=dict
    )  # figures, names of places
    person_id: UUID | None = None  # who did it, if a person did
    marketplaces: frozenset[str] = frozenset()
