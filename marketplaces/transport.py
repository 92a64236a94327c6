"""The only way out: sends an adapter's requests to its marketplace (ENC-1, USE-2).

Built on requests, with everything shut that would lead elsewhere: one TLS context
(1.2 at least, certificates verified), no proxies, no netrc, no cookies, no redirects,
hosts from the marketplace's own list, and a call outside the data map refused before
a socket is opened.
"""

import ipaddress
import re
import ssl
import threading
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

import certifi
import requests
import urllib3
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPSConnectionPool

from marketplaces import shelf
from marketplaces.contract import Adapter, Region, Request, Response, Trouble
from marketplaces.datamap import DataMap, OperationNotPermitted, permit

LARGEST_BODY = 8 * 1024 * 1024  # decoded bytes; the largest honest page has about two
_CHUNK = 1024 * 1024
_SENT_ALWAYS = {
    "User-Agent": "PlugSeller/0.1 (Language=Python)",
    "Accept-Encoding": "gzip",
}
_printable = re.compile(r"[!-~]*")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a call may take, in seconds."""

    connect: float = 5.0
    read: float = 30.0  # without a byte
    total: float = 120.0


class CallFailed(Exception):
    """A call that got no whole answer.

    Its text is a sentence for people; no address, header or content is in it.
    """

    trouble: ClassVar[Trouble]
    code: ClassVar[str]
    sentence: ClassVar[str]
    again: ClassVar[bool] = True  # whether the same call may fare better later

    def __init__(self) -> None:
        super().__init__(self.sentence)


class Unreachable(CallFailed):
    trouble, code = Trouble.DOWN, "unreachable"
    sentence = "The marketplace can't be reached."


class TooSlow(CallFailed):
    trouble, code = Trouble.DOWN, "too slow"
    sentence = "The marketplace took too long to answer."


class CutOff(CallFailed):
    trouble, code = Trouble.DOWN, "cut off"
    sentence = "The marketplace's answer broke off."


class Distrusted(CallFailed):
    trouble, code, again = Trouble.UNEXPECTED, "certificate", False
    sentence = (
        "The marketplace's certificate isn't vouched for by an authority we trust, so "
        "nothing was sent. Check MARKETPLACE_CA_FILE."
    )


class NoSafeTls(CallFailed):
    trouble, code, again = Trouble.UNEXPECTED, "tls", False
    sentence = (
        "No secure line to the marketplace could be agreed on: TLS 1.2 is the least. "
        "Nothing was sent."
    )


class TooLarge(CallFailed):
    trouble, code = Trouble.UNEXPECTED, "too large"
    sentence = "The marketplace's answer is larger than any honest page."


class Garbled(CallFailed):
    trouble, code = Trouble.UNEXPECTED, "garbled"
    sentence = "The marketplace's answer can't be decoded."


class Redirected(CallFailed):
    trouble, code, again = Trouble.UNEXPECTED, "redirected", False
    sentence = "The marketplace sent us to another address; we don't go."


def open_transport(marketplace: str, region: str) -> "Transport":
    """A transport to a marketplace on the shelf, as the settings say.

    Raises KeyError for an unknown marketplace or region, ImproperlyConfigured for an
    address or CA file that can't be used.
    """
    adapter = shelf.adapter(marketplace)
    place = next((r for r in adapter.regions if r.key == region), None)
    if place is None:
        raise KeyError(region)
    return Transport(
        datamap=shelf.datamap(),
        hosts=addresses(adapter, place),
        token_path=adapter.consent.token_path,
        ca_file=settings.MARKETPLACE_CA_FILE,
    )


def addresses(adapter: Adapter, region: Region) -> dict[str, str]:
    """Where requests go: endpoint ("api", "token") -> "https://host[:port]".

    The marketplace's own hosts, or the addresses from the environment, which must be
    https on this machine and which production refuses (ImproperlyConfigured).
    """
    own = {
        "api": f"https://{region.api_host}",
        "token": f"https://{adapter.consent.token_host}",
    }
    told: Mapping[str, str] = settings.MARKETPLACE_ADDRESSES.get(adapter.key, {})
    return {
        endpoint: _accepted(adapter.key, endpoint, told.get(endpoint, ""), address)
        for endpoint, address in own.items()
    }


def address_errors() -> list[str]:
    """What is wrong with the addresses from the environment; for a system check."""
    errors = []
    if settings.PRODUCTION and settings.MARKETPLACE_CA_FILE:
        errors.append(
            "MARKETPLACE_CA_FILE names an authority of a simulator, which production "
            "never trusts. Unset it, or run with PLUGSELLER_ENV=demo."
        )
    for adapter in shelf.adapters():
        for region in adapter.regions:
            try:
                addresses(adapter, region)
            except ImproperlyConfigured as error:
                errors.append(str(error))
    return list(dict.fromkeys(errors))


def _accepted(marketplace: str, endpoint: str, told: str, own: str) -> str:
    told = told.rstrip("/")
    if not told or told == own:
        return own
    name = f"The {endpoint} address set for {marketplace}"
    if settings.PRODUCTION:
        raise ImproperlyConfigured(
            f"{name} isn't the marketplace's own, which production never uses. "
            "Unset it, or run with PLUGSELLER_ENV=demo."
        )
    if not is_this_machine(told):
        raise ImproperlyConfigured(
            f"{name} must be https on this machine, without a path. "
            "Example: https://localhost:8443"
        )
    return told


def is_this_machine(address: str) -> bool:
    """Whether an address is https on loopback, without user, path or query."""
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    if parts.scheme != "https" or address != f"https://{parts.netloc}":
        return False
    if "@" in parts.netloc:
        return False
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Transport:
    """Sends requests of one connection; may be used by several threads at once."""

    def __init__(
        self,
        *,
        datamap: DataMap,
        hosts: Mapping[str, str],
        token_path: str,
        ca_file: str = "",
        patience: Patience | None = None,
        largest_body: int = LARGEST_BODY,
    ) -> None:
        """Raises ImproperlyConfigured if the CA file can't be used."""
        self._datamap = datamap
        self._hosts = dict(hosts)
        self._token_path = token_path
        self._patience = patience or Patience()
        self._largest_body = largest_body
        self._session = _Session(_context(ca_file))

    def send(self, request: Request) -> Response:
        """The answer, whatever its status; redirects count as trouble.

        Raises OperationNotPermitted before any socket is opened if the data map
        doesn't name the call, and CallFailed if no whole answer comes.
        """
        self._permit(request)
        prepared = _prepared(self._hosts[request.endpoint], request)
        _this_call.ends = time.monotonic() + self._patience.total
        _this_call.target = prepared.path_url
        try:
            answer = self._session.send(
                prepared,
                stream=True,
                timeout=(self._patience.connect, self._patience.read),
                allow_redirects=False,
                proxies={},
            )
            with answer:
                body = _body(answer.raw, self._largest_body)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            failed = _named(error)
        except OSError:
            failed = CutOff()
        else:
            if 300 <= answer.status_code < 400:
                raise Redirected
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return Response(status=answer.status_code, headers=headers, body=body)
        # Outside of the handler: the libraries' texts hold addresses and must not
        # travel along as this exception's context.
        raise failed

    def close(self) -> None:
        """Hang up."""
        self._session.close()

    def __enter__(self) -> "Transport":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _permit(self, request: Request) -> None:
        operation = request.operation
        if not _printable.fullmatch(request.path + request.query):
            raise OperationNotPermitted("An address may hold printable ASCII only.")
        # A peer may decode before it looks: "%2e%2e" and "..%2f" climb as well.
        if "#" in request.query or {".", ".."} & set(unquote(request.path).split("/")):
            raise OperationNotPermitted("An address may not lead elsewhere.")
        if operation is None:
            wanted = ("token", "POST", self._token_path, "")
            sent = (request.endpoint, request.method, request.path, request.query)
            if sent != wanted or not self._token_path:
                raise OperationNotPermitted(
                    "A request without an operation goes to the token endpoint only."
                )
            return
        if request.endpoint != "api" or not self._datamap.holds(operation):
            raise OperationNotPermitted(
                f"{operation.key} isn't in the data map, so it can't be called."
            )
        permit(
            operation,
            method=request.method,
            path=request.path,
            query=request.query,
            cursor=request.cursor,
            body=request.body,
        )


