"""The way out: what it refuses to send, to trust, to follow and to swallow."""

import gzip
import socket
import ssl
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from marketplaces import shelf, transport
from marketplaces.contract import Request
from marketplaces.datamap import DataMap, Feature, Operation, OperationNotPermitted
from marketplaces.transport import Patience, Transport
from tests.marketplaces.loopback import Loopback, Speak, loopback, says

pytestmark = pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1")

SECRET = "Atza|very-secret-token"
QUICK = Patience(connect=1, read=0.5, total=1)


class Answer(msgspec.Struct):
    """Nothing is kept of it."""


THINGS = Operation(
    key="test.things",
    feature=Feature.ORDERS,
    purpose="To try the transport.",
    method="GET",
    path="/v1/{owner}/things",
    version="v1",
    role="none",
    rate=1,
    burst=1,
    page_size=1,
    structure=Answer,
    parameters=(("included", "A,B"),),
    variable=("cursor", "at"),
)


def asked(
    *,
    operation: Operation | None = THINGS,
    endpoint: str = "api",
    method: str = "GET",
    path: str = "/v1/me/things",
    query: str = "included=A,B",
    headers: tuple[tuple[str, str], ...] = (("x-token", SECRET),),
    body: bytes = b"",
) -> Request:
    return Request(operation, endpoint, method, path, query, headers, body)


Lines = Callable[..., tuple[Loopback, Transport]]


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Lines]:
    """Opens a server with the given words and a transport that trusts it."""
    with ExitStack() as stack:

        def open_line(
            speak: Speak, *, outdated: bool = False, **options: Any
        ) -> tuple[Loopback, Transport]:
            server = stack.enter_context(loopback(tmp_path, speak, outdated=outdated))
            given: dict[str, Any] = {
                "datamap": DataMap([THINGS]),
                "hosts": {"api": server.address, "token": server.address},
                "token_path": "/token",
                "ca_file": str(server.ca_file),
            } | options
            out = stack.enter_context(Transport(**given))
            return server, out

        yield open_line


def test_an_answer_comes_back_whole(line: Lines) -> None:
    server, out = line(says(b'{"a": 1}', headers="X-Rate-Limit: 5\r\n"))
    answer = out.send(asked())
    assert (answer.status, answer.body) == (200, b'{"a": 1}')
    assert answer.headers["x-rate-limit"] == "5"
    assert server.heard[0].startswith(b"GET /v1/me/things?included=A,B HTTP/1.1\r\n")


def test_the_line_is_used_again(line: Lines) -> None:
    server, out = line(says(b"{}"))
    for _ in range(3):
        out.send(asked())
    assert (server.connections, len(server.heard)) == (1, 3)


@pytest.mark.parametrize(
    "query",
    [
        "included=A,B&cursor=%2B%3D%25+x",
        "included=A,B&cursor=a%2fb%2B:c|d{e}[f]^`'",
        "included=A,B&cursor=100%&at=18%3a47",
    ],
)
def test_a_cursor_is_sent_as_it_stands(line: Lines, query: str) -> None:
    server, out = line(says(b"{}"))
    out.send(asked(query=query))
    assert server.heard[0].split(b" ")[1] == f"/v1/me/things?{query}".encode()


def test_a_packed_answer_is_unpacked(line: Lines) -> None:
    _, out = line(says(gzip.compress(b"[1, 2]"), headers="Content-Encoding: gzip\r\n"))
    assert out.send(asked()).body == b"[1, 2]"


