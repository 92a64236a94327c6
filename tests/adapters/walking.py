"""Walks an adapter through the simulator by hand: no engine, no database."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import requests

from marketplaces.contract import Adapter, App, Ask, Checkpoint, Page, Response, Secret
from marketplaces.datamap import Operation, Over
from marketplaces.records import ListingRecord, Record
from marketplaces.simulator.server import Simulator
from marketplaces.transport import Transport, open_transport

MOST_PAGES = 200  # far above what the simulated accounts hold: paging must end before


@dataclass(frozen=True)
class Step:
    """One call of a pass."""

    before: Checkpoint
    ask: Ask
    response: Response
    page: Page


class Walker:
    """One authorised account and everything its adapter can ask for."""

    def __init__(self, adapter: Adapter, simulator: Simulator, account: str) -> None:
        self.adapter = adapter
        self.account = simulator.account(account)
        region = next(r for r in adapter.regions if r.key == self.account.region)
        self.transport: Transport = open_transport(adapter.key, region.key)
        told, name = simulator.environment, adapter.key.upper()
        app = App(
            application_id=told.get(
                f"{name}_APPLICATION_ID", told[f"{name}_CLIENT_ID"]
            ),
            client_id=told[f"{name}_CLIENT_ID"],
            client_secret=Secret(told[f"{name}_CLIENT_SECRET"]),
            redirect_uri=f"http://localhost:8000/connections/{adapter.key}/callback",
        )
        address = adapter.consent_address(
            base=simulator.address, app=app, state="s" * 43, nonce="n" * 22
        )
        answer = requests.get(
            simulator.approved(address, account),
            verify=str(simulator.ca_file),
            allow_redirects=False,
            timeout=10,
        )
        callback = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
        now = datetime.now(UTC)
        exchanged = self.transport.send(adapter.exchange(app=app, callback=callback))
        assert adapter.token_failure(exchanged) is None
        credentials = adapter.credentials_from(
            response=exchanged, callback=callback, now=now
        )
        renewed = self.transport.send(adapter.renewal(app=app, credentials=credentials))
        self.ask = Ask(
            region=region,
            account_id=credentials.account_id,
            markets=tuple(m.id for m in self.account.open_markets),
            access=adapter.access_from(response=renewed, now=now),
            now=now,
            correlation_id="00000000-0000-4000-8000-000000000001",
        )

    def steps(self, operation: Operation, keys: tuple[str, ...] = ()) -> Iterator[Step]:
        """Every call of a full pass, with the page it gave."""
        checkpoint = Checkpoint(full=True, started=self.ask.now)
        ask = replace(self.ask, keys=keys)
        for _ in range(MOST_PAGES):
            request = self.adapter.request(operation, checkpoint, ask)
            if request is None:
                return
            response = self.transport.send(request)
            failure = self.adapter.failure(operation, response)
            assert failure is None, failure
            page = self.adapter.read(operation, checkpoint, ask, response)
            yield Step(checkpoint, ask, response, page)
            if page.finished or keys:  # whoever gives the keys knows when they end
                return
            checkpoint = page.checkpoint
        raise AssertionError(f"{operation.key} doesn't end.")

    def keys_for(self, operation: Operation) -> tuple[str, ...]:
        """A batch of our own keys, for operations that ask for them."""
        if operation.over not in (Over.SKUS, Over.PRODUCTS):
            return ()
        listings = next(
            o
            for o in self.adapter.operations
            if o.key.endswith(("Listings", "Items")) and o.marks_gone == "listing"
        )
        pick: Callable[[ListingRecord], str | None] = (
            (lambda record: record.sku)
            if operation.over is Over.SKUS
            else (lambda record: record.product_id)
        )
        first = next(self.steps(listings)).page.records
        found = [pick(record) for record in first if isinstance(record, ListingRecord)]
        return tuple(dict.fromkeys(k for k in found if k))[: operation.page_size]

    def records(self, operation: Operation) -> list[Record]:
        keys = self.keys_for(operation)
        return [r for step in self.steps(operation, keys) for r in step.page.records]