class _Session(requests.Session):
    """A session that goes nowhere but where it is told."""

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__()
        self.trust_env = False
        self.headers.clear()
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.adapters.clear()
        self.mount("https://", _Secure(context))

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """None: even a redirect nobody follows would have its body read whole."""
        return None


class _Secure(HTTPAdapter):
    """Connects with our own context only: its authorities, its least TLS version."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__(pool_connections=2, pool_maxsize=4, max_retries=0)

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **pool: Any
    ) -> None:
        super().init_poolmanager(
            connections, maxsize, block, ssl_context=self._context, **pool
        )
        self.poolmanager.pool_classes_by_scheme = {"https": _Lines}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Leave the context as it is; the library would add its own authorities."""
        conn.cert_reqs = "CERT_REQUIRED"


_this_call = threading.local()  # when it must be over, and what it asks for


class _Line(HTTPSConnection):
    """Asks for what was permitted; the library would code a page token anew."""

    def putrequest(self, method: str, url: str, *more: Any, **options: Any) -> None:
        super().putrequest(method, _this_call.target, *more, **options)


class _Lines(HTTPSConnectionPool):
    ConnectionCls = _Line


class _TimedSocket(ssl.SSLSocket):
    """Reads until the call's time is up, however slowly the bytes drip."""

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        left: float = _this_call.ends - time.monotonic()
        if left <= 0:
            raise TimeoutError
        if (self.gettimeout() or left) >= left:
            self.settimeout(left)
        return super().recv_into(buffer, nbytes, flags)