REFUSED: dict[str, dict[str, Any]] = {
    "unmapped path": {"path": "/v1/me/addresses"},
    "deeper path": {"path": "/v1/me/things/7"},
    "path that climbs": {"path": "/v1/../things"},
    "path that climbs once decoded": {"path": "/v1/..%2F..%2Fme/things"},
    "path of dots once decoded": {"path": "/v1/%2e%2E/things"},
    "other method": {"method": "POST"},
    "dropped fixed parameter": {"query": ""},
    "changed fixed parameter": {"query": "included=A,B,BUYER"},
    "fixed parameter twice": {"query": "included=A,B&included=BUYER"},
    "parameter the map doesn't name": {"query": "included=A,B&buyer=1"},
    "fragment": {"query": "included=A,B#"},
    "line break": {"query": "included=A,B&cursor=a\r\nX: y"},
    "look-alike operation": {"operation": msgspec.structs.replace},
    "token endpoint for an operation": {"endpoint": "token"},
    "no operation at the api": {"operation": None},
    "token elsewhere": {
        "operation": None, "endpoint": "token", "method": "POST",
        "path": "/tokens/2021-03-01/restrictedDataToken", "query": "",
    },
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_call_outside_the_map_opens_no_socket(line: Lines, case: str) -> None:
    server, out = line(says(b"{}"))
    wrong: dict[str, Any] = dict(REFUSED[case])
    if case == "look-alike operation":
        wrong["operation"] = Operation(
            **{f: getattr(THINGS, f) for f in Operation.__dataclass_fields__}
        )
    with pytest.raises(OperationNotPermitted):
        out.send(asked(**wrong))
    assert server.connections == 0


def test_a_token_request_reaches_the_token_endpoint(line: Lines) -> None:
    server, out = line(says(b"{}"))
    out.send(
        asked(operation=None, endpoint="token", method="POST", path="/token", query="",
              body=b"grant_type=refresh_token")
    )  # fmt: skip
    assert server.heard[0].startswith(b"POST /token HTTP/1.1\r\n")


def test_a_redirect_is_not_followed(line: Lines, tmp_path: Path) -> None:
    other, _ = line(says(b"{}"))
    server, out = line(
        says(b"", status="302 Found", headers=f"Location: {other.address}/x\r\n")
    )
    with pytest.raises(transport.Redirected):
        out.send(asked())
    assert (server.connections, other.connections) == (1, 0)


def test_an_unknown_authority_is_not_trusted(line: Lines) -> None:
    server, out = line(says(b"{}"), ca_file="")
    with pytest.raises(transport.Distrusted, match="MARKETPLACE_CA_FILE"):
        out.send(asked())
    assert server.heard == []


def test_only_the_named_authority_is_trusted(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    with (
        loopback(tmp_path / "one", says(b"{}")) as one,
        loopback(tmp_path / "two", says(b"{}")) as two,
        Transport(
            datamap=DataMap([THINGS]),
            hosts={"api": one.address},
            token_path="",
            ca_file=str(two.ca_file),
        ) as out,
    ):
        with pytest.raises(transport.Distrusted):
            out.send(asked())
        assert one.heard == []


def test_tls_1_1_is_refused(line: Lines) -> None:
    server, out = line(says(b"{}"), outdated=True)
    _can_speak_tls_1_1(server)
    with pytest.raises(transport.NoSafeTls):
        out.send(asked())
    assert server.heard == []


def _can_speak_tls_1_1(server: Loopback) -> None:
    """The peer really answers at 1.1, or the test would prove nothing."""
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.load_verify_locations(server.ca_file)
    port = int(server.address.rpartition(":")[2])
    with (
        socket.create_connection(("127.0.0.1", port), timeout=5) as bare,
        old.wrap_socket(bare, server_hostname="localhost") as tls,
    ):
        assert tls.version() == "TLSv1.1"


@pytest.mark.parametrize("told", [True, False], ids=["told", "chunked"])
def test_ten_megabytes_of_garbage_are_refused_unread(line: Lines, told: bool) -> None:
    block = b"\x00\x7f not json " * 80_000

    def speak(tls: ssl.SSLSocket) -> None:
        length = (
            f"Content-Length: {len(block) * 10}"
            if told
            else "Transfer-Encoding: chunked"
        )
        tls.sendall(f"HTTP/1.1 200 OK\r\n{length}\r\n\r\n".encode())
        for _ in range(10):
            tls.sendall(block if told else b"%x\r\n%s\r\n" % (len(block), block))
        if not told:
            tls.sendall(b"0\r\n\r\n")

    _, out = line(speak)
    with pytest.raises(transport.TooLarge):
        out.send(asked())


def test_a_packed_bomb_is_stopped_while_it_unfolds(line: Lines) -> None:
    bomb = gzip.compress(bytes(200 * 1024 * 1024))
    _, out = line(says(bomb, headers="Content-Encoding: gzip\r\n"))
    tracemalloc.start()
    try:
        with pytest.raises(transport.TooLarge):
            out.send(asked())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 * transport.LARGEST_BODY


def test_half_an_answer_is_no_answer(line: Lines) -> None:
    def speak(tls: ssl.SSLSocket) -> None:
        tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}")
        tls.close()

    _, out = line(speak)
    with pytest.raises(transport.CutOff):
        out.send(asked())


def test_half_a_packed_answer_is_no_answer(line: Lines) -> None:
    packed = gzip.compress(b"[1, 2, 3]" * 100)
    _, out = line(says(packed[:-20], headers="Content-Encoding: gzip\r\n"))
    with pytest.raises(transport.CutOff):
        out.send(asked())


@pytest.mark.parametrize("encoding", ["br", "gzip, gzip"])
def test_an_encoding_nobody_asked_for_is_garbled(line: Lines, encoding: str) -> None:
    _, out = line(says(b"{}", headers=f"Content-Encoding: {encoding}\r\n"))
    with pytest.raises(transport.Garbled):
        out.send(asked())


def test_a_silent_marketplace_is_given_up(line: Lines) -> None:
    _, out = line(lambda tls: time.sleep(5), patience=QUICK)
    with pytest.raises(transport.TooSlow):
        out.send(asked())


@pytest.mark.parametrize("part", ["head", "body"])
def test_dripping_bytes_run_out_of_time(line: Lines, part: str) -> None:
    def speak(tls: ssl.SSLSocket) -> None:
        if part == "body":
            tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
        else:
            tls.sendall(b"HTTP/1.1 200 OK\r\nX-Drip: ")
        for _ in range(100):
            tls.sendall(b"x")
            time.sleep(0.1)

    _, out = line(speak, patience=QUICK)
    began = time.monotonic()
    with pytest.raises(transport.TooSlow):
        out.send(asked())
    assert time.monotonic() - began < 8  # the drip alone would last ten seconds


def test_nobody_listening_is_told_apart(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    hosts = {"api": f"https://localhost:{port}"}
    out = Transport(datamap=DataMap([THINGS]), hosts=hosts, token_path="")
    with out, pytest.raises(transport.Unreachable):
        out.send(asked())


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_proxy_from_the_environment_sees_nothing(
    line: Lines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        proxy.setblocking(False)
        monkeypatch.setenv(variable, f"http://127.0.0.1:{proxy.getsockname()[1]}")
        monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent")
        _, out = line(says(b"{}"))
        assert out.send(asked()).status == 200
        with pytest.raises(BlockingIOError):
            proxy.accept()


def test_cookies_are_not_kept(line: Lines) -> None:
    server, out = line(says(b"{}", headers="Set-Cookie: spy=1; Path=/\r\n"))
    out.send(asked())
    out.send(asked())
    assert b"spy" not in server.heard[1]


def test_an_exception_tells_no_address_header_or_content(line: Lines) -> None:
    def speak(tls: ssl.SSLSocket) -> None:
        tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nCANARY")
        tls.close()

    _, out = line(speak)
    with pytest.raises(transport.CallFailed) as caught:
        out.send(asked(query="included=A,B&cursor=PAGE-TOKEN"))
    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None
    for part in ("localhost", "PAGE-TOKEN", SECRET, "CANARY", "things"):
        assert part not in f"{error!r} {error}"


NOT_THIS_MACHINE = [
    "http://localhost:8443",
    "https://169.254.169.254",
    "https://example.test",
    "https://localhost@example.test",
    "https://user:pass@localhost",
    "https://localhost:8443/path",
    "https://localhost:8443?x=1",
    "https://localhost.example.test",
    "https://2130706433",
    "https://0x7f.1",
    "https://[::ffff:10.0.0.1]",
    "https://localhost:99999",
    "ftp://localhost",
]


@pytest.mark.parametrize("address", NOT_THIS_MACHINE)
def test_an_address_elsewhere_is_refused(address: str) -> None:
    told = {"amazon": {"api": address, "token": "", "consent": ""}}
    with override_settings(MARKETPLACE_ADDRESSES=told):
        adapter = shelf.adapter("amazon")
        with pytest.raises(ImproperlyConfigured, match="https on this machine"):
            transport.addresses(adapter, adapter.regions[0])


def test_production_keeps_to_the_marketplaces_own_hosts() -> None:
    told = {"amazon": {"api": "https://localhost:8443", "token": "", "consent": ""}}
    with override_settings(MARKETPLACE_ADDRESSES=told, PRODUCTION=True):
        adapter = shelf.adapter("amazon")
        with pytest.raises(ImproperlyConfigured, match="production never uses"):
            transport.addresses(adapter, adapter.regions[0])
        assert transport.address_errors()


def test_a_broken_ca_file_is_named() -> None:
    with pytest.raises(ImproperlyConfigured, match="MARKETPLACE_CA_FILE"):
        Transport(
            datamap=DataMap([]), hosts={}, token_path="", ca_file="/nonexistent.pem"
        )
