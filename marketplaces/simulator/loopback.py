"""What the demonstration needs of this machine's network: a port, and a visitor."""

import errno
import socket
import ssl
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from marketplaces.simulator.pages import approved
from marketplaces.simulator.server import PortInUse


def take_port(port: int) -> socket.socket:
    """A listening socket on 127.0.0.1, to be handed to a web server; 0: any port.

    Raises PortInUse.
    """
    if not 0 <= port <= 65_535:
        raise PortInUse(
            f"{port} isn't a port, so nothing was started. Choose one from 1 to 65535: "
            "make demo PORT=8000"
        )
    taken = socket.socket()
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind(("127.0.0.1", port))
        taken.listen(128)
    except OSError as error:
        taken.close()
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        why = "in use" if error.errno == errno.EADDRINUSE else "not ours to use"
        raise PortInUse(
            f"Port {port} on 127.0.0.1 is {why}, so nothing was started. "
            f"Choose another: make demo PORT={port + 1 if port < 65_535 else 8000}"
        ) from None
    return taken


def consent(address: str, *, account: str, ca_file: Path) -> dict[str, str]:
    """What a seller's browser brings back after approving at the consent page.

    Raises ConnectionError if the page doesn't send it back.
    """
    parts = urlsplit(approved(address, account))
    context = ssl.create_default_context(cafile=str(ca_file))
    line = HTTPSConnection(
        parts.hostname or "", parts.port, timeout=30, context=context
    )
    try:
        line.request("GET", f"{parts.path}?{parts.query}")
        answer = line.getresponse()
        back = answer.getheader("Location", "")
    except HTTPException as error:
        raise ConnectionError("The simulator's consent page broke off.") from error
    finally:
        line.close()
    if answer.status != 302:
        raise ConnectionError("The simulator's consent page refused.")
    return dict(parse_qsl(urlsplit(back).query))
