"""HTTP/1.1 with keep-alive over TLS on loopback, a thread for each line."""

import contextlib
import socket
import ssl
import sys
import time
import traceback
from collections.abc import Callable
from datetime import datetime
from email.utils import format_datetime
from http import HTTPStatus
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import IO, cast

from marketplaces.simulator.switchboard import Delivery, Incoming

_IDLE_SECONDS = 120
_HEAD_LIMIT = 65_536
_BODY_LIMIT = 1_048_576
_REASONS = {status.value: status.phrase for status in HTTPStatus}


class _BadRequest(Exception):
    """Not HTTP as we read it."""


class Listener(ThreadingTCPServer):
    """Listens on 127.0.0.1; `answerer` says what each request gets.

    `clock` is the world's: clients take the answer's date for the marketplace's time.
    """

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(
        self,
        *,
        port: int,
        context: ssl.SSLContext,
        answerer: Callable[[Incoming], Delivery],
        clock: Callable[[], datetime],
    ) -> None:
        self.context = context
        self.clock = clock
        self.answerer = answerer
        self._lines: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Line)

    def opened(self, line: socket.socket) -> None:
        """Remember a line, to hang up on it when the simulator stops."""
        self._lines.add(line)

    def closed(self, line: socket.socket) -> None:
        """The line is gone."""
        self._lines.discard(line)

    def hang_up(self) -> None:
        """Cut every line that is open."""
        for line in tuple(self._lines):
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """A line that breaks is the caller's affair; a fault of ours is shown."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            traceback.print_exc()


class _Line(BaseRequestHandler):
    server: Listener
    request: socket.socket

    def handle(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.request.settimeout(_IDLE_SECONDS)
        self.server.opened(self.request)
        try:
            line = self.server.context.wrap_socket(self.request, server_side=True)
        except (OSError, ssl.SSLError):
            return
        self.server.opened(line)
        try:
            with line, line.makefile("rb", buffering=65_536) as stream:
                while self._serve(line, cast("IO[bytes]", stream)):
                    pass
        except OSError:
            return
        finally:
            self.server.closed(line)

    def finish(self) -> None:
        self.server.closed(self.request)

    def _serve(self, line: ssl.SSLSocket, stream: IO[bytes]) -> bool:
        """Answer one request; False when the line is to be cut."""
        try:
            incoming = _read(stream)
        except (_BadRequest, ValueError):
            line.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            return False
        if incoming is None:
            return False
        delivery = self.server.answerer(incoming)
        if delivery.delay:
            time.sleep(delivery.delay)
        if delivery.silent:
            return False
        head = _head(delivery, self.server.clock())
        body = delivery.answer.body
        if delivery.cut_after is not None:
            line.sendall(head + body[: delivery.cut_after])
            return False
        line.sendall(head + body)
        return incoming.headers.get("connection", "").lower() != "close"


def _read(stream: IO[bytes]) -> Incoming | None:
    """The next request; None when the caller has gone."""
    first = stream.readline(_HEAD_LIMIT)
    if not first:
        return None
    words = first.decode("latin-1").split()
    if len(words) != 3:
        raise _BadRequest
    headers: dict[str, str] = {}
    while (raw := stream.readline(_HEAD_LIMIT)) not in (b"\r\n", b"\n", b""):
        name, _, value = raw.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    length = int(headers.get("content-length", "0"))
    if not 0 <= length <= _BODY_LIMIT or "transfer-encoding" in headers:
        raise _BadRequest
    return Incoming(words[0], words[1], headers, stream.read(length))


def _head(delivery: Delivery, now: datetime) -> bytes:
    answer = delivery.answer
    named = {name.lower() for name, _ in answer.headers}
    lines = [f"HTTP/1.1 {answer.status} {_REASONS.get(answer.status, 'Unknown')}"]
    if "content-type" not in named:
        lines.append("Content-Type: application/json")
    lines += [f"{name}: {value}" for name, value in answer.headers]
    if answer.status != HTTPStatus.NO_CONTENT:
        lines.append(f"Content-Length: {len(answer.body)}")
    lines += [f"Date: {format_datetime(now, usegmt=True)}", "\r\n"]
    return "\r\n".join(lines).encode("latin-1")
