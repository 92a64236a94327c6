"""One pass of one operation: ask for a page, write it, go on where it ended."""

import dataclasses
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from uuid import UUID

from django.db import transaction
from msgspec.structs import replace

from marketplaces.contract import (
    Access,
    Ask,
    Checkpoint,
    Failure,
    Page,
    Region,
    Request,
    Response,
    Trouble,
)
from marketplaces.datamap import Operation, Over
from marketplaces.models import Connection, Listing, SyncRun
from marketplaces.records import GrantRecord
from marketplaces.sync.asking import Asker, Halt, NothingToAsk, Outcome, Stale
from marketplaces.sync.checkpoints import Standing
from marketplaces.sync.sightings import Sightings
from marketplaces.sync.tally import Tally
from marketplaces.sync.writer import Writer
from plugseller.jobs import leases

SAMPLED = 50  # the first page of a pass and every 50th is searched for unknown fields
_MOST_RESTARTS = 3  # of a lane, when page tokens die
_MOST_REPEATS = 3  # of the same question within a lane; some marketplaces repeat a page


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run is, after each page: what a progress bar shows."""

    connection_id: UUID
    marketplace: str
    feature: str
    operation: str
    calls: int
    pages: int
    rows: int  # seen in this run: new, changed or unchanged


@dataclass(slots=True)
class Course:
    """What all walks of a run share."""

    account: Connection
    region: Region
    markets: tuple[str, ...]
    asker: Asker
    held: leases.Held
    run: SyncRun
    ends_at: datetime | None  # then the run ends as waiting
    tell: Callable[[Progress], None] | None
    tally: Tally
    grants: set[str]  # scopes in which we might do more than look
    pool: Executor  # one thread, which fetches a page while the one before is written
    reach: (
        timedelta | None
    )  # how long the seller keeps orders; older ones aren't wanted


@dataclass(slots=True)
class _PageQuestion:
    """Asks for the page at a checkpoint."""

    course: Course
    operation: Operation
    at: Checkpoint
    keys: tuple[str, ...]
    sample: bool
    ask: Ask | None = None  # with which it was asked last
    sent: Request | None = None

    def request(self, access: Access) -> Request:
        asker = self.course.asker
        self.ask = Ask(
            region=self.course.region,
            account_id=self.course.account.account_id,
            markets=self.course.markets,
            access=access,
            now=asker.clock.now(),
            correlation_id=asker.correlation_id,
            keys=self.keys,
            reach=self.course.reach,
        )
        self.sent = asker.adapter.request(self.operation, self.at, self.ask)
        if self.sent is None:
            raise NothingToAsk
        return self.sent

    def judge(self, response: Response) -> Failure | None:
        return self.course.asker.adapter.failure(self.operation, response)

    def read(self, response: Response) -> Page:
        assert self.ask is not None  # noqa: S101 (it was asked)
        page = self.course.asker.adapter.read(
            self.operation, self.at, self.ask, response, sample=self.sample
        )
        if self.keys and not page.checkpoint.cursor:
            onward = replace(page.checkpoint, after=self.keys[-1])
            page = dataclasses.replace(page, checkpoint=onward)
        return page


_Begun = tuple[_PageQuestion, "Future[Page | Failure]"]


def _oldest(course: Course, standing: Standing) -> datetime | None:
    """From when on orders are kept; what retention removed isn't fetched again."""
    began = standing.checkpoint.started or course.asker.clock.now()
    return began - course.reach if course.reach else None


