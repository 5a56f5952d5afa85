"""What an OTLP receiver answers, without I/O: what it rejected, pauses and messages."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from google.protobuf.json_format import Parse, ParseError
from google.protobuf.message import DecodeError, Message
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceResponse,
)

from obs.clients.receiver_text import FOREVER, LONGEST, quoted
from obs.errors import Reason, SourceError


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


class Refused(SourceError):  # noqa: N818  says what happened
    """The receiver refused a request. `may_repeat`: the same one may succeed soon; `too_large`:
    smaller ones may."""

    def __init__(
        self,
        reason: Reason,
        message: str,
        *,
        pause: float | None = None,
        may_repeat: bool = False,
        too_large: bool = False,
    ) -> None:
        super().__init__(reason, message, pause=pause)
        self.may_repeat = may_repeat
        self.too_large = too_large


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


def status_text(body: bytes, kind: str) -> str:
    """The message in the body of a refusal: that of a Status message, or the text itself."""
    if kind == "application/x-protobuf":
        try:
            return str(Status.FromString(body).message)
        except DecodeError:
            return ""
    return body[: 8 * LONGEST].decode(errors="replace")


def retry_delay(details: bytes | None) -> float | None:
    """Seconds of the RetryInfo in a gRPC status (`grpc-status-details-bin`); None without one."""
    if details is None:
        return None
    info = RetryInfo()
    try:
        for each in Status.FromString(details).details:
            if each.Unpack(info):
                delay = info.retry_delay
                return min(max(float(delay.seconds + delay.nanos / 1e9), 0.0), FOREVER)
    except DecodeError:
        pass
    return None
