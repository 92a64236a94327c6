"""Orders as bytes: built once for each kind of order, then filled in.

An order of some kilobytes costs microseconds this way, so that a measurement of
something else doesn't measure the simulator.
"""

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache

from marketplaces.adapters.amazon.simulated.orderparts import order_as_json
from marketplaces.simulator.books import Plan
from marketplaces.simulator.world import Account

_DAY = 86_400
_SLOT = re.compile(rb"@@(\w+)@@")
_MINUTES = tuple(b"T%02d:%02d:" % divmod(minute, 60) for minute in range(1_440))
_SECONDS = tuple(b"%02dZ" % second for second in range(60))


@cache
def _date(day: int) -> bytes:
    """The date of a day since 1970."""
    return datetime.fromtimestamp(day * _DAY, UTC).strftime("%Y-%m-%d").encode()


def _time(epoch: int) -> bytes:
    day, second = divmod(epoch, _DAY)
    return _date(day) + _MINUTES[second // 60] + _SECONDS[second % 60]


def _money(cents: int) -> bytes:
    return b"%d.%02d" % divmod(cents, 100)


class OrderText:
    """Writes orders of any account."""

    def __init__(self) -> None:
        self._templates: dict[tuple[str, frozenset[str]], dict[int, bytes]] = {}

    def page(
        self, account: Account, indexes: Iterable[int], datasets: frozenset[str]
    ) -> bytes:
        """`{"orders":[…]`, still open for what follows."""
        templates = self._templates.setdefault((account.key, datasets), {})
        first = account.account_id[1:2].encode()
        orders = []
        for index in indexes:
            plan = account.book.plan(index)
            kind = plan.variant << 3 | plan.state
            if kind not in templates:
                templates[kind] = _template(plan, datasets)
            orders.append(templates[kind] % _slots(account, index, plan, first))
        return b'{"orders":[' + b",".join(orders) + b"]"


def _slots(
    account: Account, index: int, plan: Plan, first: bytes
) -> dict[bytes, bytes]:
    """What makes an order of its kind this order."""
    book = account.book
    serial = b"%010d" % book.serial(index)
    created, surcharge = book.created[index], book.surcharge(index)
    day = created // _DAY
    slots = {
        b"id": b"%b%b-%b-%b" % (first, serial[:2], serial[2:9], serial[3:]),
        b"serial": serial,
        b"created": _time(created),
        b"updated": _time(book.updated[index]),
        b"day": _date(day),
        b"shipday": _date(day + 2),
        b"arrival": _date(day + 5),
    }
    total = 0
    for line in plan.lines:
        unit = plan.unit_cents(line, surcharge)
        amount = unit * (line.quantity - line.cancelled)
        total += amount
        slots[b"unit%d" % line.number] = _money(unit)
        slots[b"total%d" % line.number] = _money(amount)
    slots[b"items"] = _money(total)
    slots[b"grand"] = _money(total + shipping_cents(plan))
    return slots


def _template(plan: Plan, datasets: frozenset[str]) -> bytes:
    order = order_as_json(plan, datasets, shipping=shipping_cents(plan))
    text = json.dumps(order, ensure_ascii=False, separators=(",", ":"))
    return _SLOT.sub(rb"%(\1)b", text.encode().replace(b"%", b"%%"))


def shipping_cents(plan: Plan) -> int:
    """What the buyer pays for shipping."""
    free = plan.channel == "marketplace" or plan.variant % 4 or not plan.priced
    return 0 if free or plan.lines[0].cancelled else 499