def _context(ca_file: str) -> ssl.SSLContext:
    """TLS 1.2 or newer, verified. The environment has no say (SSL_CERT_FILE, ..)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # ENC-1
    context.sslsocket_class = _TimedSocket
    try:
        context.load_verify_locations(Path(ca_file or certifi.where()))
    except OSError as error:
        raise ImproperlyConfigured(
            "The file named by MARKETPLACE_CA_FILE can't be used: "
            f"{error.strerror or 'it holds no certificate'}."
        ) from None
    return context


def _prepared(host: str, request: Request) -> requests.PreparedRequest:
    """The request as it stands; the library's own way would re-encode the query."""
    prepared = requests.PreparedRequest()
    prepared.method = request.method
    query = f"?{request.query}" if request.query else ""
    prepared.url = f"{host}{request.path}{query}"
    prepared.headers = CaseInsensitiveDict(_SENT_ALWAYS | dict(request.headers))
    prepared.prepare_cookies({})
    if request.body:
        prepared.body = request.body
        prepared.headers["Content-Length"] = str(len(request.body))
    return prepared


def _body(raw: Any, largest: int) -> bytes:
    """The decoded body, never holding much more than the limit.

    Raises TooLarge, Garbled and CutOff; a small packed body that unfolds into a huge
    one is stopped while it unfolds.
    """
    encoding = raw.headers.get("content-encoding", "identity").lower()
    if encoding not in ("identity", "gzip"):
        raise Garbled
    unpack = zlib.decompressobj(wbits=31) if encoding == "gzip" else None
    parts: list[bytes] = []
    held = 0
    while packed := raw.read(_CHUNK, decode_content=False):
        part = _unpacked(unpack, packed, largest + 1 - held)
        parts.append(part)
        held += len(part)
        if held > largest:
            raise TooLarge
    if unpack is not None and not unpack.eof:
        raise CutOff
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _unpacked(unpack: Any, packed: bytes, most: int) -> bytes:
    if unpack is None:
        return packed
    try:
        part: bytes = unpack.decompress(packed, most)
    except zlib.error:
        raise Garbled from None
    return part


def _named(error: Exception) -> CallFailed:
    """The situation behind a library's exception."""
    reasons = _reasons(error)
    if any(isinstance(reason, ssl.SSLCertVerificationError) for reason in reasons):
        return Distrusted()
    if any(isinstance(r, urllib3.exceptions.NewConnectionError) for r in reasons):
        return Unreachable()
    timeouts = (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError)
    if any(isinstance(reason, timeouts) for reason in reasons):
        return TooSlow()
    if any(isinstance(reason, ssl.SSLEOFError) for reason in reasons):
        return CutOff()
    if any(isinstance(reason, ssl.SSLError) for reason in reasons):
        return NoSafeTls()
    return CutOff()


def _reasons(error: BaseException) -> list[BaseException]:
    """The exception and all it was made of, however the libraries nested it."""
    found: list[BaseException] = []
    waiting: list[BaseException] = [error]
    while waiting:
        one = waiting.pop()
        if one in found:
            continue
        found.append(one)
        inside = (*one.args, getattr(one, "reason", None))
        inside += (one.__cause__, one.__context__)
        waiting += [each for each in inside if isinstance(each, BaseException)]
    return found
