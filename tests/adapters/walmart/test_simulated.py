"""The simulated Walmart looks like Walmart's own examples, and our adapter walks it."""

import json
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from marketplaces.adapters.walmart import ADAPTER, simulated
from marketplaces.contract import (
    App,
    Ask,
    Checkpoint,
    Credentials,
    Failure,
    Page,
    Response,
    Secret,
    Word,
)
from marketplaces.datamap import Operation, permit, unwanted_paths
from marketplaces.records import ListingRecord, OrderRecord, Record, StockRecord
from marketplaces.simulator.desk import APPS, Desk, own_keys
from marketplaces.simulator.words import (
    CANARY_MARKS,
    Answer,
    Call,
    Marketplace,
    Route,
)
from marketplaces.simulator.world import Account, World
from tests.adapters.walmart.examples import (
    ASK,
    DETAIL,
    EXAMPLES,
    ITEMS,
    NODES,
    NOW,
    OPERATIONS,
    ORDERS,
    WFS,
    example,
    leaves,
)
from tests.adapters.walmart.test_conformance import (
    LINE,
    ORDER,
    PERSONAL,
    UNWANTED_ONLY_DOCUMENTED,
)

RETURN = "http://localhost:8000/callback"


@dataclass
class Shop:
    """A simulated Walmart without wires."""

    world: World
    desk: Desk
    marketplace: Marketplace
    account: Account
    now: datetime = NOW

    def route(self, key: str) -> Route:
        return next(r for r in self.marketplace.routes if r.key == key)

    def call(self, operation: Operation, checkpoint: Checkpoint, ask: Ask) -> Response:
        made = ADAPTER.request(operation, checkpoint, ask)
        assert made is not None
        permit(
            operation,
            method=made.method,
            path=made.path,
            query=made.query,
            cursor=made.cursor,
        )
        headers = {name.lower(): value for name, value in made.headers}
        return self.get(operation.key, made.path, made.query, headers)

    def get(self, key: str, path: str, query: str, headers: dict[str, str]) -> Response:
        call = _call("GET", path, query, headers, b"", self.now)
        owner = self.marketplace.authorise(call)
        if isinstance(owner, Answer):
            return _response(owner, self.now)
        handler = self.route(key).handler
        return _response(handler(replace(call, account=owner)), self.now)

    def post_token(self, headers: tuple[tuple[str, str], ...], body: bytes) -> Response:
        told = {name.lower(): value for name, value in headers}
        call = _call("POST", "/v3/token", "", told, body, self.now)
        return _response(self.route("walmart.login").handler(call), self.now)

    def ask(self) -> Ask:
        token, _ = self.desk.access_token(self.account, self.now)
        access = replace(ASK.access, token=Secret(token))
        return replace(ASK, access=access, now=self.now)

    def walk(self, operation: Operation, at: Checkpoint) -> list[Page]:
        """A whole pass."""
        pages: list[Page] = []
        while not pages or not pages[-1].finished:
            response = self.call(operation, at, self.ask())
            assert ADAPTER.failure(operation, response) is None, response.body
            pages.append(ADAPTER.read(operation, at, self.ask(), response, sample=True))
            at = pages[-1].checkpoint
            assert len(pages) < 500
        return pages


def _call(
    method: str,
    path: str,
    query: str,
    headers: dict[str, str],
    body: bytes,
    now: datetime,
) -> Call:
    return Call(
        method=method,
        path=path,
        query=tuple(parse_qsl(query, keep_blank_values=True)),
        raw_query=query,
        headers=headers,
        body=body,
        now=now,
        names={},
    )


def _response(told: Answer, now: datetime) -> Response:
    date = now.strftime("%a, %d %b %Y %H:%M:%S GMT")
    headers = {"date": date} | {k.lower(): v for k, v in told.headers}
    return Response(told.status, headers, told.body)


def _shop(*, orders: int = 900, listings: int = 40, overshare: bool = True) -> Shop:
    world = World(orders=orders, listings=listings, anchor=NOW)
    desk = Desk(world)
    account = world.account("north-walmart")
    assert account is not None
    marketplace = simulated.marketplace(world, desk, overshare=overshare)
    return Shop(world, desk, marketplace, account)


@pytest.fixture(scope="module")
def shop() -> Shop:
    return _shop()


def _records(pages: list[Page], kind: type[Record]) -> list[Any]:
    return [r for page in pages for r in page.records if isinstance(r, kind)]


