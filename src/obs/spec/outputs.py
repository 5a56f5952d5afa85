"""The outputs of the collector."""

from fnmatch import fnmatchcase
from functools import cache
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from obs import catalogue
from obs.catalogue.metric import Metric
from obs.catalogue.published import why_unpublished
from obs.spec.clocks import Zone
from obs.spec.globs import is_plain, matches, plain_names
from obs.spec.model import Glob, LocalFile, Matching, Model, Name, wrong
from obs.spec.otlp import Otlp, OtlpReceiver
from obs.spec.quantity import Duration, within
from obs.spec.remote_write import RemoteWrite
from obs.spec.report import did_you_mean


def _check_listen(address: str) -> str:
    if not 0 <= int(address.rpartition(":")[2]) <= 65_535:
        raise wrong(f"{address!r}: a port is a number from 0 to 65535")
    return address


_PUBLISHABLE: Final = [each.name for each in catalogue.ALL if not why_unpublished(each)]


def _check_published(text: str) -> str:
    if not is_plain(text):
        if not any(fnmatchcase(name, text) for name in _PUBLISHABLE):
            raise wrong(f"{text!r} matches no metric of obs that CloudWatch takes")
        return text
    if text in _PUBLISHABLE:
        return text
    metric = catalogue.BY_NAME.get(text)
    if metric is not None:
        raise wrong(f"{text} {why_unpublished(metric)}; remove it")
    hint = did_you_mean(text, _PUBLISHABLE) or did_you_mean(text, catalogue.BY_NAME)
    raise wrong(f"{text!r} is not a metric of obs{hint}")


@cache
def _chosen(globs: tuple[str, ...]) -> tuple[Metric, ...]:
    named = set(plain_names(globs))
    return tuple(
        metric
        for metric in catalogue.ALL
        if metric.name in named
        or (not metric.on_request and not why_unpublished(metric) and matches(metric.name, globs))
    )


PublishedMetric = Annotated[
    Glob,
    AfterValidator(_check_published),
    Field(json_schema_extra={"examples": ["nats_stream_bytes", "nats_server_*"]}),
]
"""The name of a metric of obs that CloudWatch takes, or a glob of such names."""


class NatsExporterNames(Model):
    """How the names and labels of prometheus-nats-exporter are written, as its flags say it."""

    prefix: Annotated[
        str,
        Field(max_length=64),
        Matching(r"^([a-zA-Z_][a-zA-Z0-9_]*)?$", "letters, digits and _, as -prefix takes them"),
    ] = ""
    """In place of gnatsd and jetstream, as with -prefix; empty: these two."""
    server_id: Literal["url", "id", "name"] = "url"
    """What the label server_id is: the address; the id, as with -use_internal_server_id; or the
    name, as with -use_internal_server_name."""
    exclude: tuple[Glob, ...] = ()
    """Names of metrics, or globs, that are not served, for example gnatsd_varz_http_*."""


class Web(Model):
    """The HTTP server: /metrics, health endpoints and the status page."""

    listen: Annotated[
        str,
        Matching(r"^[^\s]+:[0-9]{1,5}$", "HOST:PORT, for example 127.0.0.1:9464"),
        AfterValidator(_check_listen),
    ] = "127.0.0.1:9464"
    """Address to listen on; 127.0.0.1 accepts connections from this machine only."""
    config_file: LocalFile | None = None
    """File with TLS and basic auth settings, in the format of Prometheus' exporter-toolkit."""
    compat: tuple[Literal["nats-exporter"], ...] = ()
    """Exporters whose names are on /metrics after ours, so that dashboards made for them go on:
    nats-exporter is prometheus-nats-exporter with -varz -jsz=all. It takes NATS sources with
    `monitor`, and reads the settings of all streams and consumers with every poll."""
    nats_exporter: NatsExporterNames = NatsExporterNames.default()
    """How the names of nats-exporter are written."""


class CloudWatch(Model):
    """Publish selected metrics to CloudWatch with PutMetricData."""

    source: Name
    """AWS source whose region and credentials are used."""
    namespace: Annotated[
        str,
        Field(max_length=255),
        Matching(
            r"^(?!AWS/)[A-Za-z0-9_.#/-]+$",
            "your own namespace, for example OMS/Events; AWS/ is reserved",
        ),
    ]
    """CloudWatch namespace of the metrics."""
    every: Annotated[Duration, within("1s", "1d")] = 60.0
    """Interval at which a data point is published."""
    metrics: Annotated[tuple[PublishedMetric, ...], Field(min_length=1)] = (
        "nats_consumer_lag_messages",
    )
    """Metrics to publish, by name or glob. A glob takes no metric that is exported on request only.
    A counter is published as what it grew by since the last push."""

    @property
    def published(self) -> tuple[Metric, ...]:
        """The metrics to publish, in the order of the catalogue."""
        return _chosen(self.metrics)

    @property
    def target(self) -> str:
        """Where it pushes to."""
        return self.namespace

    @property
    def described(self) -> str:
        """The same with what."""
        return f"{self.namespace}: {', '.join(self.metrics)}"


class SloReport(Model):
    """Reports on the SLOs, one file for each period of the calendar that has ended."""

    every: Literal["weekly", "monthly", "quarterly", "yearly"] = "monthly"
    """Period that a report is about; events are kept for as long as it takes."""
    directory: Annotated[str, Field(min_length=1, max_length=4096)]
    """Folder of the files; one that is there already is not written again."""
    format: Literal["html", "markdown", "text", "json"] = "html"
    """Format of the files."""
    timezone: Zone | None = None
    """Time zone of days and periods (default: that of the SLOs' calendar periods if they have the
    same, else UTC)."""


class Outputs(Model):
    """Outputs of the collector; /metrics is always served."""

    web: Web = Web.default()
    """HTTP server for /metrics, health endpoints and the status page."""
    otlp: Otlp | None = None
    """OTLP push (default: none)."""
    cloudwatch: CloudWatch | None = None
    """CloudWatch publishing (default: none)."""
    remote_write: RemoteWrite | None = None
    """Prometheus remote write (default: none)."""
    slo_report: SloReport | None = None
    """SLO reports (default: none)."""

    @property
    def pushed(self) -> "dict[str, Otlp | CloudWatch | RemoteWrite]":
        """The outputs that data is pushed to, by their names."""
        every = {
            "otlp": self.otlp,
            "cloudwatch": self.cloudwatch,
            "remote_write": self.remote_write,
        }
        return {name: spec for name, spec in every.items() if spec is not None}

    @property
    def traces(self) -> OtlpReceiver | None:
        """Where traces of obs' own work are sent to; None where there are none."""
        return self.otlp.traces if self.otlp else None
