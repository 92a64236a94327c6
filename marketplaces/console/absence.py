"""Why there is nothing to show. An empty table never comes without its reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from marketplaces.console.places import marketplace_label
from marketplaces.console.words import FEATURES
from marketplaces.reports import Stream


@dataclass(frozen=True, slots=True)
class Reason:
    """One account's part of the answer."""

    text: str
    at: datetime | None = None  # when the marketplace gave its answer
    connection_id: UUID | None = None  # where the seller can do something about it


def why_nothing(streams: Sequence[Stream], *, searched: bool) -> list[Reason]:
    """For each account: off, not fetched yet, or nothing there; in different words.

    Where it was `searched`, an account that told everything is no reason.
    """
    reasons = [why_missing(stream) for stream in streams]
    return [reason for reason in reasons if not (searched and reason.at)]


def why_missing(stream: Stream) -> Reason:
    """Why a connection has no row of a feature."""
    at = stream.connection
    where = f"{marketplace_label(at.marketplace)} {at.region.upper()}"
    what = FEATURES[stream.feature]
    here = at.pk
    if not stream.on:
        return Reason(f"{what} is off for {where}: nothing is fetched.", None, here)
    if stream.complete_at:
        none = f"{where} answered: no {what.lower()}."
        return Reason(none, stream.complete_at)
    if stream.is_running:
        text = f"{what} of {where}: not fetched yet. The first sync is running."
    elif stream.failed:
        text = f"{what} of {where}: not fetched yet. The last sync failed."
    else:
        text = f"{what} of {where}: not fetched yet."
    return Reason(text, None, here)
