"""Tries whether an old TLS is refused, by speaking it (ENC-1).

The way out is the real one, `Transport`, towards a peer on loopback that speaks one
version only. That the old version was refused proves something only if the peer could
speak it, so a caller without our rules tries that too.
"""

import socket
import ssl
import tempfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from marketplaces.contract import Request
from marketplaces.datamap import DataMap
from marketplaces.simulator.certificates import (
    Certificates,
    make_certificates,
    server_context,
)
from marketplaces.transport import CallFailed, NoSafeTls, Patience, Transport

OLD, NEW = ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2
_PATH = "/handshake"
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_SECONDS = 5.0
_EVERY_CIPHER = "ALL:@SECLEVEL=0"  # or OpenSSL itself would refuse the old version


@dataclass(frozen=True, slots=True)
class Outgoing:
    """How our own transport got on with peers of one version each."""

    old_refused: bool
    new_accepted: bool
    peer_speaks_old: bool  # else nothing is proven


def try_outgoing() -> Outgoing:
    """Handshakes of our transport with an old peer and with a new one."""
    made = make_certificates(datetime.now(UTC))  # judged by the machine's own clock
    with _peer(made, OLD) as port:
        speaks = _handshake("localhost", port, OLD)
    with _peer(made, OLD) as port:
        refused = _called(made, port) is NoSafeTls
    with _peer(made, NEW) as port:
        accepted = _called(made, port) is None
    return Outgoing(refused, accepted, speaks)


@dataclass(frozen=True, slots=True)
class Incoming:
    """What our public address takes; None: it couldn't be reached."""

    takes_old: bool
    takes_new: bool


def try_incoming(address: str) -> Incoming | None:
    """Handshakes with our own public address, as an old and as a new browser."""
    parts = urlsplit(address)
    host, port = parts.hostname or "", parts.port or 443
    try:
        socket.create_connection((host, port), timeout=_SECONDS).close()
    except OSError:
        return None
    return Incoming(_handshake(host, port, OLD), _handshake(host, port, NEW))


def _handshake(host: str, port: int, version: ssl.TLSVersion) -> bool:
    """Whether a caller that takes anything gets a line of that version."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # nothing is sent; the version alone counts
    _speaks(context, version)
    context.set_ciphers(_EVERY_CIPHER)
    try:
        with (
            socket.create_connection((host, port), timeout=_SECONDS) as line,
            context.wrap_socket(line, server_hostname=host),
        ):
            return True
    except OSError:  # ssl's own errors are OSErrors
        return False


def _speaks(context: ssl.SSLContext, version: ssl.TLSVersion) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that is the point
        context.minimum_version = context.maximum_version = version


def _called(made: Certificates, port: int) -> type[CallFailed] | None:
    """What became of a call by our own transport; None if it was answered."""
    with tempfile.TemporaryDirectory() as folder:
        ca_file = Path(folder) / "authority.pem"
        ca_file.write_bytes(made.authority)
        with Transport(
            datamap=DataMap(()),
            hosts={"token": f"https://localhost:{port}"},
            token_path=_PATH,
            ca_file=str(ca_file),
            patience=Patience(connect=_SECONDS, read=_SECONDS, total=2 * _SECONDS),
        ) as transport:
            try:
                transport.send(Request(None, "token", "POST", _PATH))
            except CallFailed as failed:
                return type(failed)
    return None


@contextmanager
def _peer(made: Certificates, version: ssl.TLSVersion) -> Iterator[int]:
    """A server on loopback that takes one caller and speaks that version alone."""
    context = server_context(made, outdated_tls=version is OLD)
    _speaks(context, version)
    with socket.create_server(("localhost", 0)) as listening:
        listening.settimeout(_SECONDS)
        answering = threading.Thread(
            target=_answer, args=(listening, context), daemon=True
        )
        answering.start()
        yield listening.getsockname()[1]
        answering.join(_SECONDS)


def _answer(listening: socket.socket, context: ssl.SSLContext) -> None:
    with suppress(OSError):
        line, _ = listening.accept()
        line.settimeout(_SECONDS)
        with line, context.wrap_socket(line, server_side=True) as secure:
            if secure.recv(4096):
                secure.sendall(_ANSWER)
