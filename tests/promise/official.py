"""A TLS server that answers with the marketplaces' own published examples."""

import json
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import trustme

from marketplaces.datamap import Operation

# What each list answers after its example, in the same shape: nothing more.
ENDS: dict[str, Any] = {
    "amazon.searchOrders": {"orders": [], "lastUpdatedBefore": "2026-11-24T11:00:00Z"},
    "amazon.searchListingsItems": {"numberOfResults": 0, "items": []},
    "amazon.searchCatalogItems": {"numberOfResults": 0, "items": []},
    "amazon.getPricing": {"payload": []},
    "walmart.getAllItems": {"ItemResponse": [], "totalItems": 0},
    "walmart.getInventories": {
        "meta": {"totalCount": 0},
        "elements": {"inventories": []},
    },
    "walmart.getWfsInventory": {
        "headers": {"totalCount": 0, "limit": 300, "offset": 0},
        "payload": {"inventory": []},
    },
    "walmart.getAllOrders": {
        "list": {"meta": {"totalCount": 0, "limit": 200}, "elements": {"order": []}}
    },
}
TOKEN = {
    "access_token": "an-access-token",
    "token_type": "bearer",
    "expires_in": 900,
    "refresh_token": "a-refresh-token",
}


class Official:
    """Serves one example per operation once, then the end of its list."""

    def __init__(self, operations: tuple[Operation, ...], folder: Path) -> None:
        self.examples: dict[str, Any] = {}
        self.asked: list[str] = []
        self._paths = [
            (re.compile(re.sub(r"\{\w+\}", "[^/]+", o.path)), o.key) for o in operations
        ]
        self._operations = {o.key: o for o in operations}
        authority = trustme.CA()
        self.ca_file = folder / "official-ca.pem"
        authority.cert_pem.write_to_path(str(self.ca_file))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.address = f"https://localhost:{self._server.server_address[1]}"

    def answer(self, path: str) -> Any:
        """The body for a path: a token, the example, or the list's end."""
        if path.endswith("/token"):
            return TOKEN
        for pattern, key in self._paths:
            if pattern.fullmatch(path):
                first = key not in self.asked
                self.asked.append(key)
                if first and key in self.examples:
                    return self.examples[key]
                return ENDS.get(key, self.examples.get(key))
        return None

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        official = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = official.answer(urlsplit(self.path).path)
                sent = json.dumps(body if body is not None else {}).encode()
                self.send_response(404 if body is None else 200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.do_GET()

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing on standard error."""

        return Handler

    @contextmanager
    def serving(self) -> Iterator["Official"]:
        thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
