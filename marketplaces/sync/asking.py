"""One question to a marketplace: asked, waited for, asked again, and given up.

Everything that can come instead of an answer ends here in one of two ways: it is asked
again after a pause, or the run stops with a Halt that says why.
"""

import logging
import uuid
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Protocol, TypeVar

from marketplaces.appsecrets import first_accepted
from marketplaces.contract import (
    Access,
    Adapter,
    App,
    Credentials,
    Failure,
    Request,
    Response,
    Trouble,
    Unreadable,
    Word,
)
from marketplaces.datamap import NOT_PERMITTED, OperationNotPermitted
from marketplaces.models import SyncRun
from marketplaces.sync.limits import Bucket, Clock, Pace
from marketplaces.transport import CallFailed, Transport

logger = logging.getLogger(__name__)
Outcome = SyncRun.Outcome
Found = TypeVar("Found")
Found_co = TypeVar("Found_co", covariant=True)

_MARGIN = timedelta(seconds=60)  # an access token this close to its end is renewed


class Halt(Exception):
    """The run can't go on now. `code` is short and holds no value of anybody's."""

    def __init__(
        self,
        code: str,
        *,
        trouble: Trouble | None,
        outcome: SyncRun.Outcome = Outcome.FAILED,
        goes_on_at: datetime | None = None,
        gone: bool = False,
        forbidden: bool = False,
        ours: bool = False,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.trouble = trouble
        self.outcome = outcome
        self.goes_on_at = goes_on_at
        self.gone = gone  # the seller ended the authorisation
        self.forbidden = forbidden  # this operation isn't allowed to us
        self.ours = ours  # no operation of any connection would fare better


class Stale(Exception):
    """The page token died: the lane begins again."""


class NothingToAsk(Exception):
    """There is no request to make; nothing was sent."""


class Question(Protocol[Found_co]):
    """What is asked, and how the answer is understood; touches no database."""

    def request(self, access: Access) -> Request:
        """The call to send; NothingToAsk if there is none."""

    def judge(self, response: Response) -> Failure | None:
        """What an answer means that isn't what was asked for."""

    def read(self, response: Response) -> Found_co:
        """The answer; Unreadable if it isn't one."""


@dataclass(slots=True)
class Effort:
    """What a run has cost so far."""

    calls: int = 0  # of operations; asking for a token isn't counted
    waited: float = 0.0  # seconds slept for limits
    slept: float = 0.0  # seconds slept in all


@dataclass(slots=True)
class Asker:
    """Asks for one connection; holds its access token, in memory only (ENC-3)."""

    adapter: Adapter
    transport: Transport
    apps: tuple[App, ...]  # our own with each of its secrets, the likeliest first
    credentials: Credentials
    clock: Clock
    pace: Pace
    dice: Random
    keep_lease: Callable[[], None]  # called before every call; raises if it was lost
    effort: Effort = field(default_factory=Effort)
    correlation_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    _access: Access | None = field(default=None, repr=False)

    def access(self) -> Access:
        """A token that is good for a while yet."""
        held = self._access
        if held is None or held.expires_at - self.clock.now() < _MARGIN:
            held = self._access = self._new_access()
        return held

    def forget_access(self) -> None:
        """Drop the token; the next call gets a new one."""
        self._access = None

    def begin(
        self, question: Question[Found], bucket: Bucket, pool: Executor
    ) -> "Future[Found | Failure] | None":
        """Send in another thread, while this one writes the page before.

        Only where nothing has to be waited for; else None, and `ask` does it all.
        """
        held = self._access
        now = self.clock.now()
        if held is None or held.expires_at - now < _MARGIN or bucket.wait(now):
            return None
        request = question.request(held)
        bucket.take(now)
        self.effort.calls += 1
        return pool.submit(_once, lambda: self.transport.send(request), question)

    def ask(
        self,
        question: Question[Found],
        bucket: Bucket,
        begun: "Future[Found | Failure] | None" = None,
    ) -> Found:
        """What the question finds; `begun` is its first try, if that was sent already.

        Raises Halt, Stale where a page token died, and NothingToAsk.
        """

        def send() -> Response:
            request = question.request(self.access())
            self._wait_for(bucket)
            bucket.take(self.clock.now())
            self.effort.calls += 1
            return self.transport.send(request)

        found = self._until_judged(send, question, bucket, begun)
        if isinstance(found, Failure) and found.word is Word.RENEW:
            self.forget_access()
            found = self._until_judged(send, question, bucket)
        if isinstance(found, Failure):
            raise _refusal(found)
        return found

    def _new_access(self) -> Access:
        """An access token by the refresh token. Only here a seller can be gone."""

        def attempt(app: App) -> Access | Failure:
            question = _Renewal(self, app)
            return self._until_judged(
                lambda: self.transport.send(question.request()), question, None
            )

        found = first_accepted(self.apps, attempt, now=self.clock.now())
        if not isinstance(found, Failure):
            return found
        if found.word is Word.GONE:
            raise Halt(found.code, trouble=found.trouble, gone=True)
        own_keys = bool(self.credentials.client_secret)
        if not own_keys:
            # Nobody's connection is at fault, so none is marked.
            logger.error(
                "%s refuses our own app's keys (%s); no seller can be synced",
                self.adapter.label,
                found.code,
            )
        raise Halt(found.code, trouble=found.trouble, ours=True, forbidden=own_keys)

    def _until_judged(
        self,
        send: Callable[[], Response],
        question: "_Understood[Found]",
        bucket: Bucket | None,
        begun: "Future[Found | Failure] | None" = None,
    ) -> Found | Failure:
        """The answer, or a failure that asking again doesn't mend.

        Raises Halt when the tries or the patience are used up.
        """
        tried = 0
        while True:
            self.keep_lease()
            tried += 1
            found = begun.result() if begun else _once(send, question)
            begun = None
            if not isinstance(found, Failure) or found.word is not Word.WAIT:
                return found
            if found.trouble is Trouble.THROTTLED and bucket is not None and tried > 1:
                # Once may be a slip, below the rate granted; twice is believed.
                bucket.drain(self.clock.now())
            self._pause(found, tried)

    def _pause(self, failure: Failure, tried: int) -> None:
        pause = max(failure.wait or 0.0, self.pace.pause(tried, self.dice))
        throttled = failure.trouble is Trouble.THROTTLED
        if tried >= self.pace.tries or not self._has_patience(pause):
            raise Halt(
                failure.code,
                trouble=failure.trouble,
                outcome=Outcome.WAITING if throttled else Outcome.FAILED,
                goes_on_at=self.clock.now() + timedelta(seconds=pause)
                if throttled or failure.wait
                else None,
            )
        self._sleep(pause, for_limits=throttled)

    def _wait_for(self, bucket: Bucket) -> None:
        pause = bucket.wait(self.clock.now())
        if not pause:
            return
        if not self._has_patience(pause):
            raise Halt(
                "rate limit",
                trouble=Trouble.THROTTLED,
                outcome=Outcome.WAITING,
                goes_on_at=self.clock.now() + timedelta(seconds=pause),
            )
        self._sleep(pause, for_limits=True)

    def _has_patience(self, seconds: float) -> bool:
        if seconds > self.pace.longest_wait:
            return False
        return self.effort.slept + seconds <= self.pace.waits_in_all

    def _sleep(self, seconds: float, *, for_limits: bool) -> None:
        self.clock.sleep(seconds)
        self.effort.slept += seconds
        if for_limits:
            self.effort.waited += seconds


class _Understood(Protocol[Found_co]):
    """The second half of a Question."""

    def judge(self, response: Response) -> Failure | None: ...

    def read(self, response: Response) -> Found_co: ...


@dataclass(frozen=True, slots=True)
class _Renewal:
    """Asks the token endpoint for an access token."""

    asker: Asker
    app: App

    def request(self) -> Request:
        return self.asker.adapter.renewal(
            app=self.app, credentials=self.asker.credentials
        )

    def judge(self, response: Response) -> Failure | None:
        return self.asker.adapter.token_failure(response)

    def read(self, response: Response) -> Access:
        return self.asker.adapter.access_from(
            response=response, now=self.asker.clock.now()
        )


def _once(
    send: Callable[[], Response], question: _Understood[Found]
) -> Found | Failure:
    """One try. Runs in the other thread too, so it touches no database."""
    try:
        response = send()
    except CallFailed as error:
        if not error.again:
            logger.error("%s", error)
        word = Word.WAIT if error.again else Word.BROKEN
        return Failure(word, error.trouble, error.code)
    except OperationNotPermitted as error:
        logger.error("%s", error)
        return Failure(Word.BROKEN, Trouble.UNEXPECTED, NOT_PERMITTED)
    except Unreadable as error:  # nothing to ask with
        logger.warning("%s", error)
        return Failure(Word.BROKEN, Trouble.AUTHORISATION, "no credentials")
    failure = question.judge(response)
    if failure is not None:
        return failure
    try:
        return question.read(response)
    except Unreadable as error:
        logger.warning("%s", error)
        return Failure(Word.WAIT, Trouble.UNEXPECTED, "unreadable")


def _refusal(failure: Failure) -> Exception:
    """What a judged failure of an operation comes to.

    That an operation is refused isn't the end of the authorisation: only the token
    endpoint tells that (Word.GONE there).
    """
    if failure.word is Word.STALE:
        return Stale()
    forbidden = failure.word in (Word.RENEW, Word.FORBIDDEN)
    return Halt(
        failure.code,
        trouble=Trouble.AUTHORISATION if forbidden else failure.trouble,
        gone=failure.word is Word.GONE,
        forbidden=forbidden,
    )
