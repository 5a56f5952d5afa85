"""What an OTLP receiver answers, without I/O: what it rejected, pauses, and text to be quoted."""

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, Final, Protocol
from urllib.parse import unquote

from google.protobuf.json_format import Parse, ParseError
from google.protobuf.message import DecodeError, Message
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceResponse,
)

LONGEST: Final = 200
"""Characters of a receiver's text that are quoted."""
_READ: Final = 50 * LONGEST  # characters that are looked at
_SECONDS: Final = re.compile(r"[0-9]+")
_FOREVER: Final = 1e9  # seconds; more is told as this
_SHORTEST_SECRET: Final = 4  # characters
_SCHEMES: Final = ("basic", "bearer", "apikey", "token")
_PUBLIC: Final = ("x-scope-orgid",)  # a tenant: receivers name it in every message


@dataclass(frozen=True, slots=True)
class Signal:
    """What is sent: where to, and what a receiver answers."""

    path: str  # over HTTP
    service: str  # over gRPC, whose method is Export
    response: type[Message]
    rejected: str  # the field of its partial_success


METRICS: Final = Signal(
    "/v1/metrics",
    "opentelemetry.proto.collector.metrics.v1.MetricsService",
    ExportMetricsServiceResponse,
    "rejected_data_points",
)


@dataclass(frozen=True, slots=True)
class Answer:
    """How many points or spans were rejected, and the receiver's text about it in one line."""

    rejected: int = 0
    message: str = ""


class Sender(Protocol):
    """A connection to an OTLP receiver, for one signal."""

    def send(self, request: Any, timeout: float) -> Answer:
        """Send one request, a message of the signal.

        Blocks for `timeout` seconds at most, whatever the receiver does. Raises SourceError.
        """

    def close(self) -> None:
        """Close the open connections."""


def accepted(response: Any, headers: Mapping[str, str], signal: Signal = METRICS) -> Answer:
    """The answer to a request that the receiver took; `headers` were sent with it."""
    partial = response.partial_success
    return Answer(getattr(partial, signal.rejected), quoted(partial.error_message, headers))


def json_response(body: bytes, signal: Signal = METRICS) -> Any:
    """The response of a receiver that answers in JSON; an empty one where it is none."""
    response = signal.response()
    try:
        Parse(body, response, ignore_unknown_fields=True)
    except (ParseError, ValueError, RecursionError):
        return signal.response()
    return response


def quoted(text: str, headers: Mapping[str, str]) -> str:
    """A receiver's text as one line of at most LONGEST characters, fit for a log and a terminal.

    Left out where it repeats one of the `headers` that it was sent, which may be credentials.
    """
    line = " ".join(text[:_READ].split())
    plain = "".join(each for each in unquote(line) if not each.isspace())
    secrets = (value for name, value in headers.items() if name not in _PUBLIC)
    if any(form in plain for value in secrets for form in _forms(value)):
        return "its text repeats a header of the request and is left out"
    line = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in line)
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def _forms(value: str) -> Iterable[str]:
    """The words of a header's value, and what they are in base64 or say in it; without spaces."""
    for word in value.split():
        if len(word) < _SHORTEST_SECRET or word.lower() in _SCHEMES:
            continue
        yield word
        yield base64.b64encode(word.encode()).decode().rstrip("=")
        try:
            decoded = base64.b64decode(word, validate=True).decode()
        except (binascii.Error, ValueError):
            continue
        parts = ("".join(each.split()) for each in decoded.split(":"))
        yield from (each for each in parts if len(each) >= _SHORTEST_SECRET)


def status_text(body: bytes, kind: str) -> str:
    """The message in the body of a refusal: that of a Status message, or the text itself."""
    if kind == "application/x-protobuf":
        try:
            return str(Status.FromString(body).message)
        except DecodeError:
            return ""
    return body[: 8 * LONGEST].decode(errors="replace")


def retry_after(value: str | None, now: float) -> float | None:
    """Seconds of a Retry-After header, which is a number or an HTTP date; `now` in Unix seconds.

    None where there is none, or what it says is neither.
    """
    text = (value or "").strip()
    if _SECONDS.fullmatch(text):
        return min(float(text[:20]), _FOREVER)
    try:
        when = parsedate_to_datetime(text)
        when = when if when.tzinfo else when.replace(tzinfo=UTC)
        return min(max(when.timestamp() - now, 0.0), _FOREVER)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def retry_delay(details: bytes | None) -> float | None:
    """Seconds of the RetryInfo in a gRPC status (`grpc-status-details-bin`); None without one."""
    if details is None:
        return None
    info = RetryInfo()
    try:
        for each in Status.FromString(details).details:
            if each.Unpack(info):
                delay = info.retry_delay
                return min(max(float(delay.seconds + delay.nanos / 1e9), 0.0), _FOREVER)
    except DecodeError:
        pass
    return None
