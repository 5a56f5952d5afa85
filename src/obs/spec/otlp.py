"""The OTLP output: where metrics are pushed to, and the collector's own traces."""

from typing import Annotated, Literal

from pydantic import model_validator

from obs.spec.model import Address, LocalFile, Model
from obs.spec.plaintext import check_encrypted
from obs.spec.quantity import Duration, within
from obs.spec.tls import Tls


class OtlpReceiver(Model):
    """An OpenTelemetry (OTLP) receiver and how it is reached."""

    endpoint: Annotated[str, Address(("http", "https"), "http://host:4318")]
    """URL: http://host:4318 for HTTP, http://host:4317 for gRPC; https:// for TLS.

    A proxy that the environment names (https_proxy, no_proxy) is used for https:// only."""
    protocol: Literal["http", "grpc"] = "http"
    """Protocol; the usual port is 4317 for gRPC, 4318 for HTTP."""
    timeout: Annotated[Duration, within("100ms", "10m")] = 10.0
    """Timeout of a push with all its requests."""
    headers_file: LocalFile | None = None
    """File of `name: value` lines, for example an authorization header."""
    allow_plaintext: bool = False
    """Whether headers may be sent unencrypted, to an http:// endpoint on another machine."""
    tls: Tls | None = None
    """TLS settings for https:// endpoints."""

    @model_validator(mode="after")
    def _credentials_are_encrypted(self) -> "OtlpReceiver":
        if self.headers_file is not None:
            what = f"the headers in {self.headers_file}"
            check_encrypted(self.endpoint, what, self.allow_plaintext, "endpoint")
        return self


class Otlp(OtlpReceiver):
    """Push metrics to an OpenTelemetry (OTLP) receiver."""

    every: Annotated[Duration, within("1s", "1d")] = 30.0
    """Interval of pushes."""
    resource: dict[str, str] = {}
    """Resource attributes added to service.name, service.version and deployment.environment."""
    traces: bool | OtlpReceiver = False
    """Whether obs traces its own work: each poll, push, check and apply with the requests it made.
    `true` sends the traces to this receiver; another one is described as this one is, with
    `endpoint` and what it needs."""

    @property
    def trace_receiver(self) -> OtlpReceiver | None:
        """Where traces are sent to; None where there are none."""
        if isinstance(self.traces, OtlpReceiver):
            return self.traces
        return self if self.traces else None
