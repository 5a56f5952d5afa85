"""Sending OTLP metrics over gRPC. Imported only where the spec says `protocol: grpc`."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import grpc
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsPartialSuccess,
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2_grpc import MetricsServiceStub

from obs.clients.otlp import read_file, read_headers
from obs.errors import Reason, SourceError
from obs.spec.outputs import Otlp
from obs.spec.tls import Tls

_OPTIONS: Final = (
    ("grpc.max_reconnect_backoff_ms", 5000),  # the default of two minutes misses four pushes
    ("grpc.enable_http_proxy", 1),
)
_CODES: Final[Mapping[grpc.StatusCode, Reason]] = {
    grpc.StatusCode.UNAUTHENTICATED: "auth",
    grpc.StatusCode.PERMISSION_DENIED: "auth",
    grpc.StatusCode.DEADLINE_EXCEEDED: "timeout",
    grpc.StatusCode.UNAVAILABLE: "connection",
    grpc.StatusCode.RESOURCE_EXHAUSTED: "throttled",
}


class OtlpGrpc:
    """OTLP over gRPC, compressed; see obs.clients.otlp.Sender."""

    def __init__(self, spec: Otlp) -> None:
        self._spec = spec
        parts = urlsplit(spec.endpoint)
        self._target = parts.netloc.rpartition("@")[2]
        self._secure = parts.scheme == "https"
        self._channel: grpc.Channel | None = None

    def send(self, request: ExportMetricsServiceRequest) -> ExportMetricsPartialSuccess:
        """See Sender."""
        headers = tuple(read_headers(self._spec.headers_file).items())
        if self._channel is None:
            self._channel = self._open()
        stub = MetricsServiceStub(self._channel)  # type: ignore[no-untyped-call]
        try:
            answer = stub.Export(request, timeout=self._spec.timeout, metadata=headers)
        except grpc.RpcError as error:
            code = error.code()
            reason = _CODES.get(code, "http_status")
            raise SourceError(reason, f"{self._target}: gRPC status {code.name}") from None
        except ValueError:  # gRPC rejects the metadata
            raise SourceError(
                "auth", f"{self._target}: a header of headers_file is not valid in gRPC"
            ) from None
        partial: ExportMetricsPartialSuccess = answer.partial_success
        return partial

    def close(self) -> None:
        """See Sender."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    def _open(self) -> grpc.Channel:
        if not self._secure:
            return grpc.insecure_channel(
                self._target, options=_OPTIONS, compression=grpc.Compression.Gzip
            )
        return grpc.secure_channel(
            self._target,
            _credentials(self._spec.tls or Tls()),
            options=_OPTIONS,
            compression=grpc.Compression.Gzip,
        )


def _credentials(tls: Tls) -> grpc.ChannelCredentials:
    def content(path: str | None) -> bytes | None:
        return read_file(path) if path else None

    return grpc.ssl_channel_credentials(
        root_certificates=content(tls.ca_file),
        private_key=content(tls.key_file or tls.cert_file),
        certificate_chain=content(tls.cert_file),
    )
