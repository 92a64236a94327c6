"""A TLS server on loopback that says exactly what a test wants it to say."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import trustme

Speak = Callable[[ssl.SSLSocket], None]


class Loopback:
    """Listens on 127.0.0.1; every line that is opened gets the same words."""

    def __init__(self, folder: Path, speak: Speak, *, outdated: bool = False) -> None:
        self.connections = 0
        self.heard: list[bytes] = []
        authority = trustme.CA()
        self.ca_file = folder / "loopback-ca.pem"
        authority.cert_pem.write_to_path(str(self.ca_file))
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(self._context)
        if outdated:
            self._context.set_ciphers("ALL:@SECLEVEL=0")
            self._context.minimum_version = ssl.TLSVersion.TLSv1_1
            self._context.maximum_version = ssl.TLSVersion.TLSv1_1
        self._speak = speak
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"https://localhost:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._answer, args=(line,), daemon=True).start()

    def _answer(self, line: socket.socket) -> None:
        with contextlib.suppress(OSError), line:
            line.settimeout(10)
            with self._context.wrap_socket(line, server_side=True) as tls:
                while head := _head(tls):
                    self.heard.append(head)
                    self._speak(tls)

    def close(self) -> None:
        """Stop listening."""
        self._listener.close()


@contextlib.contextmanager
def loopback(
    folder: Path, speak: Speak, *, outdated: bool = False
) -> Iterator[Loopback]:
    """A Loopback for the length of a `with`."""
    server = Loopback(folder, speak, outdated=outdated)
    try:
        yield server
    finally:
        server.close()


def _head(tls: ssl.SSLSocket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head:
        more = tls.recv(65_536)
        if not more:
            return b""
        head += more
    return head


def says(body: bytes, *, status: str = "200 OK", headers: str = "") -> Speak:
    """Words: one whole answer."""
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return lambda tls: tls.sendall(head.encode() + body)
