"""HTTP with TLS, a deadline and a size limit; errors as SourceError."""

import base64
import errno
import json
import os
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from http.client import IncompleteRead
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import certifi
import urllib3

from obs import __version__
from obs.errors import Reason, SourceError
from obs.spec.tls import Tls

_CHUNK: Final = 1 << 18
_HEADERS: Final = {
    "Accept": "*/*",
    # The library does not notice that a compressed response ended early; monitoring ports
    # of nats-server do not compress anyway.
    "Accept-Encoding": "identity",
    "User-Agent": f"obs/{__version__}",
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

    Proxies and credentials of the environment (HTTP_PROXY, .netrc) are not used. A redirect is an
    error: a monitoring port has no reason to redirect.
    """

    def __init__(
        self,
        tls: Tls | None = None,
        *,
        timeout: float = 5.0,
        max_bytes: int = 1 << 30,
        connections: int = 16,
    ) -> None:
        """`timeout` in seconds applies to connecting, to the first byte and to the whole response.

        `max_bytes` limits the response; up to `connections` per host stay open.
        """
        self._timeout = timeout
        self._max_bytes = max_bytes
        self._tls = tls or Tls()
        self._pools = urllib3.PoolManager(
            num_pools=64, maxsize=connections, cert_reqs="CERT_REQUIRED", **_certificates(self._tls)
        )

    def get(self, url: str, accepted: Collection[int] = (200,)) -> bytes:
        """The body of a response whose status is one of `accepted`.

        Raises SourceError: connection, timeout, auth, throttled, http_status, decode (the response
        ended early, or is larger than allowed). One stalled read may pass the deadline by at
        most `timeout`.
        """
        return self._send("GET", url, accepted=accepted)

    def post(self, url: str, document: object) -> bytes:
        """The body of the 200 response to a JSON document. Raises SourceError, as `get` does."""
        return self._send("POST", url, document)

    def _send(
        self, method: str, url: str, document: object = None, accepted: Collection[int] = (200,)
    ) -> bytes:
        answer = self.exchange(method, url, document=document)
        if answer.status not in accepted:
            reason = _STATUS.get(answer.status, "http_status")
            raise SourceError(reason, f"{without_user(url)}: HTTP status {answer.status}")
        return answer.body

    def exchange(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        document: object = None,
        body: bytes | None = None,
    ) -> HttpAnswer:
        """The response, whatever its status, to a JSON document, another body, or neither.

        Raises SourceError where there is no response: connection, timeout, decode.
        """
        deadline = time.monotonic() + self._timeout
        where = without_user(url)
        self._find_tls_files(where)
        try:
            answer = self._pools.request(
                method,
                _without_userinfo(url),
                headers=_HEADERS | _kind(document) | dict(headers or {}) | _authorization(url),
                body=body if document is None else json.dumps(document).encode(),
                timeout=self._timeout,
                preload_content=False,
                redirect=False,
                retries=False,
            )
            try:
                names = {name.lower(): value for name, value in answer.headers.itermerged()}
                return HttpAnswer(answer.status, names, self._body(answer, deadline, where))
            finally:
                answer.close()  # no effect where the response was read to its end
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            reason = _reason(error)
            raise SourceError(reason, f"{where}: {_description(error, reason)}") from None

    def _find_tls_files(self, where: str) -> None:
        """Raises SourceError naming the missing file, which the library does not."""
        for path in (self._tls.ca_file, self._tls.cert_file, self._tls.key_file):
            if path is not None and not Path(path).exists():
                description = f"cannot use the TLS files: {path}: {os.strerror(errno.ENOENT)}"
                raise SourceError("connection", f"{where}: {description}")

    def _body(self, raw: urllib3.BaseHTTPResponse, deadline: float, where: str) -> bytes:
        parts: list[bytes] = []
        size = 0
        while part := raw.read1(_CHUNK, decode_content=False):
            size += len(part)
            if size > self._max_bytes:
                raise SourceError(
                    "decode", f"{where}: response larger than {self._max_bytes} bytes"
                )
            if time.monotonic() > deadline:
                raise SourceError(
                    "timeout", f"{where}: response not complete within {self._timeout:g} s"
                )
            parts.append(part)
        return b"".join(parts)

    def close(self) -> None:
        """Close the open connections."""
        self._pools.clear()


def without_user(url: str) -> str:
    """The URL without user info, query and fragment, safe to put into a message."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


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


def _kind(document: object) -> dict[str, str]:
    return {} if document is None else {"Content-Type": "application/json"}


def _certificates(tls: Tls) -> dict[str, Any]:
    """The files of the TLS settings for urllib3, which reads them at each connection."""
    authority = tls.ca_file or certifi.where()
    kind = "ca_cert_dir" if Path(authority).is_dir() else "ca_certs"
    return {kind: authority, "cert_file": tls.cert_file, "key_file": tls.key_file}


def _reason(error: Exception) -> Reason:
    # The library makes a refused connection a subclass of its timeouts.
    if isinstance(error, urllib3.exceptions.NewConnectionError):
        return "connection"
    if isinstance(error, urllib3.exceptions.TimeoutError | TimeoutError):
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
