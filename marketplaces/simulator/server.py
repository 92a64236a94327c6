"""The simulator: starts, stops, and says where it listens."""

import contextlib
import errno
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from types import TracebackType
from typing import Self

from marketplaces.adapters.amazon import simulated as amazon
from marketplaces.adapters.walmart import simulated as walmart
from marketplaces.simulator.backroom import backroom, described_accounts
from marketplaces.simulator.certificates import make_certificates, server_context
from marketplaces.simulator.desk import ACCESS_SECONDS, APPS, Desk
from marketplaces.simulator.faults import Faults
from marketplaces.simulator.listener import Listener
from marketplaces.simulator.pages import approved
from marketplaces.simulator.queue import ADDRESS, Queue
from marketplaces.simulator.switchboard import LoggedCall, Switchboard
from marketplaces.simulator.world import (
    DEFAULT_LISTINGS,
    DEFAULT_ORDERS,
    Account,
    World,
)


class PortInUse(Exception):
    """Somebody else listens there."""


def _now() -> datetime:
    return datetime.now(UTC)


class Simulator:
    """Both marketplaces on `https://localhost:<port>`; use it in a `with`.

    `anchor` is the instant the world stands at (the clock's, if not given), `steps`
    the instants at which it has moved since. `limits=False` lifts the rate limits.
    `outdated_tls` listens with TLS 1.1 only. `overshare` sends buyers' data unasked.
    `remember` is told the steps after each one.
    Without `folder` the CA file lies in a temporary one that goes with the simulator.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        seed: int = 1,
        orders: int | Mapping[str, int] = DEFAULT_ORDERS,
        listings: int = DEFAULT_LISTINGS,
        faults: str = "",
        limits: bool = True,
        overshare: bool = True,
        outdated_tls: bool = False,
        slow_seconds: float = 2.0,
        access_seconds: Mapping[str, int] = ACCESS_SECONDS,
        folder: Path | None = None,
        anchor: datetime | None = None,
        steps: Sequence[datetime] = (),
        clock: Callable[[], datetime] = _now,
        remember: Callable[[list[datetime]], None] | None = None,
    ) -> None:
        self._clock = clock
        self._remember = remember
        self._closing = contextlib.ExitStack()
        self._folder = folder
        self._port = port
        self._outdated_tls = outdated_tls
        self.world = World(
            seed=seed,
            orders=orders,
            listings=listings,
            anchor=anchor or clock().replace(microsecond=0),
            steps=steps,
        )
        self.desk = Desk(self.world, access_seconds=access_seconds)
        self.queue = Queue()
        self._board = Switchboard(
            (
                backroom(self),
                walmart.marketplace(self.world, self.desk, overshare=overshare),
                amazon.marketplace(
                    self.world, self.desk, self.queue, overshare=overshare
                ),
            ),
            desk=self.desk,
            faults=Faults(faults, seed=seed),
            clock=clock,
            limits=limits,
            slow_seconds=slow_seconds,
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Listen, in a thread of its own. PortInUse if the port is taken."""
        certificates = make_certificates(_now())
        context = server_context(certificates, outdated_tls=self._outdated_tls)
        try:
            self._listener = Listener(
                port=self._port,
                context=context,
                answerer=self._board.answer,
                clock=self._clock,
            )
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            why = "in use" if error.errno == errno.EADDRINUSE else "not ours to use"
            raise PortInUse(
                f"Port {self._port} on 127.0.0.1 is {why}. Choose another with --port."
            ) from None
        self._port = self._listener.server_address[1]
        folder = self._folder or Path(
            self._closing.enter_context(TemporaryDirectory(prefix="simulator-"))
        )
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.ca_file = folder / "ca.pem"
        self.ca_file.write_bytes(certificates.authority)
        _write_private(folder / "simulator.json", json.dumps(self.described, indent=1))
        thread = Thread(
            target=self._listener.serve_forever,
            kwargs={"poll_interval": 0.1},
            name="simulator",
            daemon=True,
        )
        thread.start()
        self._closing.callback(thread.join)
        self._closing.callback(self._hang_up)

    def _hang_up(self) -> None:
        self._listener.shutdown()
        self._listener.server_close()
        self._listener.hang_up()

    def stop(self) -> None:
        """Stop listening and cut every line."""
        self._closing.close()

    @property
    def address(self) -> str:
        """`https://localhost:<port>`; the same for both marketplaces."""
        return f"https://localhost:{self._port}"

    @property
    def environment(self) -> dict[str, str]:
        """The product's settings that point it at this simulator."""
        return {
            "AMAZON_API_ENDPOINT": self.address,
            "AMAZON_TOKEN_ENDPOINT": self.address,
            "AMAZON_CONSENT_ENDPOINT": self.address,
            "AMAZON_APPLICATION_ID": APPS["amazon"].application_id,
            "AMAZON_CLIENT_ID": APPS["amazon"].client_id,
            "AMAZON_CLIENT_SECRET": APPS["amazon"].client_secret,
            "AMAZON_SECRET_QUEUE": f"{self.address}{ADDRESS}",
            "AMAZON_SECRET_QUEUE_KEY_ID": "simulated",
            "AMAZON_SECRET_QUEUE_KEY": "simulated",
            "WALMART_API_ENDPOINT": self.address,
            "WALMART_CONSENT_ENDPOINT": self.address,
            "WALMART_CLIENT_ID": APPS["walmart"].client_id,
            "WALMART_CLIENT_SECRET": APPS["walmart"].client_secret,
            "MARKETPLACE_CA_FILE": str(self.ca_file),
        }

    @property
    def described(self) -> dict[str, object]:
        """What `simulator.json` says: address, environment and accounts."""
        return {
            "address": self.address,
            "ca_file": str(self.ca_file),
            "environment": self.environment,
            "accounts": described_accounts(self),
        }

    @property
    def calls(self) -> list[LoggedCall]:
        """Every call so far, in order."""
        return list(self._board.calls)

    @property
    def tripped(self) -> list[LoggedCall]:
        """Calls of restricted operations: must stay empty (USE-4)."""
        return list(self._board.tripped)

    def forget_calls(self) -> None:
        """Begin counting again."""
        self._board.calls.clear()
        self._board.tripped.clear()

    def account(self, name: str) -> Account:
        """The account of that key or id; LookupError if there is none."""
        account = self.world.account(name)
        if account is None:
            raise LookupError("The simulator has no such account.")
        return account

    def advance(self) -> None:
        """Let time pass: new and changed orders, other prices, a listing gone."""
        self.world.step(self._clock())
        if self._remember is not None:
            self._remember(self.world.steps)

    def order_faults(self, specification: str) -> None:
        """Replace the trouble on order; an empty text ends all trouble."""
        self._board.faults.order(specification)

    def set_limits(self, on: bool) -> None:
        """Switch the rate limits; buckets are full afterwards."""
        self._board.limits = on
        self._board.buckets.refill()

    def revoke(self, name: str) -> None:
        """The seller of that account ends the authorisation."""
        self.desk.revoke(self.account(name))

    def approved(self, consent_address: str, account: str) -> str:
        """The address that approves at once: its answer redirects to the callback."""
        return approved(consent_address, self.account(account).key)


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text, encoding="utf-8")
