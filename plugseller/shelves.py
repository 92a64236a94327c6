"""The shelves: what the floors above put here for the rooms below to find.

Each app fills them from files found by name, as Django finds `admin.py`; nothing
here imports anything of the house.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar, Protocol
from uuid import UUID


class Kind(StrEnum):
    """What sort of thing an event is, for people who filter."""

    READ = "read"  # Marketplace Information was shown or handed out
    CHANGE = "change"  # something of a seller's or of ours was made, changed, removed
    ACCESS = "access"  # who may what: people, roles, grants, sign-in
    KEY = "key"  # keys and credentials
    WORK = "work"  # what jobs did
    PROOF = "proof"  # the audit log about itself


class By(StrEnum):
    """Who can cause an event; what an entry keeps as the kind of its actor."""

    PERSON = "person"  # somebody signed in
    TOKEN = "token"  # noqa: S105  a program with an API token of a person
    ANONYMOUS = "anonymous"  # somebody not signed in
    JOB = "job"
    COMMAND = "command"  # somebody on the server's command line


@dataclass(frozen=True, slots=True)
class Event:
    """A type of thing that is logged."""

    name: str  # "seller.created": what stands in the entry
    kind: Kind
    sentence: str  # for people, about whoever did it: "created the seller"
    by: tuple[By, ...]


_events: dict[str, Event] = {}
EVENTS: Mapping[str, Event] = MappingProxyType(_events)  # name -> Event


def event(name: str, *, kind: Kind, sentence: str, by: tuple[By, ...]) -> Event:
    """Put an event type into the catalogue; ValueError if the name is taken."""
    entry = Event(name, kind, sentence, by)
    if _events.setdefault(name, entry) != entry:
        raise ValueError(f"The event {name} is in the catalogue already.")
    return entry


LIMIT = timedelta(minutes=5)  # of work that doesn't say how long it may take


@dataclass(frozen=True, slots=True)
class Periodic:
    """A piece of work that is done again and again, from each app's `jobs.py`."""

    name: str  # "mail.send"
    every: timedelta
    work: Callable[[datetime], object]  # gets the instant it is run for
    limit: timedelta = LIMIT  # a run that takes longer counts as dead
    destroys: bool = False  # by the clock, so it waits while that is in doubt
    cant_wait: bool = False  # web processes do it where nobody ticks any more


_periodicals: dict[str, Periodic] = {}
PERIODICALS: Mapping[str, Periodic] = MappingProxyType(_periodicals)  # name -> Periodic


def periodic(
    name: str,
    *,
    every: timedelta,
    work: Callable[[datetime], object],
    limit: timedelta = LIMIT,
    destroys: bool = False,
    cant_wait: bool = False,
) -> Periodic:
    """Put work on the timetable; ValueError if the name is taken.

    Work that may take long does a part, and says so by ending: it is called again.
    What it returns, if it is a number, stands in its history.
    """
    entry = Periodic(name, every, work, limit, destroys=destroys, cant_wait=cant_wait)
    if _periodicals.setdefault(name, entry) != entry:
        raise ValueError(f"{name} is on the timetable already.")
    return entry


class Standing(StrEnum):
    """How it stands with a credential; the worst first."""

    TROUBLE = "trouble"  # it doesn't work, or something about it went wrong
    OVERDUE = "overdue"
    SOON = "due soon"
    GOOD = "in order"


@dataclass(frozen=True, slots=True)
class CredentialRow:
    """A credential as the inventory shows it; the secret itself is never in it (ACC-3).

    Whoever is responsible is told before it is due: the person, else the seller's
    owners, else our officers.
    """

    subject_id: UUID  # of the credential; the same as long as it is the same one
    kind: str  # "API key", "Authorisation at Amazon"
    label: str  # tells it from others of its kind; no name of anybody
    owner: str  # in words: "North", "Plug Seller"
    seller_id: UUID | None = None
    person_id: UUID | None = None
    created_at: datetime | None = None
    last_used_at: datetime | None = None  # or last proved to work
    due_at: datetime | None = None  # when it must have been renewed
    trouble: str = ""  # what is wrong with it now, a sentence
    note: str = ""  # how it is renewed, a sentence
    can: tuple[str, ...] = ()  # which of its source's verbs fit it now
    page: str = ""  # where its owner renews it, without the host
    ends_itself: bool = False  # it just stops at its day, and nothing is overdue then

    SOON: ClassVar[timedelta] = timedelta(days=30)

    def urgency(self) -> tuple[bool, bool, float]:
        """What comes first when those with trouble do, then by the day."""
        due = self.due_at
        return not self.trouble, due is None, due.timestamp() if due else 0.0

    def standing(self, now: datetime) -> Standing:
        if self.trouble:
            return Standing.TROUBLE
        if self.due_at is None or self.due_at - now > self.SOON:
            return Standing.GOOD
        return Standing.SOON if now < self.due_at else Standing.OVERDUE


