"""HTTP with TLS, one deadline for a request, and size limits; errors as SourceError."""

import base64
import errno
import json
import os
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import IncompleteRead
from mmap import mmap
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import certifi
import urllib3

from obs import __version__, spans
from obs.clients.deadline import POOLS, within
from obs.errors import Reason, SourceError
from obs.spec.tls import Tls

MAX_BYTES: Final = 32 << 20
"""Of a response, unless whoever asks can need more: rules, dashboards, results of a query."""
_AT_ONCE: Final = 2  # responses of the largest size that may be held at the same time
_CHUNK: Final = 1 << 18
_HEADERS: Final = {
    "Accept": "*/*",
    # The library does not notice that a compressed response ended early; monitoring ports
    # of nats-server do not compress anyway.
    "Accept-Encoding": "identity",
    "User-Agent": f"obs/{__version__}",
}
_TIMEOUTS: Final = (urllib3.exceptions.TimeoutError, TimeoutError)
_REFUSED: Final[Mapping[int, str]] = {
    401: ": credentials missing or rejected",
    403: ": permission denied for these credentials",
}
_STATUS: Final[Mapping[int, Reason]] = {401: "auth", 403: "auth", 429: "throttled"}


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A server's response with any status; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Http:
    """HTTP to systems in the internal network; safe to use from several threads.

    Proxies and credentials of the environment (HTTP_PROXY, .netrc) are not used. A redirect is not
    followed: what was meant for one address, credentials above all, never goes to another.
    """

    def __init__(
        self,
        tls: Tls | None = None,
        *,
        timeout: float = 5.0,
        max_bytes: int = MAX_BYTES,
        remedy: str = "",
        connections: int = 16,
        proxy: str | None = None,
        sign: Callable[[str], Mapping[str, str]] | None = None,
    ) -> None:
        """A request takes at most `timeout` seconds from its beginning to the last byte.

        `max_bytes` limits the response, and twice as much all that are read at the same time;
        `remedy` tells what to change where that is not enough. Up to `connections` per host stay
        open. `proxy` is the URL of a proxy for https:// URLs, which it connects and cannot read.
        `sign` gives headers that sign in at a URL.
        """
        self._timeout = timeout
        self._sign = sign or (lambda _: {})
        self._max_bytes = max_bytes
        self._remedy = remedy
        self._held = _Held(_AT_ONCE * max_bytes)
        self._tls = tls or Tls()
        options: dict[str, Any] = {
            "num_pools": 64,
            "maxsize": connections,
            "cert_reqs": "CERT_REQUIRED",
            **_certificates(self._tls),
        }
        self._pools = (
            urllib3.PoolManager(**options)
            if proxy is None
            else urllib3.ProxyManager(
                _without_userinfo(proxy), proxy_headers=_proxy_authorization(proxy), **options
            )
        )
        self._pools.pool_classes_by_scheme = POOLS

    def get(self, url: str, accepted: Collection[int] = (200,), limit: int | None = None) -> bytes:
        """The body of a response whose status is one of `accepted`, of at most `limit` bytes.

        Raises SourceError: connection, timeout, auth, throttled, http_status, decode (the response
        ended early), too_large.
        """
        return self._send("GET", url, accepted=accepted, limit=limit)

    def post(self, url: str, document: object) -> bytes:
        """The body of the 200 response to a JSON document. Raises SourceError, as `get` does."""
        return self._send("POST", url, document)

    def _send(
        self,
        method: str,
        url: str,
        document: object = None,
        accepted: Collection[int] = (200,),
        limit: int | None = None,
    ) -> bytes:
        answer = self.exchange(method, url, document=document, limit=limit)
        if answer.status not in accepted:
            reason = _STATUS.get(answer.status, "http_status")
            why = f"HTTP status {answer.status}{_REFUSED.get(answer.status, '')}"
            raise SourceError(reason, f"{without_user(url)}: {why}")
        return answer.body

    def exchange(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        document: object = None,
        body: bytes | None = None,
        limit: int | None = None,
    ) -> HttpAnswer:
        """The response, whatever its status, to a JSON document, another body, or neither.

        Raises SourceError where there is no response: connection, timeout, decode, too_large.
        """
        where = without_user(url)
        with spans.client(method, lambda: asked(method, where)) as span:
            sent = (headers or {}, document, body)
            answer = self._answered(method, url, where, sent, limit)
            span.note("http.response.status_code", answer.status)
            if answer.status >= 400:
                span.failed(str(answer.status))
            return answer

    def _answered(
        self, method: str, url: str, where: str, sent: "_Sent", limit: int | None
    ) -> HttpAnswer:
        headers, document, body = sent
        self._find_tls_files(where)
        try:
            signed = _authorization(url) | dict(self._sign(url))
            with within(self._timeout):
                return self._exchange(
                    method,
                    url,
                    _HEADERS | _kind(document) | dict(headers) | signed,
                    body if document is None else json.dumps(document).encode(),
                    self._max_bytes if limit is None else min(limit, self._max_bytes),
                )
        except SourceError:  # no credentials
            raise
        except _TooLarge as error:
            raise SourceError("too_large", f"{where}: {self._too_large(error)}") from None
        except Exception as error:  # noqa: BLE001  of urllib3, http.client, ssl, socket: any
            reason = _reason(error)
            raise SourceError(reason, f"{where}: {_description(error, reason)}") from None

    def _exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        limit: int,
    ) -> HttpAnswer:
        answer = self._pools.request(
            method,
            _without_userinfo(url),
            headers=headers,
            body=body,
            timeout=self._timeout,
            preload_content=False,
            redirect=False,
            retries=False,
        )
        try:
            names = {name.lower(): value for name, value in answer.headers.itermerged()}
            return HttpAnswer(answer.status, names, self._body(answer, limit))
        finally:
            answer.close()  # no effect where the response was read to its end

    def _find_tls_files(self, where: str) -> None:
        """Raises SourceError naming the missing file, which the library does not."""
        for path in (self._tls.ca_file, self._tls.cert_file, self._tls.key_file):
            if path is not None and not Path(path).exists():
                description = f"cannot use the TLS files: {path}: {os.strerror(errno.ENOENT)}"
                raise SourceError("connection", f"{where}: {description}")

    def _body(self, raw: urllib3.BaseHTTPResponse, limit: int) -> bytes:
        if (raw.length_remaining or 0) > limit:
            raise _TooLarge(limit)
        size = 0
        # Pages of a mapping are taken as they are written, and given back when it is closed;
        # those of the heap may stay with the thread.
        with self._held.some() as holding, mmap(-1, max(limit, 1)) as body:
            while part := raw.read1(_CHUNK, decode_content=False):
                begin, size = size, size + len(part)
                if size > limit:
                    raise _TooLarge(limit)
                holding(size)
                body[begin:size] = part
            return body[:size]

    def _too_large(self, error: "_TooLarge") -> str:
        what = "responses read at the same time are" if error.together else "response"
        remedy = f"; {self._remedy}" if self._remedy else ""
        return f"{what} larger than {_size(error.limit)}{remedy}"

    def close(self) -> None:
        """Close the open connections."""
        self._pools.clear()


