"""What an adapter must be able to do.

An adapter is pure: it makes a request and reads a response. It opens no socket,
touches no model, reads no setting and asks no clock; what it needs is passed in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

import msgspec

from marketplaces.datamap import Grantless, Operation
from marketplaces.records import Record


class Secret:
    """A value that prints as dots; `reveal()` gives it. Held in memory only."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return "••••••••"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class Region:
    """Where an account lives: one authorisation is good for one region."""

    key: str  # "na", "eu", "fe"; "us"
    label: str
    api_host: str
    markets: tuple[str, ...] = ()  # the country stores it can hold
    consent_host: str = ""  # where most sign in; empty: the first of all
    consent_hosts: tuple[str, ...] = ()  # where its sellers sign in, if regions differ


@dataclass(frozen=True, slots=True)
class Start:
    """What the marketplace brings when a seller begins there, at our log-in address."""

    return_parameter: str  # names the address to go on to; anybody can write one
    needed: tuple[str, ...]  # what must come besides, and goes back as it came
    fixed: tuple[tuple[str, str], ...] = ()  # what may come, with its only value


@dataclass(frozen=True, slots=True)
class Consent:
    """How a seller lets us in: drawn as one page for all marketplaces."""

    token_host: str  # where codes and refresh tokens are exchanged
    consent_hosts: tuple[str, ...]  # where the seller's browser may be sent
    parameters: tuple[str, ...]  # what the callback must carry
    account_parameter: str  # which of them names the seller's account
    valid_for_days: int | None  # the seller must come back after so many days
    revoked_by: str  # what the seller does at the marketplace to end it, one sentence
    pasted: tuple[str, ...] = ()  # names of secrets read from standard input instead
    token_path: str = ""  # at the token host; the transport sends tokens nowhere else
    start: Start | None = None  # None: it brings nothing, we go to its consent page


@dataclass(frozen=True, slots=True)
class App:
    """Our own registration at the marketplace, from settings."""

    application_id: str  # public
    client_id: str
    client_secret: Secret
    redirect_uri: str
    draft: bool = False  # Amazon: the app isn't published yet
    secret_id: str = ""  # which of our secrets it carries, for our own notes


@dataclass(frozen=True, slots=True)
class Credentials:
    """What is sealed in a connection. Never printed."""

    account_id: str  # selling partner id, Walmart seller id
    refresh_token: Secret = field(default_factory=lambda: Secret(""))
    client_id: str = ""  # the seller's own keys, where the seller brings them
    client_secret: Secret = field(default_factory=lambda: Secret(""))
    reconnect_by: datetime | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """A token for calls; lives in memory, minutes long."""

    token: Secret
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Request:
    """A call, ready to be sent. `query` is sent exactly as it stands.

    `operation` is None for token requests only; those go to `endpoint` "token".
    A `Grantless` one carries the token of our own app, no seller's.
    `cursor` is the checkpoint's, where `query` is nothing but that page token.
    """

    operation: Operation | Grantless | None
    endpoint: str  # "api" or "token"
    method: str
    path: str  # percent-encoded
    query: str = ""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)
    cursor: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Response:
    """An answer as it came: header names in lower case, body decoded from gzip."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Word(StrEnum):
    """What to do after an answer that isn't a page."""

    WAIT = "wait"  # too many calls, or the marketplace is down: later
    RENEW = "renew"  # the access token is no longer good: new one, once
    FORBIDDEN = "forbidden"  # this operation isn't allowed to us
    GONE = "gone"  # the seller ended the authorisation
    STALE = "stale"  # the page token died: begin this lane again
    BROKEN = "broken"  # nothing we understand


class Trouble(StrEnum):
    """The same in four kinds a seller can understand."""

    AUTHORISATION = "authorisation lost"
    THROTTLED = "throttled"
    DOWN = "marketplace down"
    UNEXPECTED = "unexpected answer"


@dataclass(frozen=True, slots=True)
class Failure:
    """An answer that isn't a page. `code` is the marketplace's own error code, never
    its text, which may repeat what was asked."""

    word: Word
    trouble: Trouble
    code: str
    wait: float | None = None  # seconds the marketplace asks us to wait
    keys_refused: bool = False  # a token request's: our own secret may be at fault


class Unreadable(Exception):
    """An answer of the right status whose content isn't what the model says.

    The text names the operation and the place, never a value.
    """


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A marketplace sends our app a new secret."""

    client_id: str
    secret: Secret
    good_until: datetime | None
    old_until: datetime | None  # until when the one before it works


@dataclass(frozen=True, slots=True)
class SecretEnds:
    """A marketplace warns that our app's secret ends."""

    client_id: str
    at: datetime
    said_at: datetime


