"""Where personal data arrives in marketplaces' answers, and where it is new (USE-4).

Only names of places are looked at; the values were dropped before anything was kept.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime

from compliance.incidents.detection.models import SeenPath
from compliance.incidents.detection.reading import Seen
from marketplaces import shelf
from marketplaces.models import SyncRun

_OF_PEOPLE = re.compile(
    r"address|phone|e-?mail|buyer|recipient|customer|postal|birth|giftmessage", re.I
)


def new_paths(
    runs: Iterable[Seen], now: datetime
) -> Iterator[tuple[Seen, str, list[str]]]:
    """The run, its marketplace, and the paths in it that were never seen there.

    They are remembered, in the caller's transaction.
    """
    by_run = {entry.object_pk: entry for entry in runs if entry.object_pk}
    if not by_run:
        return
    found = SyncRun.objects.across_sellers(reason="names of places, never contents")
    told = found.filter(pk__in=list(by_run)).order_by("pk")
    columns = ("pk", "connection__marketplace", "dropped", "unknown")
    for pk, marketplace, dropped, unknown in told.values_list(*columns):
        new = {path for path in unknown if _OF_PEOPLE.search(path)}
        new |= set(dropped) - _usual(marketplace)
        paths = sorted(path for path in new if _remember(marketplace, path, now))
        if paths:
            yield by_run[str(pk)], marketplace, paths


def _usual(marketplace: str) -> set[str]:
    """What a marketplace sends along with what we ask for, as the data map says."""
    mapped = (one for one in shelf.datamap() if one.marketplace == marketplace)
    return {path for operation in mapped for path in operation.comes_along}


def _remember(marketplace: str, path: str, now: datetime) -> bool:
    _, is_new = SeenPath.objects.get_or_create(
        marketplace=marketplace, path=path[:300], defaults={"first_seen_at": now}
    )
    return is_new
