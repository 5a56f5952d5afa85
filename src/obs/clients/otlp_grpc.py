"""Sending OTLP metrics and spans over gRPC. Imported only where the spec says `protocol: grpc`."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import grpc
from google.protobuf.message import Message

from obs import spans
from obs.clients.header_file import read_file, read_headers
from obs.clients.otlp_answer import METRICS, Answer, Refused, Signal, accepted, retry_delay
from obs.clients.proxies import may_use_proxy
from obs.clients.receiver_text import quoted
from obs.errors import Reason, SourceError
from obs.spec.otlp import OtlpReceiver
from obs.spec.tls import Tls

_LARGEST_ANSWER: Final = 1 << 15
"""Bytes. Older versions of the library limit what arrives, and unpack a thousand times as much."""
_TOO_LARGE: Final = "message larger than max"  # how the library says it
_OPTIONS: Final = (
    ("grpc.max_reconnect_backoff_ms", 5000),  # the default of two minutes misses four pushes
    ("grpc.max_receive_message_length", _LARGEST_ANSWER),
    ("grpc.enable_retries", 0),
)
_CODES: Final[Mapping[grpc.StatusCode, Reason]] = {
    grpc.StatusCode.UNAUTHENTICATED: "auth",
    grpc.StatusCode.PERMISSION_DENIED: "auth",
    grpc.StatusCode.DEADLINE_EXCEEDED: "timeout",
    grpc.StatusCode.UNAVAILABLE: "connection",
    grpc.StatusCode.RESOURCE_EXHAUSTED: "throttled",
}
_LOCAL: Final = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
"""Codes whose text is mostly the library's own."""
_PAUSES: Final = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED)
_REPEATABLE: Final = frozenset(
    (
        *(grpc.StatusCode.CANCELLED, grpc.StatusCode.ABORTED, grpc.StatusCode.OUT_OF_RANGE),
        *(grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DATA_LOSS),
    )
)
"""OTLP specification, "Failures"; RESOURCE_EXHAUSTED with a pause too. Not DEADLINE_EXCEEDED: it is
the time of the push that was over."""
_DETAILS: Final = "grpc-status-details-bin"


class OtlpGrpc:
    """OTLP over gRPC, compressed; see obs.clients.otlp_answer.Sender.

    A proxy of the environment is used for https:// only.
    """

    def __init__(self, spec: OtlpReceiver, signal: Signal = METRICS) -> None:
        self._spec = spec
        self._signal = signal
        parts = urlsplit(spec.endpoint)
        self._target = parts.netloc.rpartition("@")[2]
        self._secure = parts.scheme == "https"
        self._channel: grpc.Channel | None = None

    def send(self, request: Message, timeout: float) -> Answer:
        """See Sender."""
        headers = read_headers(self._spec.headers_file)
        with spans.client(f"{self._signal.service}/Export", self._asked):
            return self._answered(request, headers, timeout)

    def _asked(self) -> spans.Attributes:
        return {
            "rpc.system": "grpc",
            "rpc.service": self._signal.service,
            "rpc.method": "Export",
            "server.address": self._target,
        }

    def _answered(self, request: Message, headers: Mapping[str, str], timeout: float) -> Answer:
        if self._channel is None:
            self._channel = self._open()
        export = self._channel.unary_unary(
            f"/{self._signal.service}/Export",
            request_serializer=_serialized,
            response_deserializer=self._signal.response.FromString,
        )
        try:
            answer = export(request, timeout=timeout, metadata=tuple(headers.items()))
        except grpc.RpcError as error:
            raise self._refused(error, headers) from None
        except ValueError:  # gRPC rejects the metadata, or the channel is closed
            raise SourceError(
                "auth", f"{self._target}: a header of headers_file is not valid in gRPC"
            ) from None
        return accepted(answer, headers, self._signal)

    def close(self) -> None:
        """See Sender."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    def _refused(self, error: grpc.RpcError, headers: Mapping[str, str]) -> SourceError:
        code, details = error.code(), error.details() or ""
        too_large = _TOO_LARGE in details.lower()
        if too_large and f"vs. {_LARGEST_ANSWER})" in details:
            why = f"response larger than {_LARGEST_ANSWER} bytes"
            return SourceError("too_large", f"{self._target}: {why}")
        text = "" if code in _LOCAL else quoted(details, headers)
        trailers = {pair.key: pair.value for pair in error.trailing_metadata() or ()}
        pause = retry_delay(trailers.get(_DETAILS)) if code in _PAUSES else None
        return Refused(
            "too_large" if too_large else _CODES.get(code, "http_status"),
            f"{self._target}: gRPC status {code.name}" + f": {text}" * bool(text),
            pause=pause,
            may_repeat=code in _REPEATABLE or pause is not None,
            too_large=too_large,
        )

    def _open(self) -> grpc.Channel:
        # The library would use a proxy for anything, this machine's own addresses included.
        proxies = ("grpc.enable_http_proxy", int(may_use_proxy(self._spec.endpoint)))
        options = (*_OPTIONS, proxies)
        if not self._secure:
            return grpc.insecure_channel(
                self._target, options=options, compression=grpc.Compression.Gzip
            )
        return grpc.secure_channel(
            self._target,
            _credentials(self._spec.tls or Tls()),
            options=options,
            compression=grpc.Compression.Gzip,
        )


def _serialized(message: Message) -> bytes:
    return message.SerializeToString()


def _credentials(tls: Tls) -> grpc.ChannelCredentials:
    def content(path: str | None) -> bytes | None:
        return read_file(path) if path else None

    return grpc.ssl_channel_credentials(
        root_certificates=content(tls.ca_file),
        private_key=content(tls.key_file or tls.cert_file),
        certificate_chain=content(tls.cert_file),
    )
