"""Where the collector's samples go."""

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from obs import catalogue
from obs.spec.model import Address, Matching, Model, Name, wrong
from obs.spec.quantity import Duration
from obs.spec.report import did_you_mean
from obs.spec.tls import Tls


def _check_listen(address: str) -> str:
    if not 0 <= int(address.rpartition(":")[2]) <= 65_535:
        raise wrong(f"{address!r}: a port is a number from 0 to 65535")
    return address


_PUBLISHED: Final = [metric.name for metric in catalogue.ALL if metric.cloudwatch]


def _check_published(name: str) -> str:
    if name in _PUBLISHED:
        return name
    choices = ", ".join(_PUBLISHED)
    if name in catalogue.BY_NAME:
        raise wrong(f"{name} is not published to CloudWatch; those that are: {choices}")
    hint = did_you_mean(name, _PUBLISHED) or did_you_mean(name, catalogue.BY_NAME)
    raise wrong(f"{name!r} is no metric of obs{hint or f'; write one of {choices}'}")


PublishedMetric = Annotated[
    str, AfterValidator(_check_published), Field(json_schema_extra={"enum": list(_PUBLISHED)})
]
"""The name of a catalogue metric that has a CloudWatch twin."""


class Web(Model):
    """The HTTP side: /metrics, health, status."""

    listen: Annotated[
        str,
        Matching(r"^[^\s]+:[0-9]{1,5}$", "HOST:PORT, for example 127.0.0.1:9464"),
        AfterValidator(_check_listen),
    ] = "127.0.0.1:9464"
    """Where the collector serves; 127.0.0.1 is reachable from this machine only."""
    config_file: str | None = None
    """TLS and basic auth as in Prometheus' exporter-toolkit web configuration."""


class Otlp(Model):
    """Push to an OpenTelemetry receiver."""

    endpoint: Annotated[str, Address(("http", "https"), "http://host:4318")]
    """http://host:4318 (http) or http://host:4317 (grpc); https:// for TLS."""
    protocol: Literal["http", "grpc"] = "http"
    """How it is sent; gRPC usually has port 4317, HTTP 4318."""
    every: Annotated[Duration, Field(ge=1)] = 30.0
    """How often everything is pushed."""
    timeout: Annotated[Duration, Field(gt=0)] = 10.0
    """How long the receiver may take to answer."""
    headers_file: str | None = None
    """A file of `name: value` lines, for example an authorization header."""
    resource: dict[str, str] = {}
    """Resource attributes besides service.name, service.version and deployment.environment."""
    tls: Tls | None = None
    """TLS towards the receiver, for https:// endpoints."""


class CloudWatch(Model):
    """Publish chosen series with PutMetricData."""

    source: Name
    """The AWS source whose region and credentials are used."""
    namespace: Annotated[
        str,
        Field(max_length=255),
        Matching(
            r"^(?!AWS/)[A-Za-z0-9_.#/-]+$",
            "a namespace of your own, for example OMS/Events; AWS/ belongs to AWS",
        ),
    ]
    """The CloudWatch namespace the metrics go to."""
    every: Annotated[Duration, Field(ge=1)] = 60.0
    """How often a data point is published."""
    metrics: Annotated[tuple[PublishedMetric, ...], Field(min_length=1)] = (
        "nats_consumer_lag_messages",
    )
    """Catalogue metrics that have a CloudWatch twin."""


class Outputs(Model):
    """Every way out; /metrics is always there."""

    web: Web = Web()
    """Where the collector serves /metrics, health and the status page."""
    otlp: Otlp | None = None
    """Push to an OpenTelemetry receiver; none where left out."""
    cloudwatch: CloudWatch | None = None
    """Publish to CloudWatch; nothing where left out."""