START = Checkpoint(started=NOW)
KINDS = {int: "number", float: "number", str: "text", bool: "truth"}

# What the simulator sends beyond the examples: documented without one, or data of few
# orders that the examples don't show.
MORE = {
    ITEMS.key: {"nextCursor"},
    ORDERS.key: {
        "list.elements.order[].buyerId",
        "list.elements.order[].isGuest",
        "list.elements.order[].paymentTypes[]",
    },
    NODES.key: set[str](),
    WFS.key: set[str](),
    DETAIL.key: set[str](),
}


def _official(operation: Operation) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    values = list(leaves(example(EXAMPLES[operation.key])))
    if operation is ORDERS:
        for name in ("order_single.200.json", "order_single_miscAttributes.200.json"):
            for path, value in leaves(example(name)):
                values.append((f"list.elements.order[].{path[6:]}", value))
    for path, value in values:
        if value is not None:
            bare = path.replace("order[].order.", "order[].")
            found.setdefault(bare, set()).add(KINDS[type(value)])
    return found


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_simulated_answers_have_the_paths_and_types_of_the_examples(
    shop: Shop, operation: Operation
) -> None:
    official = _official(operation)
    response = shop.call(operation, START, shop.ask())
    assert response.status == 200
    for path, value in leaves(json.loads(response.body)):
        if path in MORE[operation.key] or any(
            path.startswith(extra) for extra in UNWANTED_ONLY_DOCUMENTED
        ):
            continue
        assert path in official, path
        assert KINDS[type(value)] in official[path], path


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_our_adapter_reads_all_and_skips_nothing(
    shop: Shop, operation: Operation
) -> None:
    pages = shop.walk(operation, START)
    assert all(page.skipped == () for page in pages)
    assert all(page.unknown == () for page in pages)
    assert pages[-1].checkpoint.full
    told = repr([(p.records, p.dropped, p.skipped, p.checkpoint) for p in pages])
    assert not any(mark.decode() in told for mark in CANARY_MARKS)


def test_every_listing_and_every_piece_of_stock_arrives(shop: Shop) -> None:
    listed = {item.sku for item in shop.account.listed}
    assert {r.sku for r in _records(shop.walk(ITEMS, START), ListingRecord)} == listed
    nodes = _records(shop.walk(NODES, START), StockRecord)
    stored = _records(shop.walk(WFS, START), StockRecord)
    assert {r.sku for r in nodes} | {r.sku for r in stored} == listed
    assert {r.channel for r in stored} == {"marketplace"}


def test_every_order_of_179_days_arrives_once_with_its_channel(shop: Shop) -> None:
    book = shop.account.book
    first = (NOW - timedelta(days=179)).timestamp()
    expected = Counter(
        book.plan(index).channel
        for index in range(len(book))
        if book.created[index] >= first
    )
    found = _records(shop.walk(ORDERS, START), OrderRecord)
    assert Counter(record.channel for record in found) == expected
    assert len({record.external_id for record in found}) == len(found)
    assert len(expected) == 3


def test_a_busy_sellers_orders_arrive_in_windows() -> None:
    shop = _shop(orders=36_000)
    found = _records(shop.walk(ORDERS, START), OrderRecord)
    first = (NOW - timedelta(days=179)).timestamp()
    expected = sum(created >= first for created in shop.account.book.created)
    assert len({record.external_id for record in found}) == expected
    assert Counter(r.channel for r in found)["seller"] > 10_000


def test_every_unwanted_path_arrives_and_is_counted(shop: Shop) -> None:
    dropped: Counter[str] = Counter()
    for page in shop.walk(ORDERS, START):
        dropped.update(page.dropped)
    assert set(dropped) == set(unwanted_paths(ORDERS.structure))


# Members of personal parts whose values only name a kind, or say yes or no.
UNMARKED = {
    f"{ORDER}.isGuest",
    f"{LINE}.miscAttributes.type",
    f"{LINE}.miscAttributes.detail[].name",
}


def test_every_personal_value_is_marked_and_nothing_else_is(shop: Shop) -> None:
    marked: set[str] = set()
    for path, value in leaves(json.loads(shop.call(ORDERS, START, shop.ask()).body)):
        told = str(value).encode()
        if any(mark in told for mark in CANARY_MARKS):
            marked.add(path)
        else:
            assert path in UNMARKED or not path.startswith(tuple(PERSONAL)), path
    for path in marked:
        assert path.startswith(tuple(PERSONAL)), path
    unseen = {p for p in PERSONAL if not any(m.startswith(p) for m in marked)}
    assert unseen == {f"{ORDER}.isGuest"}


