"""What must hold for every marketplace on the shelf; a new one is covered at once."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from django.conf import settings

from marketplaces import shelf
from marketplaces.contract import Adapter, Response, Trouble, Unreadable
from marketplaces.datamap import (
    DataMap,
    Operation,
    OperationNotPermitted,
    Over,
    kept_fields,
    permit,
    unwanted_paths,
)
from marketplaces.records import Record
from marketplaces.simulator.server import Simulator
from marketplaces.simulator.words import CANARY_MARKS
from tests.adapters.walking import Walker

OPERATIONS = [o for a in shelf.adapters() for o in a.operations]
# Words that would name a person in a path; a kept field with one needs a look.
PERSONAL = re.compile(
    r"buyer|recipient|customer|phone|e-?mail|street|postal|addressline|gift|"
    r"tracking|firstname|lastname|taxregistration|serialnumber",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(orders=230, listings=45, limits=False) as running:
        yield running


@pytest.fixture
def walkers(simulator: Simulator, settings: Any) -> dict[str, Walker]:
    """One walker per marketplace, for the first account the simulator has of it."""
    told = simulator.environment
    settings.MARKETPLACE_CA_FILE = told["MARKETPLACE_CA_FILE"]
    settings.MARKETPLACE_ADDRESSES = {
        name: dict.fromkeys(("api", "token", "consent"), simulator.address)
        for name in settings.MARKETPLACES
    }
    return {
        a.key: Walker(a, simulator, simulator.world.of(a.key)[0].key)
        for a in shelf.adapters()
    }


def holds_canary(value: object) -> bool:
    text = repr(value).encode()
    return any(mark in text for mark in CANARY_MARKS)


each_adapter = pytest.mark.parametrize("adapter", shelf.adapters(), ids=lambda a: a.key)
each_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.key)


@each_adapter
def test_an_adapter_has_the_name_of_the_setting(adapter: Adapter) -> None:
    assert adapter.key in settings.MARKETPLACES
    assert shelf.adapter(adapter.key) is adapter


@each_operation
def test_the_map_tells_an_operation_whole(operation: Operation) -> None:
    assert operation.purpose.endswith(".")
    assert operation.role
    assert operation.rate > 0
    assert operation.burst >= 1
    assert operation.page_size >= 1
    assert operation.method in ("GET", "POST")
    assert kept_fields(operation.structure)


@each_operation
def test_no_personal_field_is_kept(operation: Operation) -> None:
    kept = {field.path for field in kept_fields(operation.structure)}
    unwanted = set(unwanted_paths(operation.structure))
    assert not kept & unwanted
    assert set(operation.comes_along) <= unwanted
    assert [path for path in kept if PERSONAL.search(path)] == []


@each_operation
def test_a_call_beside_the_map_is_refused(operation: Operation) -> None:
    path = re.sub(r"\{\w+\}", "x", operation.path)
    query = "&".join(f"{name}={value}" for name, value in operation.parameters)
    other = "POST" if operation.method == "GET" else "GET"
    permit(operation, method=operation.method, path=path, query=query)
    for method, where, what in (
        (other, path, query),
        (operation.method, f"{path}/more", query),
        (operation.method, path.replace("/", "/../", 1), query),
        (operation.method, path, f"{query}&includedData=BUYER"),
        (operation.method, path, f"{query}&dataElements=buyerInfo"),
    ):
        with pytest.raises(OperationNotPermitted):
            permit(operation, method=method, path=where, query=what)


@each_operation
def test_a_look_alike_of_an_operation_is_not_in_the_map(operation: Operation) -> None:
    map_ = shelf.datamap()
    assert map_.holds(operation)
    assert not map_.holds(replace(operation, path="/orders/v0/orders"))
    with pytest.raises(OperationNotPermitted):
        DataMap([]).operation(operation.key)


@each_operation
def test_a_full_pass_ends_and_holds_no_buyer(
    operation: Operation, walkers: dict[str, Walker], simulator: Simulator
) -> None:
    walker = walkers[operation.marketplace]
    steps = list(walker.steps(operation, walker.keys_for(operation)))
    records = [record for step in steps for record in step.page.records]
    assert steps
    assert steps[-1].page.finished or operation.over in (Over.SKUS, Over.PRODUCTS)
    assert records
    assert all(isinstance(record, Record) for record in records)
    assert not holds_canary(records)
    for step in steps:
        assert not holds_canary(step.page.skipped)
        assert not holds_canary(step.page.dropped)
        assert not holds_canary(step.page.unknown)
        assert set(step.page.dropped) <= set(unwanted_paths(operation.structure))
    assert simulator.tripped == []


@pytest.mark.parametrize(
    "operation",
    [o for o in OPERATIONS if o.feature == "orders"],
    ids=lambda o: o.key,
)
def test_buyers_data_that_arrives_is_counted(
    operation: Operation, walkers: dict[str, Walker]
) -> None:
    steps = list(walkers[operation.marketplace].steps(operation))
    arrived = any(holds_canary(step.response.body) for step in steps)
    counted = sum(sum(step.page.dropped.values()) for step in steps)
    assert arrived
    assert counted > 0


@each_operation
def test_a_page_read_twice_says_the_same(
    operation: Operation, walkers: dict[str, Walker]
) -> None:
    walker = walkers[operation.marketplace]
    step = next(walker.steps(operation, walker.keys_for(operation)))
    again = walker.adapter.read(operation, step.before, step.ask, step.response)
    assert again == step.page


@each_operation
@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[]", b"null", b"<html>Reference #1</html>", b'{"orders":', b"\xff"],
    ids=["empty", "object", "list", "null", "html", "cut off", "not text"],
)
def test_an_empty_or_foreign_answer_is_never_a_page(
    operation: Operation, walkers: dict[str, Walker], body: bytes
) -> None:
    walker = walkers[operation.marketplace]
    step = next(walker.steps(operation, walker.keys_for(operation)))
    answer = Response(200, {"content-type": "application/json"}, body)
    if walker.adapter.failure(operation, answer) is not None:
        return
    with pytest.raises(Unreadable) as told:
        walker.adapter.read(operation, step.before, step.ask, answer)
    assert "Reference" not in str(told.value)


@each_operation
@pytest.mark.parametrize("status", [429, 500, 503, 520])
def test_a_busy_marketplace_asks_to_wait(operation: Operation, status: int) -> None:
    adapter = shelf.adapter(operation.marketplace)
    answer = Response(status, {"content-type": "text/html"}, b"<html>busy</html>")
    failure = adapter.failure(operation, answer)
    assert failure is not None
    assert failure.word == "wait"
    wanted = Trouble.THROTTLED if status == 429 else Trouble.DOWN
    assert failure.trouble is wanted


@each_operation
def test_a_refused_token_asks_to_renew(operation: Operation) -> None:
    adapter = shelf.adapter(operation.marketplace)
    failure = adapter.failure(operation, Response(401, {}, b"{}"))
    assert failure is not None
    assert failure.word == "renew"


@each_adapter
@pytest.mark.parametrize(
    ("status", "body"),
    [(500, b""), (503, b"<html></html>"), (200, b""), (401, b"{}"), (400, b"<x/>")],
)
def test_only_a_lost_grant_ends_an_authorisation(
    adapter: Adapter, status: int, body: bytes
) -> None:
    failure = adapter.token_failure(Response(status, {}, body))
    if failure is None:
        with pytest.raises(Unreadable):
            adapter.access_from(
                response=Response(status, {}, body), now=datetime.now(UTC)
            )
        return
    assert failure.word != "gone"


@each_adapter
def test_hosts_stand_in_the_regions(adapter: Adapter) -> None:
    hosts = {region.api_host for region in adapter.regions} | {
        adapter.consent.token_host,
        *adapter.consent.consent_hosts,
    }
    assert all(re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", host) for host in hosts)
