"""What a spec says of HTTP services: the names of their metrics, and what they promise."""

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from obs.catalogue.foreign import USUAL_BUCKETS
from obs.catalogue.query import Matcher, selector
from obs.spec.alerts import LabelName
from obs.spec.globs import is_plain, plain_name
from obs.spec.model import LONGEST_NAME, NAME_PATTERN, Glob, Matching, Model, Name, wrong
from obs.spec.pack_settings import PackSettings, as_expression
from obs.spec.prometheus_slis import PrometheusLatencySli, PrometheusSli
from obs.spec.quantity import Duration, Objective, format_duration, within
from obs.spec.slis import Sli
from obs.spec.slos import Slo

MetricName = Annotated[
    str,
    Field(max_length=255),
    Matching(r"^[a-zA-Z_:][a-zA-Z0-9_:]*$", "the name of a metric, for example http_requests"),
]
HistogramName = Annotated[
    MetricName,
    Matching(
        r"(?<!_bucket)(?<!_count)(?<!_sum)$",
        "a histogram's own name, without _bucket, _count or _sum",
    ),
]
Bound = Annotated[Duration, within("1ms", "1m")]

_MILLISECONDS: Final = ("_milliseconds", "_ms")
FAILED: Final = "5.."
"""The statuses of requests that failed, as a regular expression; also of `5xx`, as some write."""


class Latency(Model):
    """A target for the share of requests that are answered in time."""

    objective: Objective
    """Percentage of the requests that did not fail, for example 99."""
    below: Bound
    """Limit: a bound of a bucket of the histogram, for example 500ms."""


class Promises(Model):
    """What a service promises."""

    availability: Objective | None = None
    """Percentage of requests that must not fail with a 5xx status: adds an SLO over 30 days."""
    latency: Latency | None = None
    """Percentage of requests that must be answered in time: adds an SLO over 30 days."""


class HttpServicePack(Promises, PackSettings):
    """HTTP services, all that `where` chooses; by default by the names that OpenTelemetry gives."""

    service: LabelName = "job"
    """Label that tells the services apart, for example service_name."""
    histogram: HistogramName = "http_server_request_duration_seconds"
    """Histogram of the durations of requests, by its name without _bucket; in milliseconds where
    its name ends so. It has to have classic buckets."""
    requests: MetricName | None = None
    """Counter of the requests by status, for example http_requests_total (default: the histogram's
    own count, where it has the status)."""
    status: LabelName = "http_response_status_code"
    """Label with the status: code, status, status_code, … with values such as 500 or 5xx."""
    route: LabelName = "http_route"
    """Label with the route: route, handler, path, uri, …"""
    buckets: Annotated[tuple[Bound, ...], Field(max_length=200)] = ()
    """Bounds of its buckets (default: those that OpenTelemetry advises)."""
    ignore: Annotated[tuple[Glob, ...], Field(max_length=50)] = ()
    """Routes that do not count, as values or globs: [/healthz, /readyz, "/internal/*"]."""
    active: MetricName = "http_server_active_requests"
    """Gauge of the requests in progress."""

    source: Name | None = None
    """Prometheus source that measures the SLOs."""
    services: Annotated[dict[Name, Promises], Field(max_length=100)] = {}
    """What single services promise, by the value of the label `service`; availability and latency
    beside it are of all together: {orders: {availability: 99.9}}."""
    engine: Literal["collector", "rules"] = "collector"
    """What evaluates the SLOs: the collector, or recording rules of the server that is queried."""

    @property
    def bounds(self) -> tuple[float, ...]:
        """The bounds of the histogram's buckets in seconds."""
        return self.buckets or USUAL_BUCKETS

    @property
    def counted(self) -> str:
        """The counter of the requests."""
        return self.requests or f"{self.histogram}_count"

    @property
    def seconds(self) -> float:
        """How many seconds one of the histogram's units is."""
        return 0.001 if self.histogram.endswith(_MILLISECONDS) else 1.0

    @property
    def ignored(self) -> str:
        """The routes that do not count as a regular expression; empty where all do."""
        return "|".join(map(as_expression, self.ignore))

    def objectives(self) -> tuple[Slo, ...]:
        """Those of all services together, and those of single ones."""
        found = [*self._of(self._service_name, self)]
        for name, promises in self.services.items():
            found += self._of(name, promises, (self.service, "=", name))
        return tuple(found)

    def _of(self, service: str, promises: Promises, *only: Matcher) -> Iterator[Slo]:
        if promises.availability is not None:
            yield Slo(
                name="http-availability",
                service=service,
                description="Requests do not fail: their status is not 5xx.",
                objective=promises.availability,
                sli=Sli(prometheus=self._available(only)),
                engine=self.engine,
            )
        if promises.latency is not None:
            limit = format_duration(promises.latency.below)
            yield Slo(
                name="http-latency",
                service=service,
                description=f"Requests that do not fail are answered in less than {limit}.",
                objective=promises.latency.objective,
                sli=self._in_time(promises.latency, only),
                engine=self.engine,
            )

    @property
    def _service_name(self) -> str:
        """That of the only service, where `where` names it; else that of the pack."""
        glob = self.where.get(self.service, "")
        name = plain_name(glob) or "" if is_plain(glob) else ""
        fits = len(name) <= LONGEST_NAME and re.search(NAME_PATTERN, name)
        return name if fits else "http-service"

    def _series(self, name: str, *more: Matcher) -> str:
        ignored = ((self.route, "!~", self.ignored),) if self.ignore else ()
        return selector(name, (*self.matchers, *ignored, *more))

    def _available(self, only: Sequence[Matcher]) -> PrometheusSli:
        """Of the requests that have a status: without it nothing tells whether they failed."""
        return PrometheusSli(
            source=self.source or "",
            bad=self._series(self.counted, *only, (self.status, "=~", FAILED)),
            total=self._series(self.counted, *only, (self.status, "!=", "")),
        )

    def _in_time(self, latency: Latency, only: Sequence[Matcher]) -> Sli:
        series = self._series(self.histogram, *only, (self.status, "!~", FAILED))
        sli = PrometheusLatencySli.model_validate(
            {
                "source": self.source,
                "histogram": series,
                "below": format_duration(latency.below / self.seconds),  # as the bounds are written
            }
        )
        if self.seconds == 1:
            return Sli(prometheus_latency=sli)
        return Sli(prometheus=sli.counted)

    @model_validator(mode="after")
    def _can_be_measured(self) -> Self:
        every: dict[tuple[str, ...], Promises] = {(): self}
        every |= {("services", name): promises for name, promises in self.services.items()}
        if self.source is None and any(
            each.availability or each.latency for each in every.values()
        ):
            raise wrong(
                "is missing; availability and latency need a Prometheus source: name one of "
                "sources.prometheus",
                "source",
            )
        if list(self.buckets) != sorted(set(self.buckets)):
            raise wrong("write the bounds in ascending order, each once", "buckets")
        for path, each in every.items():
            if each.latency is not None and each.latency.below not in self.bounds:
                raise wrong(self._no_bound(each.latency.below), (*path, "latency", "below"))
        return self

    def _no_bound(self, limit: float) -> str:
        bounds = ", ".join(map(format_duration, self.bounds))
        advice = "as buckets has" if self.buckets else "or list the histogram's own as buckets"
        return (
            f"{format_duration(limit)} is not the bound of a bucket, so nothing counts the "
            f"requests below it; write one of {bounds}, {advice}"
        )


SETTINGS: Final = HttpServicePack
