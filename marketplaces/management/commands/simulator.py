"""`manage.py simulator`: both marketplaces on loopback TLS, until it is stopped."""

import signal
import threading
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from marketplaces.simulator.faults import BadFaults
from marketplaces.simulator.memory import Remembered, remembered_world
from marketplaces.simulator.server import PortInUse, Simulator
from marketplaces.simulator.world import DEFAULT_ORDERS

_PORT = 8443
_MOST_ORDERS = 10_000_000  # more than a machine's memory holds gladly


class Command(BaseCommand):
    help = "Serve simulated marketplaces; needs neither database nor keys."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=_PORT, help="0: any free one")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument(
            "--orders", type=int, default=DEFAULT_ORDERS, help="for each account"
        )
        parser.add_argument(
            "--faults", default="", help="for example 429:0.2,503:0.05,truncated@3"
        )
        parser.add_argument("--no-limits", action="store_true", help="no rate limits")
        parser.add_argument(
            "--folder",
            type=Path,
            help="where the CA file, the addresses and the world's age are kept; "
            "by default “simulator” in PLUGSELLER_HOME",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"] or settings.PLUGSELLER_HOME / "simulator"
        if not 0 <= options["orders"] <= _MOST_ORDERS:
            raise CommandError(f"--orders must be between 0 and {_MOST_ORDERS:,}.")
        if not 0 <= options["port"] <= 65_535:
            raise CommandError("--port must be between 0 and 65535.")
        try:
            world = remembered_world(
                folder, seed=options["seed"], orders=options["orders"]
            )
            simulator = Simulator(
                port=options["port"],
                seed=world.seed,
                orders=world.orders,
                anchor=world.anchor,
                steps=world.steps,
                faults=options["faults"],
                limits=not options["no_limits"],
                folder=folder,
                remember=world.keeper(folder),
            )
            self._serve(simulator, world)
        except (BadFaults, PortInUse) as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            reason = f"The folder {folder} can't be used: {error.strerror}."
            raise CommandError(reason) from None

    def _serve(self, simulator: Simulator, world: Remembered) -> None:
        stopped = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopped.set())
        with simulator:
            self.stdout.write(
                f"Simulated Amazon and Walmart at {simulator.address}\n"
                f"CA file: {simulator.ca_file}\n"
                f"Addresses and accounts: {simulator.ca_file.parent}/simulator.json\n"
                f"Seed {world.seed}, {world.orders} orders for each account. "
                "Stop with Ctrl-C."
            )
            self.stdout.flush()
            stopped.wait()