def test_a_second_pass_brings_what_changed_and_nothing_is_missed() -> None:
    shop = _shop()
    first = shop.walk(ORDERS, START)
    mark = first[-1].checkpoint.until
    known = {r.external_id: r for r in _records(first, OrderRecord)}
    shop.now = NOW + timedelta(hours=3)
    shop.world.step(shop.now)
    delta = Checkpoint(full=False, since=mark, started=shop.now)
    changed = _records(shop.walk(ORDERS, delta), OrderRecord)
    everything = _records(shop.walk(ORDERS, Checkpoint(started=shop.now)), OrderRecord)
    for record in everything:
        assert record in changed or known.get(record.external_id) == record
    assert 0 < len(changed) < len(everything) / 4


def test_leaving_out_the_created_date_hides_older_orders(shop: Shop) -> None:
    headers = {n.lower(): v for n, v in _headers(shop)}
    query = "limit=200&lastModifiedStartDate=2026-01-01T00:00:00Z"
    response = shop.get(ORDERS.key, "/v3/orders", query, headers)
    dates = [
        order["orderDate"]
        for order in json.loads(response.body)["list"]["elements"]["order"]
    ]
    assert min(dates) >= (NOW - timedelta(days=7)).timestamp() * 1000 - 1000


def _headers(shop: Shop) -> tuple[tuple[str, str], ...]:
    made = ADAPTER.request(ORDERS, START, shop.ask())
    assert made is not None
    return made.headers


def test_a_page_token_that_was_coded_anew_is_refused(shop: Shop) -> None:
    page = ADAPTER.read(ORDERS, START, shop.ask(), shop.call(ORDERS, START, shop.ask()))
    cursor = page.checkpoint.cursor
    assert cursor
    assert shop.call(ORDERS, page.checkpoint, shop.ask()).status == 200
    headers = {n.lower(): v for n, v in _headers(shop)}
    for tampered in (
        cursor.replace(":", "%3A"),
        cursor.replace("%2B", "+"),
        cursor + "&limit=200",
    ):
        if tampered != cursor:
            bare = tampered.removeprefix("?")
            assert shop.get(ORDERS.key, "/v3/orders", bare, headers).status == 400


def test_an_item_cursor_dies_after_two_minutes_and_is_stale() -> None:
    shop = _shop(listings=450)
    first = shop.call(ITEMS, START, shop.ask())
    at = ADAPTER.read(ITEMS, START, shop.ask(), first).checkpoint
    shop.now += timedelta(seconds=121)
    assert _word(ITEMS, shop.call(ITEMS, at, shop.ask())) is Word.STALE


def test_a_stock_token_is_good_once_and_the_pass_still_ends() -> None:
    shop = _shop(listings=200)
    first = shop.call(NODES, START, shop.ask())
    at = ADAPTER.read(NODES, START, shop.ask(), first).checkpoint
    shop.call(NODES, at, shop.ask())  # a crash: the page was sent, never stored
    pages = shop.walk(NODES, at)
    own = {i.sku for i in shop.account.listed if i.channel != "marketplace"}
    assert {r.sku for r in _records(pages, StockRecord)} == own
    assert pages[-1].checkpoint.full


def test_a_seller_without_anything_has_empty_lists() -> None:
    shop = _shop(orders=0, listings=0)
    for operation in (ITEMS, NODES, WFS, ORDERS):
        pages = shop.walk(operation, START)
        assert _records(pages, Record) == []
        assert pages[-1].checkpoint.full
        assert all(page.skipped == () for page in pages)


def _word(operation: Operation, response: Response) -> Word | None:
    failure = ADAPTER.failure(operation, response)
    return failure.word if failure else None


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_too_many_calls_name_a_wait(shop: Shop, operation: Operation) -> None:
    route = shop.route(operation.key)
    response = _response(shop.marketplace.too_many(route, 7.2), NOW)
    failure = ADAPTER.failure(operation, response)
    assert isinstance(failure, Failure)
    assert failure.word is Word.WAIT
    assert failure.wait == 8.0


def test_an_expired_token_is_renewed(shop: Shop) -> None:
    ask = shop.ask()
    late = replace(shop, now=NOW + timedelta(seconds=901))
    assert _word(ORDERS, late.call(ORDERS, START, ask)) is Word.RENEW
    expired = _response(shop.marketplace.expired(), NOW)
    assert _word(ITEMS, expired) is Word.RENEW


