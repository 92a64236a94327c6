"""`manage.py demo`, as a newcomer runs it: whole processes, a folder of its own."""

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from tests.embedded import in_the_embedded_run

pytestmark = in_the_embedded_run

ROOT = Path(__file__).resolve().parents[2]
SYNCED = re.compile(r"^(north|south) +(amazon na|walmart us) +(\w+)((?: +[\d,.]+)+)")


@dataclass(frozen=True)
class House:
    """A data folder, and what the first `manage.py demo --no-serve` said."""

    home: Path
    output: str

    @property
    def logins(self) -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = json.loads(
            (self.home / "demo-accounts.json").read_text()
        )
        return told


def environment(home: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PLUGSELLER_ENV": "demo",
        "PLUGSELLER_HOME": str(home),
    }


def demo(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "demo", *arguments],
        cwd=ROOT,
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def table_of(output: str) -> dict[tuple[str, str, str], list[float]]:
    """(seller, connection, feature) -> calls, new, changed, unchanged, dropped, s."""
    return {
        (found[1], found[2], found[3]): [
            float(number.replace(",", "")) for number in found[4].split()
        ]
        for found in map(SYNCED.match, output.splitlines())
        if found
    }


def processes_of(home: Path) -> list[str]:
    """Command lines of living processes that work on this data folder."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if str(home) in (folder / "environ").read_text(errors="replace"):
                found.append((folder / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return [line for line in found if line]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    home = tmp_path_factory.mktemp("demo") / "var"
    done = demo(home, "--no-serve")
    assert done.returncode == 0, done.stderr
    return House(home, done.stdout)


def test_it_connects_and_syncs_two_sellers_with_two_accounts_each(house: House) -> None:
    table = table_of(house.output)
    places = {(seller, place) for seller, place, _ in table}
    both = ("amazon na", "walmart us")
    assert places == {(seller, at) for seller in ("north", "south") for at in both}
    for seller in ("north", "south"):
        for place in both:
            calls, new, _, _, dropped, _ = table[seller, place, "orders"]
            assert calls > 0
            assert new > 100
            assert dropped > 0, "buyers' data arrived, and was dropped"


def test_the_accounts_are_printed_and_kept_for_programs_only_the_owner_may_read(
    house: House,
) -> None:
    file = house.home / "demo-accounts.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert {(a["seller"], a["role"]) for a in house.logins} == {
        ("north", "owner"),
        ("north", "viewer"),
        ("south", "owner"),
        ("south", "viewer"),
        (None, "officer"),
        (None, "support"),
        (None, "operator"),
    }
    for login in house.logins:
        assert len(login["password"]) >= 12
        assert f"{login['email']} " in house.output
        assert login["password"] in house.output


def test_a_second_run_changes_nothing_and_keeps_the_passwords(house: House) -> None:
    before = house.logins
    done = demo(house.home, "--no-serve")
    assert done.returncode == 0, done.stderr
    table = table_of(done.stdout)
    assert table.keys() == table_of(house.output).keys()
    assert {key: row[1:3] for key, row in table.items() if any(row[1:3])} == {}
    assert house.logins == before
    assert "Connecting" not in done.stdout
    assert "On the officers' desk: a letter" in house.output
    assert "On the officers' desk" not in done.stdout


def test_the_code_of_the_second_step_can_be_asked_for(house: House) -> None:
    told = demo(house.home, "--code", "alice")
    assert re.fullmatch(r"[0-9]{6}\n", told.stdout)
    assert told.returncode == 0
    nobody = demo(house.home, "--code", "zoe")
    assert nobody.returncode == 1
    assert "nobody called zoe" in nobody.stderr


def test_nothing_is_left_running_and_no_mail_was_made(house: House) -> None:
    assert processes_of(house.home) == []
    assert not (house.home / "mail").exists()


def test_outside_of_the_demonstration_it_refuses(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "demo", "--no-serve"],
        cwd=ROOT,
        env=environment(tmp_path) | {"PLUGSELLER_ENV": "test"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "make demo" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_port_in_use_is_told_before_any_work(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = demo(tmp_path / "var", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert "is in use" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "var").exists()


def test_a_number_that_is_no_port_is_told_before_any_work(tmp_path: Path) -> None:
    done = demo(tmp_path / "var", "--port", "80000")
    assert done.returncode == 1
    assert "80000 isn't a port" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "var").exists()


MANAGE = [sys.executable, "manage.py", "demo", "--port", "0"]
MAKE = [  # the environment we run in serves: nothing is installed
    *("make", "-o", ".venv/.installed", f"BIN={Path(sys.executable).parent}"),
    *("demo", "PORT=0"),
]


@pytest.fixture
def serving(
    house: House, request: pytest.FixtureRequest
) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The demonstration while it serves, on a free port."""
    running = subprocess.Popen(
        getattr(request, "param", MANAGE),
        cwd=ROOT,
        env=environment(house.home) | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        lines = iter(running.stdout or ())
        line = next(line for line in lines if line.startswith("The console is at"))
        port = re.search(r"localhost:(\d+)", line)
        assert port
        yield running, int(port[1])
    finally:
        running.kill()
        running.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_it_serves_until_it_is_stopped_and_leaves_no_process(
    house: House, serving: tuple[subprocess.Popen[str], int], number: signal.Signals
) -> None:
    running, port = serving
    line = HTTPConnection("127.0.0.1", port, timeout=30)
    line.request("GET", "/sign-in")
    assert line.getresponse().status == 200
    line.close()
    told = " ".join(processes_of(house.home))
    for part in ("simulator", "gunicorn", "qcluster"):
        assert part in told
    for login in house.logins:
        assert login["password"] not in told

    running.send_signal(number)
    status = running.wait(40)
    assert status == (-signal.SIGKILL if number == signal.SIGKILL else 0)
    assert ends(house.home)


def test_a_second_run_beside_it_doesnt_disturb_the_one_that_serves(
    house: House, serving: tuple[subprocess.Popen[str], int]
) -> None:
    done = demo(house.home, "--no-serve")
    assert done.returncode == 0, done.stderr
    synced = subprocess.run(
        [sys.executable, "manage.py", "sync", "--feature", "listings"],
        cwd=ROOT,
        env=environment_of("qcluster", house.home),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert synced.returncode == 0, synced.stdout


def environment_of(part: str, home: Path) -> dict[str, str]:
    """What a living part of the demonstration was started with."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if part not in (folder / "cmdline").read_text():
                continue
            told = (folder / "environ").read_text(errors="replace").split("\0")
        except OSError:
            continue
        found = dict(line.split("=", 1) for line in told if "=" in line)
        if found.get("PLUGSELLER_HOME") == str(home):
            return found
    raise LookupError(part)


@pytest.mark.parametrize("serving", [MAKE], indirect=True, ids=["make"])
def test_make_takes_all_processes_with_it_when_it_is_ended(
    house: House, serving: tuple[subprocess.Popen[str], int]
) -> None:
    running, _ = serving
    running.terminate()
    running.wait(40)
    assert ends(house.home)


def ends(home: Path) -> bool:
    """Whether soon no process works on this data folder."""
    until = time.monotonic() + 30
    while processes_of(home) and time.monotonic() < until:
        time.sleep(0.2)
    return processes_of(home) == []
