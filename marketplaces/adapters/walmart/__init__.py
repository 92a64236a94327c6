"""Walmart Marketplace, United States."""

from collections.abc import Mapping
from datetime import datetime

from marketplaces.adapters.walmart import access, asking, failing, reading
from marketplaces.adapters.walmart.operations import OPERATIONS
from marketplaces.contract import (
    Access,
    Adapter,
    App,
    Ask,
    Checkpoint,
    Credentials,
    Failure,
    Page,
    Request,
    Response,
)
from marketplaces.datamap import Operation


class Walmart:
    """The pieces of this folder behind the contract of all adapters."""

    key = "walmart"
    label = "Walmart"
    regions = access.REGIONS
    operations = OPERATIONS
    consent = access.CONSENT
    own_secret = access.OWN_SECRET

    def consent_address(self, *, base: str, app: App, state: str, nonce: str) -> str:
        return access.consent_address(base=base, app=app, state=state, nonce=nonce)

    def exchange(self, *, app: App, callback: Mapping[str, str]) -> Request:
        return access.exchange(app=app, callback=callback)

    def credentials_from(
        self, *, response: Response, callback: Mapping[str, str], now: datetime
    ) -> Credentials:
        return access.credentials_from(response=response, callback=callback, now=now)

    def renewal(self, *, app: App, credentials: Credentials) -> Request:
        return access.renewal(app=app, credentials=credentials)

    def access_from(self, *, response: Response, now: datetime) -> Access:
        return access.access_from(response=response, now=now)

    def token_failure(self, response: Response) -> Failure | None:
        return failing.token_failure(response)

    def lanes(self, operation: Operation, ask: Ask) -> int:
        return asking.lanes(operation, ask)

    def request(
        self, operation: Operation, checkpoint: Checkpoint, ask: Ask
    ) -> Request | None:
        return asking.request(operation, checkpoint, ask)

    def read(
        self,
        operation: Operation,
        checkpoint: Checkpoint,
        ask: Ask,
        response: Response,
        *,
        sample: bool = False,
    ) -> Page:
        return reading.read(operation, checkpoint, ask, response, sample=sample)

    def failure(self, operation: Operation, response: Response) -> Failure | None:
        return failing.failure(operation, response)


ADAPTER: Adapter = Walmart()