def test_walmart_answers_in_xml_when_nobody_asks_for_json(shop: Shop) -> None:
    headers = {n.lower(): v for n, v in _headers(shop) if n != "Accept"}
    response = shop.get(ORDERS.key, "/v3/orders", "limit=1", headers)
    assert response.body.startswith(b"<?xml")
    assert _word(ORDERS, response) is Word.BROKEN


def test_calls_that_write_or_bring_more_of_buyers_are_tripwires(shop: Shop) -> None:
    ours = {("GET", operation.path) for operation in OPERATIONS.values()}
    wires = [route for route in shop.marketplace.routes if route.trips]
    assert len(wires) > 10
    assert not ours & {(route.method, route.path) for route in wires}


def test_published_limits_leave_room_for_ours(shop: Shop) -> None:
    for operation in OPERATIONS.values():
        route = shop.route(operation.key)
        if route.rate:
            assert operation.rate <= route.rate
            assert operation.burst <= route.burst


# Consent and tokens


def _connect(shop: Shop, **changes: str) -> Response:
    app = _app()
    callback = {
        "code": shop.desk.code(shop.account, RETURN, shop.now),
        "type": "auth",
        "clientId": app.client_id,
        "sellerId": shop.account.account_id,
        "state": "s",
    } | changes
    made = ADAPTER.exchange(app=app, callback=callback)
    return shop.post_token(made.headers, made.body)


def _app() -> App:
    keys = APPS["walmart"]
    return App("", keys.client_id, Secret(keys.client_secret), RETURN)


def test_the_consent_page_sends_back_what_the_adapter_expects(shop: Shop) -> None:
    address = ADAPTER.consent_address(
        base="https://x", app=_app(), state="s", nonce="n"
    )
    query = urlsplit(address).query + "&decision=approve&account=north-walmart"
    call = _call("GET", "/authorize", query, {}, b"", NOW)
    told = shop.route("walmart.consent").handler(call)
    assert told.status == 302
    carried = parse_qs(urlsplit(dict(told.headers)["Location"]).query)
    assert set(carried) == set(ADAPTER.consent.parameters)
    for name in ("nonce", "state", "clientId", "redirectUri"):
        without = "&".join(p for p in query.split("&") if not p.startswith(name))
        call = _call("GET", "/authorize", without, {}, b"", NOW)
        assert shop.route("walmart.consent").handler(call).status == 400


def test_a_code_becomes_a_token_once_and_for_its_seller_only(shop: Shop) -> None:
    good = _connect(shop)
    assert ADAPTER.token_failure(good) is None
    sealed = ADAPTER.credentials_from(
        response=good, callback={"sellerId": shop.account.account_id}, now=NOW
    )
    renewed = ADAPTER.renewal(app=_app(), credentials=sealed)
    response = shop.post_token(renewed.headers, renewed.body)
    assert ADAPTER.access_from(response=response, now=NOW).token
    other = _connect(shop, sellerId="10001700022")
    failure = ADAPTER.token_failure(other)
    assert failure
    assert failure.word is Word.GONE


def test_a_revoked_authorisation_is_gone_and_wrong_keys_are_not() -> None:
    shop = _shop(orders=0)
    sealed = ADAPTER.credentials_from(
        response=_connect(shop),
        callback={"sellerId": shop.account.account_id},
        now=NOW,
    )
    wrong = replace(_app(), client_secret=Secret("wrong"))
    refused = ADAPTER.renewal(app=wrong, credentials=sealed)
    failure = ADAPTER.token_failure(shop.post_token(refused.headers, refused.body))
    assert failure
    assert failure.word is Word.FORBIDDEN
    keys = own_keys(shop.account)
    own = Credentials(
        account_id=shop.account.account_id,
        client_id=keys.client_id,
        client_secret=Secret(keys.client_secret),
    )
    made = ADAPTER.renewal(app=_app(), credentials=own)
    assert ADAPTER.token_failure(shop.post_token(made.headers, made.body)) is None
    shop.desk.revoke(shop.account)
    gone = ADAPTER.renewal(app=_app(), credentials=sealed)
    failure = ADAPTER.token_failure(shop.post_token(gone.headers, gone.body))
    assert failure
    assert failure.word is Word.GONE
    failure = ADAPTER.token_failure(shop.post_token(made.headers, made.body))
    assert failure
    assert failure.word is Word.FORBIDDEN
