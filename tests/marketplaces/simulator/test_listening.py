"""The simulator on the wire: TLS, its own pages, its log, nothing of other folders."""

import socket
import ssl
import stat
import subprocess
import sys
import warnings
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from marketplaces.simulator.certificates import make_certificates, server_context
from marketplaces.simulator.server import PortInUse, Simulator
from tests.marketplaces.simulator.caller import Caller

_HERE = Path(__file__).resolve().parents[3]


def test_only_callers_with_its_authority_trust_it(standing: Simulator) -> None:
    for host in ("localhost", "127.0.0.1"):
        address = standing.address.replace("localhost", host)
        answer = _session(standing).get(f"{address}/_simulator/accounts")
        assert answer.status_code == 200
    strangers = requests.Session()
    strangers.trust_env = False
    with pytest.raises(requests.exceptions.SSLError):
        strangers.get(f"{standing.address}/_simulator/accounts")


def _session(simulator: Simulator) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.verify = str(simulator.ca_file)
    return session


def _hello(simulator: Simulator, version: ssl.TLSVersion) -> str | None:
    context = ssl.create_default_context(cafile=simulator.ca_file)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = version
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    port = int(simulator.address.rpartition(":")[2])
    with (
        socket.create_connection(("127.0.0.1", port), timeout=5) as line,
        context.wrap_socket(line, server_hostname="localhost") as wrapped,
    ):
        return wrapped.version()


def test_it_speaks_tls_1_2_and_newer_unless_told_to_be_outdated(
    standing: Simulator,
) -> None:
    assert _hello(standing, ssl.TLSVersion.TLSv1_2) == "TLSv1.2"
    assert _hello(standing, ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
    with pytest.raises((ssl.SSLError, OSError)):
        _hello(standing, ssl.TLSVersion.TLSv1_1)
    context = server_context(make_certificates(datetime.now(UTC)))
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    with Simulator(orders=0, outdated_tls=True) as outdated:
        assert _hello(outdated, ssl.TLSVersion.TLSv1_1) == "TLSv1.1"
        with pytest.raises(requests.exceptions.SSLError):
            _session(outdated).get(outdated.address)


def test_it_listens_on_one_address_of_loopback_only(standing: Simulator) -> None:
    port = int(standing.address.rpartition(":")[2])
    socket.create_connection(("127.0.0.1", port), timeout=5).close()
    with pytest.raises(OSError, match=r"refused|assign|timed out"):
        socket.create_connection(("127.0.0.2", port), timeout=2)


def test_a_taken_port_is_said_in_one_sentence(standing: Simulator) -> None:
    port = int(standing.address.rpartition(":")[2])
    with pytest.raises(PortInUse, match=f"Port {port} on 127.0.0.1 is in use"):
        Simulator(port=port, orders=0).start()


def test_a_stopped_simulator_is_gone(tmp_path: Path) -> None:
    with Simulator(orders=0, folder=tmp_path) as simulator:
        session = _session(simulator)
        assert session.get(f"{simulator.address}/_simulator/calls").status_code == 200
    with pytest.raises(requests.exceptions.ConnectionError):
        session.get(f"{simulator.address}/_simulator/calls")
    with Simulator(orders=0) as passing:
        assert passing.ca_file.exists()
    assert not passing.ca_file.exists()


def test_it_writes_what_callers_need_and_no_private_key(tmp_path: Path) -> None:
    folder = tmp_path / "simulator"
    with Simulator(orders=0, folder=folder) as simulator:
        told = folder / "simulator.json"
        assert stat.S_IMODE(told.stat().st_mode) == 0o600
        assert simulator.address in told.read_text()
        assert "PRIVATE KEY" not in "".join(p.read_text() for p in folder.iterdir())
        assert simulator.environment["MARKETPLACE_CA_FILE"] == str(folder / "ca.pem")


def test_calls_are_logged_with_operation_and_account() -> None:
    with Simulator(orders=5, faults="500@2") as simulator:
        caller = Caller(simulator).signed_in()
        simulator.forget_calls()
        caller.orders()
        caller.orders()
        caller.get("/nowhere", page=1)
        logged = [
            (call.operation, call.account, call.status, call.fault)
            for call in simulator.calls
        ]
        assert logged == [
            ("amazon.searchOrders", "north-amazon-na", 200, ""),
            ("amazon.searchOrders", "north-amazon-na", 500, "500"),
            ("amazon.unknown", "", 403, ""),
        ]


def test_the_back_room_moves_the_world_from_outside() -> None:
    with Simulator(orders=30, limits=False) as simulator:
        caller = Caller(simulator).signed_in()
        room = f"{simulator.address}/_simulator"
        before = len(caller.all_orders())
        assert caller.session.post(f"{room}/advance").json() == {"steps": 1}
        assert len(caller.all_orders()) > before
        assert caller.session.post(f"{room}/faults", data="503:1").status_code == 200
        assert caller.orders().status_code == 503
        bad = caller.session.post(f"{room}/faults", data="fire")
        assert bad.status_code == 400
        assert "fire" in bad.json()["error"]
        caller.session.post(f"{room}/faults", data="")
        revoked = caller.session.post(f"{room}/revoke?account=north-amazon-na")
        assert revoked.status_code == 200
        assert caller.orders().status_code == 403
        missing = caller.session.post(f"{room}/revoke?account=nobody")
        assert missing.status_code == 404
        calls = caller.session.get(f"{room}/calls").json()
        assert calls[-1]["operation"] == "simulator.revoke"
        assert caller.session.get(f"{room}/tripped").json() == []


def test_what_is_not_http_is_refused(standing: Simulator) -> None:
    context = ssl.create_default_context(cafile=standing.ca_file)
    port = int(standing.address.rpartition(":")[2])
    for words in (b"HELLO\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n"):
        with (
            socket.create_connection(("127.0.0.1", port), timeout=5) as line,
            context.wrap_socket(line, server_hostname="localhost") as wrapped,
        ):
            wrapped.sendall(words)
            assert wrapped.recv(100).startswith(b"HTTP/1.1 400")


_WATCHED = """
import sys
opened = []
sys.addaudithook(lambda event, args: event == "open" and opened.append(str(args[0])))
from tests.marketplaces.simulator.caller import Caller
from marketplaces.simulator.server import Simulator
with Simulator(orders=20, limits=False) as simulator:
    caller = Caller(simulator).signed_in()
    for answer in (caller.orders(), caller.listings(), caller.stock()):
        assert answer.status_code == 200
print([name for name in opened if "/shared" in name])
print("django" in sys.modules)
"""


def test_it_reads_nothing_of_the_shared_folder_and_no_django() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _WATCHED],
        cwd=_HERE,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.split() == ["[]", "False"]