class Lists(Protocol):
    """Lists the credentials of one source that are in use."""

    def __call__(
        self, now: datetime, until: datetime | None, only: UUID | None = None
    ) -> Iterable[CredentialRow]:
        """Those in use now; with `until` only those that are due by then.

        One that may have thousands gives them by `urgency` without making them all,
        and with `only` nothing but the credential of that id.
        """


class Does(Protocol):
    """Does something with a credential: a service, with its checks and its entry."""

    def __call__(self, *, actor: Any, subject_id: UUID, now: datetime) -> str:
        """Gives a sentence on what was done. Raises PermissionDenied, LookupError for
        a credential that isn't there, ValidationError for a refusal."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Where rows of the inventory come from, and what can be done with them."""

    source: str
    rows: Lists
    in_order: bool  # by urgency
    does: Mapping[str, Does]  # verb -> service: "revoke", "disconnect", "rotate"


_credentials: dict[str, Credentials] = {}
CREDENTIALS: Mapping[str, Credentials] = MappingProxyType(_credentials)


def credentials(
    source: str,
    rows: Lists,
    does: Mapping[str, Does] | None = None,
    *,
    in_order: bool = False,
) -> Credentials:
    """Add to the inventory of credentials, from each app's `inventory.py`.

    `in_order`: the rows come by urgency. ValueError if the source is taken.
    """
    entry = Credentials(source, rows, in_order, does or {})
    if _credentials.setdefault(source, entry) != entry:
        raise ValueError(f"{source} is in the inventory already.")
    return entry


@dataclass(frozen=True, slots=True)
class Vital:
    """Something that must be well for our promises to be kept; `/healthz` asks it."""

    name: str  # "mail": for programs
    label: str  # "Outgoing mail": for people
    look: Callable[[datetime], str]
    """What is wrong at that instant, in a sentence without anybody in it; "" if it is
    well. Cheap, and it writes nothing."""


_vitals: dict[str, Vital] = {}
VITALS: Mapping[str, Vital] = MappingProxyType(_vitals)  # name -> Vital


def vital(name: str, label: str, look: Callable[[datetime], str]) -> Vital:
    """Have something watched, from each app's `jobs.py`; ValueError if it is taken."""
    entry = Vital(name, label, look)
    if _vitals.setdefault(name, entry) != entry:
        raise ValueError(f"{name} is watched already.")
    return entry


class Verdict(StrEnum):
    """How a control found the system; the worst last."""

    PASS = "pass"  # noqa: S105  a verdict
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a control found: a verdict, and the figures it stands on."""

    verdict: Verdict
    sentence: str  # for people, without anybody and without internals: it is published
    evidence: Mapping[str, int | float | bool | str]  # figures, hashes, instants


@dataclass(frozen=True, slots=True)
class Control:
    """A function that looks whether a sentence of our promise holds right now."""

    name: str  # "enc-1.handshakes": for programs
    promise: str  # "ENC-1"
    label: str  # for people: "Peers with an old TLS are refused"
    look: Callable[[datetime], Finding]
    """Reads the running system and writes nothing of anybody's."""
    every: timedelta  # how old its last result may be


_controls: dict[str, Control] = {}
CONTROLS: Mapping[str, Control] = MappingProxyType(_controls)  # name -> Control


def control(
    name: str,
    *,
    promise: str,
    label: str,
    look: Callable[[datetime], Finding],
    every: timedelta = timedelta(days=1),
) -> Control:
    """Have a sentence of the promise looked after, from each app's `controls.py`.

    ValueError if the name is taken.
    """
    entry = Control(name, promise, label, look, every)
    if _controls.setdefault(name, entry) != entry:
        raise ValueError(f"The control {name} is on the shelf already.")
    return entry


@dataclass(frozen=True, slots=True)
class Gate:
    """Something a person must have done before anything is open to them."""

    name: str
    sentence: str  # what it is, for who is turned away
    page: str  # the name of the page where it is done
    shuts: Callable[[Any], bool]  # whether it is shut to that person


_gates: dict[str, Gate] = {}
GATES: Mapping[str, Gate] = MappingProxyType(_gates)  # name -> Gate


def gate(name: str, *, sentence: str, page: str, shuts: Callable[[Any], bool]) -> Gate:
    """Put a gate before every page but its own; ValueError if the name is taken."""
    entry = Gate(name, sentence, page, shuts)
    if _gates.setdefault(name, entry) != entry:
        raise ValueError(f"The gate {name} is on the shelf already.")
    return entry


