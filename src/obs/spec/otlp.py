"""The OTLP output: where metrics are pushed to, and the collector's own traces."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, model_validator

from obs.redaction.address import shown_address
from obs.spec.model import Address, LocalFile, Model, wrong
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
    """Timeout of a push with all its requests, and of a request with spans. What fails for now is
    repeated beyond it: a push until the next one is near, spans twice."""
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

    @property
    def target(self) -> str:
        """Where it pushes to."""
        return shown_address(self.endpoint)

    @property
    def described(self) -> str:
        """The same with how."""
        return f"{self.endpoint} ({self.protocol})"


def _receiver(written: object, info: ValidationInfo) -> object:
    """`true` as the receiver of the metrics, whose fields were read before; `false` as none."""
    if not isinstance(written, bool):
        if isinstance(written, dict | OtlpReceiver | None):
            return written
        raise wrong(
            f"{written!r:.80} is no receiver; write true, or {{endpoint: http://host:4318}}"
        )
    same = {name: info.data[name] for name in OtlpReceiver.model_fields if name in info.data}
    return OtlpReceiver.model_construct(**same) if written else None


def _or_true(schema: dict[str, Any]) -> None:
    schema["anyOf"] = [{"type": "boolean"}, *schema.get("anyOf", ())]


class Otlp(OtlpReceiver):
    """Push metrics to an OpenTelemetry (OTLP) receiver."""

    every: Annotated[Duration, within("1s", "1d")] = 30.0
    """Interval of pushes."""
    resource: dict[str, str] = {}
    """Resource attributes added to service.name, service.version and deployment.environment."""
    traces: Annotated[
        OtlpReceiver | None, BeforeValidator(_receiver), Field(json_schema_extra=_or_true)
    ] = None
    """Traces of obs' own work: each poll, push, check and apply with the requests it made. `true`
    sends them to this receiver, {endpoint: …} with the fields above to another (default: none)."""