class Rotation(Protocol):
    """How a marketplace gives our own app a new secret, where it has a call for it."""

    operation: Grantless

    def access(self, app: App) -> Request:
        """The token request of our own app for the scope of the operation."""

    def request(self, access: Access) -> Request:
        """The call that makes a new secret; its answer doesn't hold it."""

    def failure(self, response: Response) -> Failure | None:
        """What that call's answer means, or None if a new secret is on its way."""

    def notice(self, text: str) -> NewSecret | SecretEnds:
        """What a message of the marketplace says; Unreadable if it is none of these."""


@dataclass(frozen=True, slots=True)
class OwnSecret:
    """How long our own app's secret lives at a marketplace, and how it is replaced."""

    lasts: timedelta | None  # None: the marketplace names no end
    overlap: timedelta  # how long the old one is tried after there is a new one
    by_hand: str  # what a person does for a new one, one sentence
    rotation: Rotation | None = None


class Checkpoint(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a pass of one operation stands; saved in one transaction with the page."""

    full: bool = True  # the pass looks at everything, not only at changes
    since: datetime | None = None  # changes after this instant, marketplace's clock
    until: datetime | None = None  # the mark this pass leaves when it is complete
    started: datetime | None = None  # fixed for the pass, so that parameters stay equal
    lane: int = 0  # which store, ship-node type or window is walked
    cursor: str = ""  # the marketplace's page token, verbatim; empty at a lane's start
    seen: int = 0  # rows seen in this lane
    after: str = ""  # last of our own keys asked for; or where the next window begins


@dataclass(frozen=True, slots=True)
class Ask:
    """What an adapter needs to know to make a request."""

    region: Region
    account_id: str
    markets: tuple[str, ...]  # the stores this connection syncs
    access: Access
    now: datetime
    correlation_id: str
    keys: tuple[str, ...] = ()  # SKUs or product ids, for Over.SKUS and Over.PRODUCTS
    reach: timedelta | None = None  # older orders aren't kept, so not asked for (USE-3)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row that couldn't be kept; counted and shown, never silently lost."""

    reason: str  # a sentence with no value of the row in it
    key: str = ""  # order number or SKU, if it could be read


@dataclass(frozen=True, slots=True)
class Page:
    """What an answer said, and where to go on."""

    records: tuple[Record, ...]
    checkpoint: Checkpoint
    finished: bool  # the operation's pass is complete
    lane_done: bool = (
        False  # the lane is complete; `checkpoint` already stands at the next
    )
    dropped: Mapping[str, int] = field(default_factory=dict)  # unwanted path -> times
    unknown: tuple[str, ...] = ()  # sampled: paths neither kept nor known
    skipped: tuple[Skipped, ...] = ()


class Adapter(Protocol):
    """A marketplace. Modules named in the comments hold each part."""

    key: str  # "amazon": stored in Connection.marketplace
    label: str  # "Amazon"
    regions: tuple[Region, ...]
    operations: tuple[Operation, ...]  # operations.py
    consent: Consent  # access.py
    own_secret: OwnSecret

    def consent_address(self, *, base: str, app: App, state: str, nonce: str) -> str:
        """Where the seller's browser is sent; `base` is the consent host's address."""

    def exchange(self, *, app: App, callback: Mapping[str, str]) -> Request:
        """The token request that turns the callback's code into credentials."""

    def credentials_from(
        self, *, response: Response, callback: Mapping[str, str], now: datetime
    ) -> Credentials:
        """What to seal after `exchange`; Unreadable if it isn't a token answer."""

    def renewal(self, *, app: App, credentials: Credentials) -> Request:
        """The token request for a fresh access token."""

    def access_from(self, *, response: Response, now: datetime) -> Access:
        """The access token of a token answer; Unreadable if there is none."""

    def token_failure(self, response: Response) -> Failure | None:
        """What a token endpoint's answer means, or None if it is good."""

    def lanes(self, operation: Operation, ask: Ask) -> int:
        """In how many lanes a pass of the operation is walked; at least one."""

    def request(
        self, operation: Operation, checkpoint: Checkpoint, ask: Ask
    ) -> Request | None:
        """The next call of the pass; None if there is nothing to ask for."""

    def read(
        self,
        operation: Operation,
        checkpoint: Checkpoint,
        ask: Ask,
        response: Response,
        *,
        sample: bool = False,
    ) -> Page:
        """The answer as records and the next checkpoint; Unreadable if it isn't one.

        With `sample` the whole answer is parsed once more to find unknown fields.
        """

    def failure(self, operation: Operation, response: Response) -> Failure | None:
        """What an answer means that isn't a page, or None if it is one."""
