"""From a request to an answer: route, token, bucket, trouble, log."""

import re
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus
from itertools import count
from urllib.parse import parse_qsl, unquote

from marketplaces.simulator.buckets import Buckets
from marketplaces.simulator.damage import (
    EDGE_PAGE,
    GARBAGE,
    with_odd_values,
    with_wrong_types,
)
from marketplaces.simulator.desk import Desk
from marketplaces.simulator.faults import Fault, Faults
from marketplaces.simulator.words import Answer, Call, Marketplace, Route
from marketplaces.simulator.world import Account

_HTML = (("Content-Type", "text/html; charset=utf-8"),)
_KEPT_CALLS = 100_000


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """A call that reached the simulator."""

    number: int
    operation: str  # "amazon.searchOrders"; "amazon.unknown" if no route names it
    method: str
    path: str
    query: str
    account: str  # key of the account whose token it carried, or ""
    status: int  # 0: the line was cut without an answer
    fault: str  # the trouble that struck, or ""
    at: datetime


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request off the wire, not yet looked at."""

    method: str
    target: str  # path and query as sent
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Delivery:
    """An answer and how badly it is delivered."""

    answer: Answer
    delay: float = 0.0
    cut_after: int | None = None  # bytes of the body, then the line is cut
    silent: bool = False  # the line is cut at once


class Switchboard:
    """Answers every request of both marketplaces."""

    def __init__(
        self,
        marketplaces: Sequence[Marketplace],
        *,
        desk: Desk,
        faults: Faults,
        clock: Callable[[], datetime],
        limits: bool,
        slow_seconds: float,
    ) -> None:
        self._marketplaces = {m.key: m for m in marketplaces}
        self._exact: dict[tuple[str, str], Route] = {}
        self._patterns: list[tuple[str, re.Pattern[str], Route]] = []
        for marketplace in marketplaces:
            for route in marketplace.routes:
                self._add(route)
        self._desk = desk
        self.faults = faults
        self._clock = clock
        self.limits = limits
        self._slow_seconds = slow_seconds
        self.buckets = Buckets()
        self.calls: deque[LoggedCall] = deque(maxlen=_KEPT_CALLS)
        self.tripped: list[LoggedCall] = []
        self._numbers = count(1)
        self._last: dict[tuple[str, str], Answer] = {}

    def _add(self, route: Route) -> None:
        if "{" not in route.path:
            self._exact[route.method, route.path] = route
            return
        parts = re.split(r"\{(\w+)\}", route.path)
        pattern = "".join(
            f"(?P<{part}>[^/]+)" if place % 2 else re.escape(part)
            for place, part in enumerate(parts)
        )
        self._patterns.append((route.method, re.compile(pattern), route))

    def _find(self, method: str, path: str) -> tuple[Route | None, dict[str, str]]:
        route = self._exact.get((method, path))
        if route is not None:
            return route, {}
        for wanted, pattern, route in self._patterns:
            found = pattern.fullmatch(path) if wanted == method else None
            if found:
                names = {k: unquote(v) for k, v in found.groupdict().items()}
                return route, names
        return None, {}

    def answer(self, incoming: Incoming) -> Delivery:
        """What a marketplace would say, with the trouble that was ordered."""
        path, _, query = incoming.target.partition("?")
        route, names = self._find(incoming.method, path)
        call = Call(
            method=incoming.method,
            path=path,
            query=tuple(parse_qsl(query, keep_blank_values=True)),
            raw_query=query,
            headers=incoming.headers,
            body=incoming.body,
            now=self._clock(),
            names=names,
        )
        if route is None:
            marketplace = next(m for m in self._marketplaces.values() if m.owns(path))
            delivery = Delivery(marketplace.unknown(call))
            self._log(call, f"{marketplace.key}.unknown", delivery, None)
            return delivery
        return self._routed(route, call)

    def _routed(self, route: Route, call: Call) -> Delivery:
        marketplace = self._marketplaces[route.key.partition(".")[0]]
        if route.needs_token:
            owner = marketplace.authorise(call)
            if isinstance(owner, Answer):
                delivery = Delivery(owner)
                self._log(call, route.key, delivery, None, route)
                return delivery
            call = replace(call, account=owner)
        fault = self.faults.strike(route)
        refusal = self._refusal(marketplace, route, call, fault)
        delivery = (
            Delivery(refusal) if refusal else self._worked(marketplace, route, call)
        )
        if refusal is None and fault is not None:
            delivery = self._spoilt(route, call, delivery.answer, fault)
        self._log(call, route.key, delivery, fault, route)
        return delivery

    def _refusal(
        self, marketplace: Marketplace, route: Route, call: Call, fault: Fault | None
    ) -> Answer | None:
        """The answer that comes instead of a page, if one does."""
        if fault is Fault.THROTTLED:
            return marketplace.too_many(route, 1.0)
        if fault is Fault.EXPIRED:
            return marketplace.expired()
        if fault is Fault.REVOKE and call.account:
            self._desk.revoke(call.account)
            return marketplace.expired()
        if fault in (Fault.BROKEN, Fault.DOWN):
            return Answer(int(fault), EDGE_PAGE, _HTML)
        return None

    def _worked(self, marketplace: Marketplace, route: Route, call: Call) -> Delivery:
        if not (self.limits and route.rate and call.account):
            return Delivery(route.handler(call))
        left, wait = self.buckets.take(call.account, route, call.now.timestamp())
        if wait:
            return Delivery(marketplace.too_many(route, wait))
        answer = route.handler(call)
        headers = answer.headers + marketplace.allowance(route, left)
        return Delivery(replace(answer, headers=headers))

    def _spoilt(
        self, route: Route, call: Call, answer: Answer, fault: Fault
    ) -> Delivery:
        """A good answer after the trouble has struck it."""
        if fault is Fault.SLOW:
            return Delivery(answer, delay=self._slow_seconds)
        if fault is Fault.RESET:
            return Delivery(answer, silent=True)
        if answer.status != HTTPStatus.OK:
            return Delivery(answer)
        match fault:
            case Fault.EMPTY:
                answer = replace(answer, body=b"")
            case Fault.GARBAGE:
                answer = replace(answer, body=GARBAGE)
            case Fault.TRUNCATED:
                return Delivery(answer, cut_after=len(answer.body) // 2)
            case Fault.WRONG_TYPES:
                body = with_wrong_types(answer.body, len(self.calls))
                answer = replace(answer, body=body)
            case Fault.ODD_VALUES:
                body = with_odd_values(answer.body, len(self.calls))
                answer = replace(answer, body=body)
            case Fault.REPEAT:
                answer = self._last.get(_whose(route, call.account), answer)
        return Delivery(answer)

    def _log(
        self,
        call: Call,
        operation: str,
        delivery: Delivery,
        fault: Fault | None,
        route: Route | None = None,
    ) -> None:
        answer = delivery.answer
        if fault is None and answer.status == HTTPStatus.OK and call.account:
            self._last[operation, call.account.key] = answer
        entry = LoggedCall(
            number=next(self._numbers),
            operation=operation,
            method=call.method,
            path=call.path,
            query=call.raw_query,
            account=call.account.key if call.account else "",
            status=0 if delivery.silent else answer.status,
            fault=fault.value if fault else "",
            at=call.now,
        )
        self.calls.append(entry)
        if route is not None and route.trips is not None and route.trips(call):
            self.tripped.append(entry)


def _whose(route: Route, account: Account | None) -> tuple[str, str]:
    return route.key, account.key if account else ""