_Sent = tuple[Mapping[str, str], object, bytes | None]  # headers, a JSON document, another body


class _TooLarge(Exception):  # noqa: N818  never leaves this module
    """More than `limit` bytes, in one response or in those that are read `together`."""

    def __init__(self, limit: int, *, together: bool = False) -> None:
        super().__init__()
        self.limit = limit
        self.together = together


class _Held:
    """Bytes of the responses that are being read, by all threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._now = 0
        self._lock = threading.Lock()

    @contextmanager
    def some(self) -> Iterator[Callable[[int], None]]:
        """A function to call with what one response has by now. Raises _TooLarge."""
        counted = 0

        def holding(size: int) -> None:
            nonlocal counted
            with self._lock:
                self._now += size - counted
                counted = size
                if self._now > self._most:
                    raise _TooLarge(self._most, together=True)

        try:
            yield holding
        finally:
            with self._lock:
                self._now -= counted


def without_user(url: str) -> str:
    """The URL without user info, query and fragment, safe to put into a message."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "invalid URL"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def asked(method: str, where: str) -> spans.Attributes:
    """What a span tells of a request; `where` is its URL without secrets."""
    parts = urlsplit(where)
    try:
        port = parts.port or {"https": 443}.get(parts.scheme, 80)
    except ValueError:
        port = 0
    return {
        "http.request.method": method,
        "url.full": where,
        "server.address": parts.hostname or "",
        "server.port": port,
    }


def _without_userinfo(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _authorization(url: str) -> dict[str, str]:
    """The header for the user and password in a URL."""
    parts = urlsplit(url)
    if parts.username is None:
        return {}
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode('latin-1')).decode()}"}


def _proxy_authorization(url: str) -> dict[str, str]:
    return {f"Proxy-{name}": value for name, value in _authorization(url).items()}


def _kind(document: object) -> dict[str, str]:
    return {} if document is None else {"Content-Type": "application/json"}


def _certificates(tls: Tls) -> dict[str, Any]:
    """The files of the TLS settings for urllib3, which reads them at each connection."""
    authority = tls.ca_file or certifi.where()
    kind = "ca_cert_dir" if Path(authority).is_dir() else "ca_certs"
    return {kind: authority, "cert_file": tls.cert_file, "key_file": tls.key_file}


def _size(count: int) -> str:
    return f"{count / 1e6:.0f} MB" if count >= 1e6 else f"{count} bytes"


def _reason(error: Exception) -> Reason:
    # The library makes a refused connection a subclass of its timeouts.
    if isinstance(error, urllib3.exceptions.NewConnectionError):
        return "connection"
    if any(isinstance(cause, _TIMEOUTS) for cause in (error, *error.args)):
        return "timeout"
    if any(isinstance(cause, IncompleteRead) for cause in (error, *error.args)):
        return "decode"
    return "connection"


def _description(error: Exception, reason: Reason) -> str:
    """A description without the library's text, which repeats URLs with their user info."""
    if reason == "timeout":
        return "timed out"
    if reason == "decode":
        return "response ended early"
    if isinstance(error, urllib3.exceptions.SSLError):
        return "TLS handshake failed: certificate or protocol not accepted"
    return "cannot connect, or connection lost"
