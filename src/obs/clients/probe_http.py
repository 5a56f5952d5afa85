"""One HTTP request of a probe: to checked addresses only, with a bounded body."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse, IncompleteRead
from socket import socket
from typing import Any, Final
from urllib.parse import quote, urljoin, urlsplit

from obs import __version__, spans
from obs.bounded_json import UnreadableJson, load_json
from obs.clients.checked_connection import (
    ProbeFailed,
    Timings,
    TlsOptions,
    connected,
    encrypted,
    expiry,
    failed,
)
from obs.clients.deadline import DeadlineResponse, remaining
from obs.clients.http import asked, without_user
from obs.spec.allowed_addresses import AllowedAddresses
from obs.spec.tls import Tls

MOST_BYTES: Final = 64 << 10
"""Of a body; what comes after is not read."""
_MOST_VALUES: Final = 10_000
_CHUNK: Final = 16 << 10
_REDIRECTS: Final = (301, 302, 303, 307, 308)
_GET_INSTEAD: Final = (301, 302, 303)
_SAFE: Final = "/?#[]@!$&'()*+,;=:%~-._"
_HEADERS: Final = {
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "Connection": "close",
    "User-Agent": f"obs/{__version__}",
}


@dataclass(frozen=True, slots=True)
class ProbeRequest:
    """What is sent. `headers` hold the secret ones too, which only the first host gets."""

    url: str
    method: str
    headers: Mapping[str, str]
    body: bytes | None
    tls: TlsOptions
    redirects: int


@dataclass(frozen=True, slots=True)
class ProbeAnswer:
    """A response; of its body at most MOST_BYTES. `cut`: there was more. `expires`: when the
    certificate does (Unix seconds)."""

    status: int
    location: str
    body: bytes
    cut: bool
    expires: float | None

    def document(self) -> Any:
        """The body as a JSON document. Raises ProbeFailed(body)."""
        if self.cut:
            raise ProbeFailed("body", "the body is too long to be read as JSON")
        try:
            return load_json(self.body, values=_MOST_VALUES)
        except UnreadableJson as error:
            raise ProbeFailed("body", f"the body {error}") from None


@dataclass(slots=True)
class Seen:
    """What was found out before a probe failed."""

    status: int | None = None
    expires: float | None = None


def requested(
    request: ProbeRequest, allowed: AllowedAddresses, timings: Timings, seen: Seen
) -> ProbeAnswer:
    """The response, after as many redirects as are followed.

    Raises ProbeFailed, within the deadline of this thread; SourceError where the reason is ours.
    """
    followed = 0
    while True:
        with spans.client(
            request.method, partial(asked, request.method, without_user(request.url))
        ) as span:
            answer = _one(request, allowed, timings, seen)
            span.note("http.response.status_code", answer.status)
        if not request.redirects or answer.status not in _REDIRECTS or not answer.location:
            return answer
        followed += 1
        if followed > request.redirects:
            raise ProbeFailed("redirect", f"more than {request.redirects} redirects")
        request = _redirected(request, answer)


def _one(
    request: ProbeRequest, allowed: AllowedAddresses, timings: Timings, seen: Seen
) -> ProbeAnswer:
    parts = urlsplit(request.url)
    host, https = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if https else 80)
    sock = connected(host, port, allowed, timings)
    if https:
        sock = encrypted(sock, host, request.tls, timings)
        seen.expires = expiry(sock)
    connection = _Connection(host, port, https, sock)
    try:
        return _exchanged(request, connection, timings, seen)
    except TimeoutError:
        raise ProbeFailed("timeout", f"{host}:{port}: timed out") from None
    except OSError as error:
        raise failed(error, f"{host}:{port}") from None
    except (HTTPException, ValueError) as error:
        ended = isinstance(error, IncompleteRead)
        why = "the answer ended early" if ended else "the answer is not valid HTTP"
        raise ProbeFailed("protocol", f"{host}:{port}: {why}") from None
    finally:
        connection.close()


class _Connection(HTTPConnection):
    """HTTP over a connection that is there already."""

    response_class = DeadlineResponse

    def __init__(self, host: str, port: int, https: bool, sock: socket) -> None:
        super().__init__(host, port)
        self.default_port = 443 if https else 80  # so that Host has no usual port
        self.auto_open = 0
        self.sock = sock


def _exchanged(
    request: ProbeRequest, connection: _Connection, timings: Timings, seen: Seen
) -> ProbeAnswer:
    parts = urlsplit(request.url)
    path = quote(parts._replace(scheme="", netloc="", fragment="").geturl() or "/", safe=_SAFE)
    with timings.phase("first_byte"):
        connection.sock.settimeout(remaining())
        headers = {**_HEADERS, **request.headers}
        target = path if path.startswith("/") else f"/{path}"
        connection.request(request.method, target, request.body, headers)
        response = connection.getresponse()
    seen.status = response.status
    with response, timings.phase("transfer"):
        body = _body(response)
    location = response.headers.get("Location") or ""
    return ProbeAnswer(
        response.status, location, body[:MOST_BYTES], len(body) > MOST_BYTES, seen.expires
    )


def _body(response: HTTPResponse) -> bytes:
    """At most a little more than MOST_BYTES."""
    parts: list[bytes] = []
    size = 0
    while size <= MOST_BYTES and (part := response.read1(_CHUNK)):
        parts.append(part)
        size += len(part)
    if size <= MOST_BYTES and response.length:  # that are missing
        raise IncompleteRead(b"")
    return b"".join(parts)


def _redirected(request: ProbeRequest, answer: ProbeAnswer) -> ProbeRequest:
    """The next request. Raises ProbeFailed(redirect) where it leads to no HTTP URL."""
    url = urljoin(request.url, answer.location)
    try:
        before, after = urlsplit(request.url), urlsplit(url)
        origins = [(each.scheme, each.hostname, each.port) for each in (before, after)]
    except ValueError:
        raise ProbeFailed("redirect", "a redirect leads to no valid URL") from None
    if after.scheme not in ("http", "https") or not after.hostname:
        raise ProbeFailed("redirect", "a redirect leads to no http:// or https:// URL")
    request = replace(request, url=url)
    if answer.status in _GET_INSTEAD and request.method not in ("GET", "HEAD"):
        request = replace(request, method="GET", body=None)
    if origins[0] != origins[1]:  # nothing that was meant for one host goes to another
        request = replace(request, headers={}, body=None, tls=TlsOptions(_without_key(request.tls)))
    return request


def _without_key(options: TlsOptions) -> Tls:
    return options.files.model_copy(update={"cert_file": None, "key_file": None})
