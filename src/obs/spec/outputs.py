"""Where the collector's samples go."""

from typing import Annotated, Literal

from pydantic import Field

from obs.spec.model import Model, Name
from obs.spec.quantity import Duration
from obs.spec.sources import Tls


class Web(Model):
    """The HTTP side: /metrics, health, status."""

    listen: Annotated[str, Field(pattern=r"^.+:\d+$")] = "127.0.0.1:9464"
    config_file: str | None = None
    """TLS and basic auth as in Prometheus' exporter-toolkit web configuration."""


class Otlp(Model):
    """Push to an OpenTelemetry receiver."""

    endpoint: str
    """http://host:4318 (http) or http://host:4317 (grpc); https:// for TLS."""
    protocol: Literal["http", "grpc"] = "http"
    every: Annotated[Duration, Field(ge=1)] = 30.0
    timeout: Annotated[Duration, Field(gt=0)] = 10.0
    headers_file: str | None = None
    """A file of `name: value` lines, for example an authorization header."""
    resource: dict[str, str] = {}
    """Resource attributes besides service.name, service.version and deployment.environment."""
    tls: Tls | None = None


class CloudWatch(Model):
    """Publish chosen series with PutMetricData."""

    source: Name
    """The AWS source whose region and credentials are used."""
    namespace: Annotated[str, Field(min_length=1, max_length=255, pattern=r"^(?!AWS/)")]
    every: Annotated[Duration, Field(ge=1)] = 60.0
    metrics: Annotated[tuple[str, ...], Field(min_length=1)] = ("nats_consumer_lag_messages",)
    """Catalogue metrics that have a CloudWatch twin."""


class Outputs(Model):
    """Every way out; /metrics is always there."""

    web: Web = Web()
    otlp: Otlp | None = None
    cloudwatch: CloudWatch | None = None
