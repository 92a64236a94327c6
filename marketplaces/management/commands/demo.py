"""`manage.py demo` (best through `make demo`): everything, with made-up sellers.

This process is only the conductor. The simulator, the furnishing, the console and the
worker are processes of their own, because settings are read when a process starts and
the simulator's address is known only then. None of them outlives this one.
"""

import argparse
import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from marketplaces.demo import COLUMNS, code_now, furnish
from marketplaces.demologins import logins_file, read_logins
from marketplaces.simulator.loopback import take_port
from marketplaces.simulator.server import PortInUse
from plugseller.commands import table
from plugseller.jobs import clock

_MANAGE = str(settings.BASE_DIR / "manage.py")
_PATIENCE = 10  # seconds a process may take to end by itself
_PR_SET_PDEATHSIG = 1


class _Stopped(BaseException):
    """Somebody pressed Ctrl-C, or asked us to end."""


class Command(BaseCommand):
    """Exit status 1 if a sync failed or a part ended by itself."""

    help = "Show everything with made-up sellers on simulated marketplaces."
    requires_system_checks = ()  # they may ask for what is only made here

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument(
            "--no-serve", action="store_true", help="stop after the summary"
        )
        parser.add_argument(
            "--code", metavar="NAME", help="print the code of somebody's second step"
        )
        parser.add_argument(
            "--furnish", action="store_true", help=argparse.SUPPRESS
        )  # what the conductor starts

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PLUGSELLER_ENV != "demo":
            raise CommandError(
                "The demonstration runs with PLUGSELLER_ENV=demo only, apart from real "
                "accounts. Start it with: make demo"
            )
        if options["code"]:
            self.stdout.write(_code_of(options["code"]))
            return
        if options["furnish"]:
            self._furnish()
            return
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _stop)
        try:
            with contextlib.ExitStack() as parts:
                self._conduct(parts, options["port"], serves=not options["no_serve"])
        except PortInUse as error:
            raise CommandError(str(error)) from None
        except _Stopped:
            self.stdout.write("\nStopped.")

    def _furnish(self) -> None:
        on_terminal = sys.stderr.isatty()

        def tell(line: str) -> None:
            if on_terminal:
                sys.stderr.write(f"\r\033[K{line}")  # Django's own would be red
                sys.stderr.flush()

        if clock.why_in_doubt(timezone.now()):  # the last demonstration was long ago
            clock.confirm(timezone.now())
        rows = furnish(say=self.stdout.write, tell=tell)
        self.stdout.write(table(COLUMNS, rows))
        call_command("demo_desk", stdout=self.stdout)  # of the floor above
        if any(row["failed"] for row in rows):
            raise CommandError("A sync failed: the table says which.")

    def _conduct(self, parts: contextlib.ExitStack, port: int, *, serves: bool) -> None:
        began = time.monotonic()
        door = parts.enter_context(take_port(port)) if serves else None
        call_command("init", stdout=self.stdout)
        address = f"http://localhost:{door.getsockname()[1] if door else port}"
        folder = settings.PLUGSELLER_HOME / "simulator"
        simulator = [_MANAGE, "simulator", "--port", "0", "--no-limits"]
        simulator += ["--folder", str(folder)]
        parts.enter_context(_process(simulator, until="Stop with"))
        described = json.loads((folder / "simulator.json").read_text("utf-8"))
        ca_file = parts.enter_context(_copy(Path(described["ca_file"])))
        environment = {
            **described["environment"],
            "MARKETPLACE_CA_FILE": str(ca_file),
            "PUBLIC_ADDRESS": address,
        }
        self.stdout.write(f"Both marketplaces are simulated at {described['address']}.")
        self.stdout.flush()  # before others write to the same place
        with _process([_MANAGE, "demo", "--furnish"], environment) as furnishing:
            if furnishing.wait():
                raise CommandError("The demonstration couldn't be set up; see above.")
        self.stdout.write(f"Ready after {time.monotonic() - began:.1f} seconds.")
        self._introduce(address)
        if door is None:
            return
        console = [
            *("-m", "gunicorn", "plugseller.wsgi", "--bind", f"fd://{door.fileno()}"),
            *("--workers", "1", "--threads", "8", "--graceful-timeout", "3"),
            *("--log-level", "warning"),
        ]
        worker = [_MANAGE, "qcluster"]
        serving = parts.enter_context(
            _process(console, environment, keeps=[door.fileno()])
        )
        working = parts.enter_context(_process(worker, environment, quiet=True))
        self.stdout.write(f"The console is at {address}. Stop with Ctrl-C.")
        self.stdout.flush()
        while serving.poll() is None and working.poll() is None:
            time.sleep(0.5)
        raise CommandError("A part of the demonstration ended by itself; see above.")

    def _introduce(self, address: str) -> None:
        rows = [
            {
                "sign in at": address,
                "e-mail": login.email,
                "password": login.password,
                "secret of the authenticator app": login.totp_secret,
                "seller": login.seller or "(staff)",
                "role": login.role,
            }
            for login in read_logins()
        ]
        columns = (
            "e-mail",
            "password",
            "secret of the authenticator app",
            "seller",
            "role",
        )
        self.stdout.write(f"\nAccounts for {address}, also in {logins_file()}:")
        self.stdout.write(table(columns, rows))
        self.stdout.write("Signing in asks for a code as well: make code WHO=alice\n")


def _code_of(name: str) -> str:
    """What the made-up person's authenticator app shows now: `alice` is enough."""
    for login in read_logins():
        if name in (login.email, login.email.partition("@")[0]):
            return str(code_now(login.totp_secret))
    raise CommandError(f"The demonstration has nobody called {name}. Run: make demo")


def _stop(*_: Any) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # once is enough
    raise _Stopped


@contextlib.contextmanager
def _copy(file: Path) -> Iterator[Path]:
    """What the file says now; the folder's next simulator writes another authority."""
    with tempfile.NamedTemporaryFile(dir=file.parent, suffix=file.suffix) as own:
        own.write(file.read_bytes())
        own.flush()
        yield Path(own.name)


@contextlib.contextmanager
def _process(
    arguments: Sequence[str],
    environment: Mapping[str, str] | None = None,
    *,
    until: str = "",
    keeps: Sequence[int] = (),
    quiet: bool = False,
) -> Iterator[subprocess.Popen[str]]:
    """A Python process that ends with the block, its own children with it.

    `until`: wait for a line that contains this; CommandError if it ends before.
    """
    listens = subprocess.PIPE if until else None
    running = subprocess.Popen(  # noqa: S603 - our own commands
        [sys.executable, *arguments],
        cwd=settings.BASE_DIR,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.DEVNULL if quiet else listens,
        stderr=subprocess.DEVNULL if quiet else None,
        stdin=subprocess.DEVNULL,
        text=True,
        pass_fds=keeps,
        start_new_session=True,  # Ctrl-C comes to the conductor alone
        preexec_fn=_dies_with_parent if sys.platform == "linux" else None,
    )
    try:
        if until and not any(until in line for line in running.stdout or ()):
            raise CommandError(f"The {arguments[1]} didn't start; see above.")
        yield running
    finally:
        _end(running)


def _dies_with_parent() -> None:
    """Have the kernel end this process when the conductor is killed outright."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _end(running: subprocess.Popen[str]) -> None:
    if running.poll() is None:
        running.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.wait(_PATIENCE)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(running.pid, signal.SIGKILL)  # whatever it left behind
    running.wait()
