"""The page "What we fetch, and why": the data map, and what it kept out."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from marketplaces import reports, shelf
from marketplaces.datamap import Feature, Kept, Operation, kept_fields, unwanted_paths
from plugseller.accounts.desk import Desk, open_desk, show

DAYS = 30


@dataclass(frozen=True, slots=True)
class Unwanted:
    """A path that is looked for and dropped, and how often it came."""

    path: str
    times: int


@dataclass(frozen=True, slots=True)
class Call:
    """One operation in a seller's words."""

    operation: Operation
    kept: tuple[Kept, ...]
    unwanted: tuple[Unwanted, ...]


@dataclass(frozen=True, slots=True)
class Chapter:
    """One feature of one marketplace."""

    marketplace: str
    label: str
    feature: Feature
    calls: tuple[Call, ...]
    on_for: int  # connections of the seller that have it on

    @property
    def dropped(self) -> int:
        return sum(path.times for call in self.calls for path in call.unwanted)

    @property
    def looked_for(self) -> tuple[str, ...]:
        """Every path that is dropped on arrival."""
        return tuple(path.path for call in self.calls for path in call.unwanted)

    @property
    def purposes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(call.operation.purpose for call in self.calls))

    @property
    def roles(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(call.operation.role for call in self.calls))

    @property
    def fields_kept(self) -> int:
        return sum(len(call.kept) for call in self.calls)


def chapters(
    marketplace: str,
    *,
    dropped: list[reports.Dropped] | None = None,
    fresh: list[reports.Stream] | None = None,
) -> list[Chapter]:
    """The data map of a marketplace, feature by feature, account first."""
    times = {(d.marketplace, d.feature, d.path): d.times for d in dropped or ()}
    on: dict[Feature, int] = defaultdict(int)
    live: set[object] = set()
    for stream in fresh or ():
        if stream.connection.marketplace == marketplace:
            live.add(stream.connection.pk)
            on[stream.feature] += stream.on
    on[Feature.ACCOUNT] = len(live)
    datamap = shelf.datamap()
    features = (Feature.ACCOUNT, *datamap.features(marketplace))
    return [
        Chapter(
            marketplace=marketplace,
            label=shelf.adapter(marketplace).label,
            feature=feature,
            calls=tuple(
                _call(operation, times)
                for operation in datamap.of(marketplace, feature)
            ),
            on_for=on[feature],
        )
        for feature in features
        if datamap.of(marketplace, feature)
    ]


def _call(operation: Operation, times: dict[tuple[str, str, str], int]) -> Call:
    place = (operation.marketplace, operation.feature.value)
    return Call(
        operation=operation,
        kept=kept_fields(operation.structure),
        unwanted=tuple(
            Unwanted(path, times.get((*place, path), 0))
            for path in unwanted_paths(operation.structure)
        ),
    )


@login_required
@require_safe
def what_we_fetch(request: HttpRequest, slug: str) -> HttpResponse:
    """Every call we may make, why, what is kept of it, and what was dropped."""
    desk, now = open_desk(request, slug), timezone.now()
    return show(request, desk, "marketplaces/what_we_fetch.html", _told(desk, now))


def _told(desk: Desk, now: datetime) -> dict[str, object]:
    since = now - timedelta(days=DAYS)
    dropped = reports.dropped_since(desk.seller, since=since)
    fresh = reports.streams(desk.seller, now=now)
    told = [
        (adapter, chapters(adapter.key, dropped=dropped, fresh=fresh))
        for adapter in shelf.adapters()
    ]
    return {
        "marketplaces": told,
        "dropped_total": sum(d.times for d in dropped),
        "days": DAYS,
        "now": now,
    }