class DataClass(StrEnum):
    """What sort of data a place holds, and so how it is treated (SCOPE-1)."""

    MARKETPLACE = "marketplace information"
    PERSONAL = "personal data"  # of people who sign in, or were asked to
    CREDENTIAL = "credential"
    EVIDENCE = "evidence"  # that we kept our promises; holds no personal data
    OPERATIONAL = "operational"  # what the machine needs to run


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose data is meant: all of a seller, one connection of it, or some people.

    With `people` beside `seller_id` both are meant. `addresses` are the people's
    e-mail addresses, for places that know them by nothing else.
    """

    seller_id: UUID | None = None
    connection_id: UUID | None = None  # of that seller; then nothing else of it
    people: frozenset[UUID] = frozenset()
    addresses: frozenset[str] = field(default=frozenset(), repr=False)
    connections: frozenset[UUID] = frozenset()  # of that seller, as jobs name them
    request_id: UUID | None = None  # whose own mails are still to be sent

    @property
    def whole_seller(self) -> UUID | None:
        """The seller, when all of it is meant."""
        return None if self.connection_id else self.seller_id

    @property
    def ids(self) -> frozenset[UUID]:
        """Every id by which a place may know what is meant."""
        seller = {self.whole_seller} if self.whole_seller else set()
        one = {self.connection_id} if self.connection_id else set()
        return self.people | self.connections | seller | one


class Store(Protocol):
    """A place where data lies. Counting and erasing are all that is asked of it.

    The two that remove take at most `at_most` and say how many went, 0 when nothing
    is left; each call is small enough for one transaction, which the caller opens.
    """

    def total(self) -> int:
        """Everything that lies there."""
        ...

    def oldest(self) -> datetime | None:
        """How old the oldest is, by the instant its retention counts from."""
        ...

    def count(self, scope: Scope) -> int:
        """What belongs to the scope."""
        ...

    def erase(self, scope: Scope, *, at_most: int) -> int:
        """Remove what belongs to the scope."""
        ...

    def overdue(
        self,
        before: datetime,
        *,
        of_seller: UUID | None = None,
    ) -> int:
        """What should be gone: older than `before`; of one seller, or of everybody."""
        ...

    def purge(
        self,
        before: datetime,
        *,
        at_most: int,
        of_seller: UUID | None = None,
    ) -> int:
        """Remove what is overdue."""
        ...


@dataclass(frozen=True, slots=True)
class Holding:
    """A place where data lies, what it is, how long it stays and how it goes."""

    name: str  # a table's label ("marketplaces.Order"), or "exports", "caches"
    label: str  # for people: "Orders"
    data_class: DataClass
    rule: str  # the retention rule's name (custody/rules.py)
    store: Store
    rank: int  # when it is erased: low ones first
    stays: str = ""  # why an erasure leaves it, for the preview; then it isn't erased


_holdings: dict[str, Holding] = {}
HOLDINGS: Mapping[str, Holding] = MappingProxyType(_holdings)  # name -> Holding


def hold(holding: Holding) -> Holding:
    """Register a place where data lies, from each app's `custody.py`.

    ValueError if the name is taken.
    """
    if _holdings.setdefault(holding.name, holding) != holding:
        raise ValueError(f"{holding.name} is registered already.")
    return holding


@dataclass(frozen=True, slots=True)
class Subject:
    """A kind of whom data is about, and where those that are there can be found."""

    kind: str  # a Tombstone.Kind
    ids: Callable[[], Iterable[UUID]]
    scope: Callable[[UUID], Scope]  # what erasing one of them means
    of_seller: Callable[[UUID], Iterable[UUID]] | None = None  # those of a seller


_subjects: dict[str, Subject] = {}
SUBJECTS: Mapping[str, Subject] = MappingProxyType(_subjects)  # kind -> Subject


def subject(entry: Subject) -> Subject:
    """Say where those of a kind are found, from an app's `custody.py`.

    ValueError if somebody said so already.
    """
    if _subjects.setdefault(entry.kind, entry) != entry:
        raise ValueError(f"Where to find a {entry.kind} is registered already.")
    return entry


Shorten = Callable[[str, UUID], timedelta | None]
_shorteners: list[Shorten] = []


def shorten(by: Shorten) -> None:
    """Say who knows the shorter times that sellers chose: rule, seller -> time."""
    _shorteners.append(by)


def shortened(rule: str, seller_id: UUID) -> timedelta | None:
    """The shortest time the seller chose for what the rule names; None: none."""
    chosen = [by(rule, seller_id) for by in _shorteners]
    return min((one for one in chosen if one is not None), default=None)