class Walk:
    """A pass of one operation, from its checkpoint to its end or to a Halt."""

    def __init__(
        self, course: Course, operation: Operation, standing: Standing
    ) -> None:
        self._course = course
        self._operation = operation
        self._standing = standing
        self._writer = Writer(
            course.account,
            operation=operation.key,
            run_id=course.run.pk,
            oldest_order=_oldest(course, standing),
        )
        self._sightings = Sightings(course.account, operation)
        self._asked: Counter[int] = Counter()  # of this lane: question -> times
        self._keyed = operation.over in (Over.SKUS, Over.PRODUCTS)

    def go(self) -> None:
        """Walk to the end. Raises Halt if the run can't go on, LeaseLost if it may not.

        Whatever was written stays written, and the next walk goes on from there.
        """
        restarts = 0
        begun: _Begun | None = None
        for number in count():
            self._still_in_time()
            checkpoint, keys = self._next_keys(self._standing.checkpoint)
            if self._keyed and not keys:
                self._end(checkpoint)
                return
            question, first = begun or (self._question(checkpoint, keys, number), None)
            begun = None
            try:
                page = self._course.asker.ask(question, self._standing.bucket, first)
            except NothingToAsk:
                if not self._keyed:
                    self._end(checkpoint)
                    return
                self._standing.checkpoint = replace(checkpoint, after=keys[-1])
                continue
            except Stale:
                restarts += 1
                self._restart(checkpoint, restarts)
                continue
            self._refuse_a_circle(question, page)
            ended = page.finished and not self._keyed
            if not ended:
                begun = self._begin_next(page, number + 1)
            self._keep(question, page, ended=ended)
            self._tell()
            if ended:
                return

    def _question(
        self, at: Checkpoint, keys: tuple[str, ...], number: int
    ) -> _PageQuestion:
        sample = number % SAMPLED == 0
        return _PageQuestion(self._course, self._operation, at, keys, sample)

    def _begin_next(self, page: Page, number: int) -> "_Begun | None":
        """Fetch the next page while this one is written.

        Should this one not be kept, the next is forgotten and asked for again.
        """
        if self._keyed:
            return None
        question = self._question(page.checkpoint, (), number)
        try:
            first = self._course.asker.begin(
                question, self._standing.bucket, self._course.pool
            )
        except NothingToAsk:
            return None
        return (question, first) if first else None

    def _next_keys(self, at: Checkpoint) -> tuple[Checkpoint, tuple[str, ...]]:
        """The next batch of our own keys, in this lane or a later one."""
        if not self._keyed:
            return at, ()
        for lane in range(at.lane, len(self._course.markets)):
            if lane != at.lane:
                at = replace(at, lane=lane, cursor="", seen=0, after="")
            keys = self._known(self._course.markets[lane], at.after)
            if keys:
                return at, keys
        return at, ()

    def _known(self, market: str, after: str) -> tuple[str, ...]:
        name = "sku" if self._operation.over is Over.SKUS else "product_id"
        found = (
            Listing.objects.across_sellers(reason="keys to ask one connection for")
            .filter(connection=self._course.account, market=market, gone_at=None)
            .filter(**{f"{name}__gt": after})
            .order_by(name)
            .values_list(name, flat=True)
            .distinct()
        )
        return tuple(str(key) for key in found[: self._operation.page_size])

    def _keep(self, question: _PageQuestion, page: Page, *, ended: bool) -> None:
        """The page, its checkpoint and its counts, in one transaction or not at all."""
        course = self._course
        now = course.asker.clock.now()
        try:
            with transaction.atomic():
                leases.keep(course.held, now=now)
                written = self._writer.write(page.records, fetched_at=now)
                gone = self._note_gone(question, page, now=now)
                if ended:
                    self._standing.save_end(page.checkpoint, now=now)
                else:
                    self._standing.save_page(page.checkpoint)
                tally = course.tally.with_page(page, written, gone)
                tally.save(course.run.pk, course.asker.effort)
        except BaseException:
            self._writer.forget()
            raise
        course.tally = tally
        course.grants |= {
            record.scope
            for record in page.records
            if isinstance(record, GrantRecord) and record.level == "full_access"
        }

    def _note_gone(self, question: _PageQuestion, page: Page, *, now: datetime) -> int:
        """Sightings of a full pass; at the end of a lane, what wasn't seen is gone."""
        operation, before = self._operation, question.at
        if not operation.marks_gone or not before.full:
            return 0
        if self._standing.begins:
            self._sightings.forget()
        self._sightings.note(page)
        per_market = operation.over is Over.MARKETS
        if not (page.finished or (per_market and page.lane_done)):
            return 0
        if not page.checkpoint.full:  # the adapter says that not everything was seen
            self._sightings.forget()
            return 0
        market = self._course.markets[before.lane] if per_market else None
        return self._sightings.mark_gone(market, now=now)

    def _refuse_a_circle(self, question: _PageQuestion, page: Page) -> None:
        """Halt if the same question is asked again and again: it leads nowhere."""
        sent = question.sent
        assert sent is not None  # noqa: S101 (it was answered)
        asked = hash((sent.path, sent.query, sent.body))
        self._asked[asked] += 1
        if self._asked[asked] > _MOST_REPEATS:
            raise Halt("repeated page", trouble=Trouble.UNEXPECTED)
        if page.lane_done:
            self._asked.clear()

    def _restart(self, at: Checkpoint, restarts: int) -> None:
        """Begin the lane again; its pages are read twice, which changes nothing."""
        if not at.cursor or restarts > _MOST_RESTARTS:
            raise Halt("page token died", trouble=Trouble.UNEXPECTED)
        after = at.after if self._keyed else ""
        self._asked.clear()
        self._standing.checkpoint = replace(at, cursor="", seen=0, after=after)

    def _end(self, at: Checkpoint) -> None:
        """Nothing more to ask for."""
        now = self._course.asker.clock.now()
        with transaction.atomic():
            leases.renew(self._course.held, now=now)
            self._standing.save_end(at, now=now)

    def _still_in_time(self) -> None:
        ends_at = self._course.ends_at
        now = self._course.asker.clock.now()
        if ends_at is not None and now >= ends_at:
            raise Halt(
                "time is up", trouble=None, outcome=Outcome.WAITING, goes_on_at=now
            )

    def _tell(self) -> None:
        course = self._course
        if course.tell is None:
            return
        tally = course.tally
        course.tell(
            Progress(
                connection_id=course.account.pk,
                marketplace=course.account.marketplace,
                feature=self._operation.feature.value,
                operation=self._operation.key,
                calls=course.asker.effort.calls,
                pages=tally.pages,
                rows=tally.new + tally.changed + tally.unchanged,
            )
        )
