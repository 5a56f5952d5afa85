"""Sending OTLP metrics: over HTTP here, over gRPC in otlp_grpc.

The SDK's exporters return only success or failure, drop the receiver's report of rejected points,
retry by themselves and read settings from OTEL_* variables. So only their encoder is used, and the
request is sent here. A push is not repeated: values are cumulative, the next one corrects it.
"""

import gzip
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

import requests
import urllib3
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsPartialSuccess,
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from requests.auth import AuthBase

from obs.errors import Reason, SourceError
from obs.redaction.header import remember_header
from obs.spec.outputs import Otlp
from obs.spec.tls import Tls

_PATH: Final = "/v1/metrics"
_PROTOBUF: Final = "application/x-protobuf"
_LARGEST_ANSWER: Final = 1 << 20
_STATUS: Final[Mapping[int, Reason]] = {
    401: "auth",
    403: "auth",
    408: "timeout",
    429: "throttled",
    504: "timeout",
}


class Sender(Protocol):
    """A connection to an OTLP receiver."""

    def send(self, request: ExportMetricsServiceRequest) -> ExportMetricsPartialSuccess:
        """Send one request; the response says how many points were rejected, and why.

        Blocks no longer than the timeout. Raises SourceError.
        """

    def close(self) -> None:
        """Close the open connections."""


def read_headers(path: str | None) -> dict[str, str]:
    """Headers of a file of `name: value` lines; names in lower case, `#` starts a comment line.

    Raises SourceError(auth) where the file cannot be read or a line is not of that form; the
    message never quotes the line, which may hold a secret.
    """
    if path is None:
        return {}
    try:
        lines = read_file(path).decode().splitlines()
    except UnicodeDecodeError:
        raise SourceError("auth", f"{path}: cannot be read: not UTF-8") from None
    headers: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        name, colon, value = line.partition(":")
        if not colon or not name.strip() or not (name + value).isascii():
            raise SourceError("auth", f"{path}:{number}: not a header; write `name: value`")
        headers[name.strip().lower()] = value.strip()
    for name, value in headers.items():
        remember_header(name, value)
    return headers


def read_file(path: str) -> bytes:
    """Content of a file that the spec names. Raises SourceError(auth) where it cannot be read."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise SourceError("auth", f"{path}: cannot be read: {error.strerror}") from None


class OtlpHttp:
    """OTLP over HTTP in protobuf, compressed. Proxies of the environment are used."""

    def __init__(self, spec: Otlp) -> None:
        base = spec.endpoint.rstrip("/")
        self._url = base if base.endswith(_PATH) else base + _PATH
        self._headers_file = spec.headers_file
        self._tls = spec.tls or Tls()
        self._timeout = spec.timeout
        self._session = requests.Session()
        self._session.auth = _NoNetrc()

    def send(self, request: ExportMetricsServiceRequest) -> ExportMetricsPartialSuccess:
        """See Sender."""
        headers = {
            **read_headers(self._headers_file),
            "content-type": _PROTOBUF,
            "content-encoding": "gzip",
        }
        body = gzip.compress(request.SerializeToString(), compresslevel=1, mtime=0)
        deadline = time.monotonic() + self._timeout
        where = _without_user(self._url)
        tls = self._tls
        for path in filter(None, (tls.ca_file, tls.cert_file, tls.key_file)):
            read_file(path)  # requests does not name the missing one
        try:
            with self._session.post(
                self._url,
                data=body,
                headers=headers,
                timeout=self._timeout,
                # Not set on the session, where REQUESTS_CA_BUNDLE would take precedence.
                verify=tls.ca_file,
                cert=_pair(tls),
                allow_redirects=False,
                stream=True,
            ) as answer:
                if answer.status_code != 200:
                    reason = _STATUS.get(answer.status_code, "http_status")
                    raise SourceError(reason, f"{where}: HTTP status {answer.status_code}")
                return _partial(_read(answer, deadline, where), answer, where)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise _translated(error, where) from None

    def close(self) -> None:
        """See Sender."""
        self._session.close()


def _pair(tls: Tls) -> str | tuple[str, str] | None:
    """The client certificate as requests takes it; the key may be in the same file."""
    return (tls.cert_file, tls.key_file) if tls.cert_file and tls.key_file else tls.cert_file


class _NoNetrc(AuthBase):
    """Stops requests from reading credentials from .netrc."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


def _read(answer: requests.Response, deadline: float, where: str) -> bytes:
    body = b""
    for part in answer.iter_content(1 << 16):
        body += part
        if time.monotonic() > deadline:
            raise SourceError("timeout", f"{where}: response not complete in time")
        if len(body) > _LARGEST_ANSWER:
            raise SourceError("decode", f"{where}: response too large for OTLP")
    return body


def _partial(body: bytes, answer: requests.Response, where: str) -> ExportMetricsPartialSuccess:
    """The rejected points in the response; some receivers send a 200 without a body."""
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not body or kind == "application/json":
        return ExportMetricsPartialSuccess()
    try:
        if kind != _PROTOBUF:
            raise DecodeError
        return ExportMetricsServiceResponse.FromString(body).partial_success
    except DecodeError:
        raise SourceError("decode", f"{where}: invalid OTLP response") from None


def _translated(error: Exception, where: str) -> SourceError:
    """The library's error without its text, which repeats the URL with its user info."""
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError | TimeoutError):
        return SourceError("timeout", f"{where}: timed out")
    if isinstance(error, requests.exceptions.SSLError):
        return SourceError("connection", f"{where}: TLS handshake failed: certificate not accepted")
    if isinstance(error, requests.exceptions.InvalidHeader):
        return SourceError("auth", f"{where}: a header of headers_file is not valid in HTTP")
    return SourceError("connection", f"{where}: cannot connect, or connection lost")


def _without_user(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
