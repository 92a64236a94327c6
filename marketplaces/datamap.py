"""The words of the data map, and what keeps it: USE-3, USE-4, SCOPE-1.

A feature names its operations; an operation names method, path, fixed parameters and
the typed structure its answer is parsed into. That structure is the list of kept
fields: what it doesn't name can't be stored. The entries themselves stand in each
adapter's `operations.py`, so that an officer finds one table per marketplace.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cache
from typing import Annotated, Any
from urllib.parse import parse_qsl

import msgspec

UNWANTED = "unwanted"
ABSENT = msgspec.Raw(b"")
Unwanted = Annotated[msgspec.Raw, msgspec.Meta(extra={UNWANTED: True})]
"""A member that is only looked for, never read: USE-4's drop counter.

`buyer: Unwanted = ABSENT` in a structure leaves the bytes unparsed; the adapter counts
that the path arrived (`is not ABSENT`, and not `null`) and drops them.
"""


NOT_PERMITTED = "not permitted"  # the code of a call that was refused that way


class OperationNotPermitted(Exception):
    """A call that the data map doesn't name; raised before any socket is opened."""


class Feature(StrEnum):
    """What a seller switches on for a connection."""

    ACCOUNT = "account"  # always on: which stores the account sells in
    LISTINGS = "listings"
    PRICING = "pricing"
    INVENTORY = "inventory"
    ORDERS = "orders"
    CATALOG = "catalog"


class Over(StrEnum):
    """What an operation is asked for, piece by piece."""

    ACCOUNT = "account"  # once for the whole account
    MARKETS = "markets"  # once for each country store
    SKUS = "skus"  # for batches of SKUs we know from listings
    PRODUCTS = "products"  # for batches of product ids we know from listings


@dataclass(frozen=True, slots=True)
class Operation:
    """One kind of call: everything about it that is decided before it is made."""

    key: str  # "amazon.searchOrders"
    feature: Feature
    purpose: str  # one sentence a seller understands
    method: str
    path: str  # with {names} where a value of the seller's own stands
    version: str
    role: str  # role or scope the marketplace demands
    rate: float  # calls a second that the marketplace grants
    burst: int  # calls it lets pass at once
    page_size: int
    structure: type[msgspec.Struct]
    over: Over = Over.ACCOUNT
    parameters: tuple[tuple[str, str], ...] = ()  # always sent, with this value
    variable: tuple[str, ...] = ()  # parameters that may be sent besides
    incremental: bool = False  # can ask for changes only
    full_every: timedelta | None = None  # how often a pass must look at everything
    marks_gone: str | None = None  # "listing", "stock": unseen in a full pass = gone
    cursor_verbatim: bool = False  # a page token is a whole query, sent as it came
    comes_along: tuple[str, ...] = ()  # unwanted paths that come though not asked for

    @property
    def marketplace(self) -> str:
        return self.key.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Grantless:
    """A call about our own registration at a marketplace; no feature of a seller's.

    No seller's token opens it, it sends nothing but its path, and its answer has no
    body: so it can neither tell nor fetch anything of a seller (USE-3).
    """

    key: str  # "amazon.rotateApplicationClientSecret"
    purpose: str  # one sentence a seller understands
    method: str
    path: str
    version: str
    scope: str  # of the token that opens it
    rate: float  # calls a second that the marketplace grants
    burst: int

    @property
    def marketplace(self) -> str:
        return self.key.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Kept:
    """A field that is parsed out of an answer."""

    path: str  # "orders[].orderItems[].product.sellerSku"
    type: str  # "str", "Decimal", "datetime"


def kept_fields(structure: type[msgspec.Struct]) -> tuple[Kept, ...]:
    """Every leaf the structure parses, in its order."""
    return tuple(
        Kept(path, type_name)
        for path, type_name, unwanted in _leaves(msgspec.inspect.type_info(structure))
        if not unwanted
    )


def unwanted_paths(structure: type[msgspec.Struct]) -> tuple[str, ...]:
    """Every path the structure only looks for, to count that it arrived (USE-4)."""
    info = msgspec.inspect.type_info(structure)
    return tuple(path for path, _, unwanted in _leaves(info) if unwanted)


def _leaves(info: Any, path: str = "") -> Iterator[tuple[str, str, bool]]:
    inspect = msgspec.inspect
    match info:
        case inspect.Metadata(type=inner, extra=extra):
            if extra and extra.get(UNWANTED):
                yield path, "absent", True
            else:
                yield from _leaves(inner, path)
        case inspect.StructType(fields=fields):
            for field in fields:
                here = f"{path}.{field.encode_name}" if path else field.encode_name
                yield from _leaves(field.type, here)
        case inspect.UnionType(types=types):
            told = [t for t in types if not isinstance(t, inspect.NoneType)]
            yield from _leaves(told[0], path)
        case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item):
            yield from _leaves(item, f"{path}[]")
        case _:
            name = type(info).__name__.removesuffix("Type").lower()
            yield path, name, False


@cache
def _template(path: str) -> re.Pattern[str]:
    parts = re.split(r"\{\w+\}", path)
    return re.compile("[^/?#]+".join(re.escape(part) for part in parts))


def permit(
    operation: Operation | Grantless,
    *,
    method: str,
    path: str,
    query: str,
    cursor: str = "",
    body: bytes = b"",
) -> None:
    """Refuse a call that isn't the operation it claims to be.

    Raises OperationNotPermitted if method or path differ, a fixed parameter is missing
    or changed, or a parameter is sent that the map doesn't name. Where the operation's
    page token is a query of the marketplace's own, a query that is exactly `cursor`,
    the token of the page before, needs no further naming. A call about our own app
    sends nothing but its path.
    """
    name = operation.key
    if isinstance(operation, Grantless):
        if (method, path) != (operation.method, operation.path) or query or body:
            raise OperationNotPermitted(
                f"{name} is {operation.method} {operation.path}, nothing besides."
            )
        return
    if method != operation.method:
        raise OperationNotPermitted(f"{name} is {operation.method}, not {method}.")
    if not _template(operation.path).fullmatch(path):
        raise OperationNotPermitted(f"{name} doesn't go to this path.")
    if operation.cursor_verbatim and cursor and query == cursor.removeprefix("?"):
        return
    sent = parse_qsl(query, keep_blank_values=True)
    fixed = dict(operation.parameters)
    unnamed = {k for k, _ in sent} - fixed.keys() - set(operation.variable)
    if unnamed:
        raise OperationNotPermitted(
            f"{name} may not send {', '.join(sorted(unnamed))}."
        )
    for parameter, value in fixed.items():
        if [v for k, v in sent if k == parameter] != [value]:
            raise OperationNotPermitted(f"{name} must send {parameter}={value}.")


class DataMap:
    """All operations of the marketplaces on the shelf, and the only way to one."""

    def __init__(
        self, operations: Iterable[Operation], grantless: Iterable[Grantless] = ()
    ) -> None:
        self._by_key = {operation.key: operation for operation in operations}
        self.grantless = tuple(grantless)

    def __iter__(self) -> Iterator[Operation]:
        return iter(self._by_key.values())

    def operation(self, key: str) -> Operation:
        """The operation of that name; OperationNotPermitted if there is none."""
        try:
            return self._by_key[key]
        except KeyError:
            raise OperationNotPermitted(
                f"{key} isn't in the data map, so it can't be called."
            ) from None

    def holds(self, operation: Operation | Grantless) -> bool:
        """Whether this very entry, not a look-alike, is in the map."""
        if isinstance(operation, Grantless):
            return any(call is operation for call in self.grantless)
        return self._by_key.get(operation.key) is operation

    def of(self, marketplace: str, *features: Feature) -> tuple[Operation, ...]:
        """The operations of a marketplace, in order; all features if none is named."""
        return tuple(
            operation
            for operation in self
            if operation.marketplace == marketplace
            and (not features or operation.feature in features)
        )

    def features(self, marketplace: str) -> tuple[Feature, ...]:
        """The features a seller can switch on there, in the map's order."""
        found = dict.fromkeys(o.feature for o in self.of(marketplace))
        return tuple(f for f in found if f is not Feature.ACCOUNT)
