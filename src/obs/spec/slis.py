"""The kinds of SLIs: what is measured of an SLO."""

from math import inf
from typing import Annotated, Final, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from obs.durations import format_duration
from obs.spec.cloudwatch_metrics import CountedMetric, MeasuredMetric
from obs.spec.derived_slis import CompositeSli, MetricSli
from obs.spec.globs import escaped, plain_name
from obs.spec.model import ONE_ASSET, AssetGlob, Glob, Model, Name, wrong
from obs.spec.prometheus_slis import PrometheusLatencySli, PrometheusMinutesSli, PrometheusSli
from obs.spec.quantity import Duration, NotBoolean, within
from obs.spec.shard import Identity, Place
from obs.spec.sli import SliSpec
from obs.spec.watched import (
    BusRules,
    CanaryEvents,
    ClientConnection,
    ConsumerGlobs,
    ConsumerName,
    Named,
    ProbeTargets,
)

RAREST_POLL: Final = 300.0
"""Seconds between polls that still tell what the minutes between them were like."""

Limit = Annotated[float, Field(ge=0, le=1e15), NotBoolean]
"""A value of a CloudWatch metric, in CloudWatch's unit."""


class EventBridgeSli(SliSpec):
    """Good events: invocations that did not fail after all retries."""

    source_kind = "aws"
    silence_is_zero = True

    source: Name
    """AWS source that watches the bus."""
    bus: Annotated[str, Field(min_length=1, max_length=256)]
    """Name of the bus; `default` is the account's default bus."""
    rules: Annotated[tuple[Glob, ...], Field(min_length=1)] = ("*",)
    """Names or globs of the rules whose invocations count (default: all)."""
    by: Literal["rule"] | None = None
    """`rule`: each rule has an SLO of its own (default: one SLO over all of them)."""

    def in_words(self) -> str:
        """What is counted, for people."""
        return f"invocations on {self.bus}: {', '.join(self.rules)}"

    def names(self) -> tuple[Named, ...]:
        """The rules."""
        return (self.invocations(),)

    def invocations(self) -> BusRules:
        """All its rules."""
        return BusRules(self.bus, self.rules)

    @property
    def each(self) -> str:
        """The kind of object that has an SLO each."""
        return self.by or ""

    def place(self) -> Identity | Place:
        """That of its rule; of several, their bus, whose rules then stay together."""
        if self.each:
            return Place.EACH
        name = plain_name(self.rules[0]) if len(self.rules) == 1 else None
        of_bus = (self.source, "rule", self.bus)
        return of_bus if name is None else (*of_bus, name)

    def of(self, rule: str) -> Self:
        """The SLI of one of its rules."""
        return self.model_copy(update={"rules": (escaped(rule),), "by": None})


class ConsumerSli(SliSpec):
    """An SLI over a JetStream consumer."""

    source_kind = "nats"

    source: Name
    """NATS source that watches the consumer."""
    account: Glob = "*"
    """NATS account of the stream, by name or id, if the stream's name occurs in several."""
    stream: AssetGlob
    """Name of the stream; with `by` also a glob."""
    consumer: AssetGlob
    """Name of the consumer; with `by` also a glob."""
    by: Literal["consumer"] | None = None
    """`consumer`: each consumer that the globs match has an SLO of its own."""

    def names(self) -> tuple[Named, ...]:
        """The consumer, or what it is to match."""
        if self.by:
            return (ConsumerGlobs(self.stream, self.consumer, self.account),)
        return (ConsumerName(self.stream, self.consumer, self.account),)

    @property
    def each(self) -> str:
        """The kind of object that has an SLO each."""
        return self.by or ""

    def place(self) -> Identity | Place:
        """That of its stream."""
        return Place.EACH if self.by else (self.source, "stream", self.stream)

    def of(self, stream: str, consumer: str) -> Self:
        """The SLI of one of its consumers."""
        return self.model_copy(update={"stream": stream, "consumer": consumer, "by": None})

    @model_validator(mode="after")
    def _globs_need_by(self) -> Self:
        for field, name in (("stream", self.stream), ("consumer", self.consumer)):
            if not self.by and "*" in name:
                message = f"{name!r} does not fit; write {ONE_ASSET}, or add by: consumer"
                raise wrong(message, field)
        return self


class NatsLagSli(ConsumerSli):
    """Good minutes: those in which the consumer's lag was within the limits."""

    counts_minutes = True

    max_seconds: Annotated[Duration, within("1ms", "90d")] | None = None
    """Maximum age of the consumer's oldest unprocessed message."""
    max_messages: Annotated[int, Field(ge=0, le=10**12), NotBoolean] | None = None
    """Maximum number of unprocessed messages."""

    def in_words(self) -> str:
        """What is counted, for people."""
        limits = [
            *([format_duration(self.max_seconds)] if self.max_seconds is not None else []),
            *([f"{self.max_messages} messages"] if self.max_messages is not None else []),
        ]
        return f"lag of {self.stream}/{self.consumer} within {' and '.join(limits)}"

    @model_validator(mode="after")
    def _needs_a_target(self) -> "NatsLagSli":
        if self.max_seconds is None and self.max_messages is None:
            raise wrong("needs max_seconds, max_messages or both")
        return self


class NatsDeliverySli(ConsumerSli):
    """Good messages: those that were acknowledged, however often they were delivered. The others
    are dead letters.
    """

    source: Name
    """NATS source that watches the consumer; it must have a connection that hears the account."""

    def in_words(self) -> str:
        """What is counted, for people."""
        return f"messages of {self.stream}/{self.consumer}"

    def names(self) -> tuple[Named, ...]:
        """The consumers, and the connection that dead letters require."""
        return (*super().names(), ClientConnection(self.account, "dead letters cannot be counted"))


class NatsServiceSli(SliSpec):
    """Good requests: those that a micro service answered without an error."""

    source_kind = "nats"

    source: Name
    """NATS source that collects micro services, over a connection of the service's account."""
    account: Glob = "*"
    """NATS account of the service, if several have one of its name."""
    service: Annotated[str, Field(min_length=1, max_length=256)]
    """Name of the micro service."""
    endpoints: Annotated[tuple[Glob, ...], Field(min_length=1)] = ("*",)
    """Names or globs of the endpoints whose requests count (default: all)."""
    by: Literal["endpoint"] | None = None
    """`endpoint`: each endpoint has an SLO of its own (default: one SLO over all of them)."""

    def in_words(self) -> str:
        """What is counted, for people."""
        return f"requests to service {self.service}: {', '.join(self.endpoints)}"

    def names(self) -> tuple[Named, ...]:
        """The connection over which the service is asked."""
        return (ClientConnection(self.account, "micro services cannot be asked", "services"),)

    @property
    def each(self) -> str:
        """The kind of object that has an SLO each."""
        return self.by or ""

    def of(self, endpoint: str) -> Self:
        """The SLI of one of its endpoints."""
        return self.model_copy(update={"endpoints": (escaped(endpoint),), "by": None})


class ProbeSli(SliSpec):
    """Good probes: those that succeeded, or were also fast enough."""

    source_kind = "probe"

    source: Name
    """Probe source that has the targets."""
    targets: Annotated[tuple[Glob, ...], Field(min_length=1)] = ("*",)
    """Names or globs of the targets whose probes count (default: all)."""
    below: Annotated[Duration, within("1ms", "10m")] | None = None
    """A probe that takes this long or longer is bad too (default: however long it takes)."""
    by: Literal["target"] | None = None
    """`target`: each target has an SLO of its own (default: one SLO over all of them)."""

    def in_words(self) -> str:
        """What is counted, for people."""
        fast = "" if self.below is None else f" faster than {format_duration(self.below)}"
        return f"probes of {', '.join(self.targets)}{fast}"

    def names(self) -> tuple[Named, ...]:
        """The targets."""
        return (ProbeTargets(self.targets),)

    @property
    def each(self) -> str:
        """The kind of object that has an SLO each."""
        return self.by or ""

    def of(self, target: str) -> Self:
        """The SLI of one of its targets."""
        return self.model_copy(update={"targets": (escaped(target),), "by": None})


class CanarySli(SliSpec):
    """Good events of a canary: those that arrived, or were also fast enough."""

    source_kind = "canary"

    source: Name
    """Canary whose events count, each in the minute in which it was published."""
    below: Annotated[Duration, within("1ms", "1h")] | None = None
    """An event that takes this long or longer is bad too; at most lost_after (default:
    lost_after)."""

    def in_words(self) -> str:
        """What is counted, for people."""
        fast = f" within {format_duration(self.below)}" if self.below is not None else ""
        return f"events of canary {self.source} that arrived{fast}"

    def names(self) -> tuple[Named, ...]:
        """The events of its source."""
        return (CanaryEvents(self.below),)


class CloudWatchSli(SliSpec):
    """Good events: those that one CloudWatch metric counts as good, or all but those that it counts
    as bad."""

    source_kind = "aws"
    silence_is_zero = True
    anywhere = True

    source: Name
    """AWS source whose account and region has the metrics."""
    good: CountedMetric | None = None
    """Metric that counts the good events."""
    bad: CountedMetric | None = None
    """Metric that counts the bad events, instead of `good`."""
    total: CountedMetric
    """Metric that counts all events."""

    def in_words(self) -> str:
        """What is counted, for people."""
        return f"events of {self.total.in_words}"

    def names(self) -> tuple[Named, ...]:
        """None that its source would have to watch."""
        return ()

    @model_validator(mode="after")
    def _counts_good_or_bad(self) -> "CloudWatchSli":
        if (self.good is None) == (self.bad is None):
            raise wrong("needs good or bad, and not both")
        return self


class CloudWatchMinutesSli(SliSpec):
    """Good minutes: those in which a statistic of a CloudWatch metric was within limits."""

    source_kind = "aws"
    counts_minutes = True
    anywhere = True

    source: Name
    """AWS source whose account and region has the metric."""
    metric: MeasuredMetric
    """Metric and its statistic, for example p99 of AWS/Lambda Duration; of several series all must
    be within the limits."""
    at_most: Limit | None = None
    """Highest value of a good minute, in CloudWatch's unit: milliseconds for most latencies."""
    at_least: Limit | None = None
    """Lowest value of a good minute."""
    missing: Literal["ignore", "good", "bad"] = "ignore"
    """What a minute without a value is: unknown, and then no event (`ignore`); good, as an empty
    queue has no oldest message; or bad, as a heartbeat that is missing."""

    def in_words(self) -> str:
        """What is counted, for people."""
        limits = [
            *([f"at most {self.at_most:g}"] if self.at_most is not None else []),
            *([f"at least {self.at_least:g}"] if self.at_least is not None else []),
        ]
        of = f"{self.metric.statistic} of {self.metric.in_words}"
        return f"minutes in which {of} was {' and '.join(limits)}"

    def names(self) -> tuple[Named, ...]:
        """None that its source would have to watch."""
        return ()

    def is_good(self, value: float) -> bool:
        """Whether a minute's value is within the limits."""
        lowest = -inf if self.at_least is None else self.at_least
        return lowest <= value <= (inf if self.at_most is None else self.at_most)

    @model_validator(mode="after")
    def _has_a_limit(self) -> "CloudWatchMinutesSli":
        if self.at_most is None and self.at_least is None:
            raise wrong("needs at_most, at_least or both")
        if None not in (self.at_least, self.at_most) and not self._leaves_room():
            raise wrong("no value is within the limits", "at_most")
        return self

    def _leaves_room(self) -> bool:
        return (self.at_least or 0.0) <= (self.at_most or 0.0)


class Sli(Model):
    """Source of good and total events: exactly one kind."""

    # The one list of SLI kinds: a field's name is the kind and its module in `obs.slis`.

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    eventbridge: EventBridgeSli | None = None
    """Failed invocations of EventBridge rules, out of all invocations."""
    nats_lag: NatsLagSli | None = None
    """Minutes in which a consumer's lag was within limits, out of all minutes."""
    nats_delivery: NatsDeliverySli | None = None
    """Dead letters of a consumer, out of all messages that it finished."""
    prometheus: PrometheusSli | None = None
    """Events that counters of a Prometheus-compatible server count."""
    prometheus_minutes: PrometheusMinutesSli | None = None
    """Minutes in which a condition in PromQL held, out of all minutes."""

    nats_service: NatsServiceSli | None = None
    """Requests that a micro service answered with an error, out of all its requests."""
    cloudwatch: CloudWatchSli | None = None
    """Events that any two CloudWatch metrics count."""
    cloudwatch_minutes: CloudWatchMinutesSli | None = None
    """Minutes in which a CloudWatch metric was within limits, out of all minutes: latency by its
    percentile, the age of a queue."""
    prometheus_latency: PrometheusLatencySli | None = None
    """Events that a histogram of a Prometheus-compatible server counts as fast enough."""
    metric: MetricSli | None = None
    """Minutes in which a metric of the catalogue was within a limit, out of all minutes."""
    composite: CompositeSli | None = None
    """Minutes of other SLOs together, out of all minutes."""
    probe: ProbeSli | None = None
    """Probes that failed or were too slow, out of all probes of the collector."""
    canary: CanarySli | None = None
    """Events of a canary that were lost, or came too late, out of all of its events."""

    @model_validator(mode="after")
    def _exactly_one(self) -> "Sli":
        given = self._given()
        if len(given) != 1:
            choices = ", ".join(type(self).model_fields)
            raise wrong(f"needs exactly one of {choices}; has {' and '.join(given) or 'none'}")
        return self

    @property
    def kind(self) -> str:
        """The SLI's kind as the spec writes it: one of the fields."""
        (kind,) = self._given()
        return kind

    def in_words(self) -> str:
        """What is counted, for people."""
        return self.measured.in_words()

    @property
    def measured(self) -> SliSpec:
        """The SLI of the kind that is set."""
        (written,) = self._given().values()
        return written

    def _given(self) -> dict[str, SliSpec]:
        return {name: written for name, written in self if written is not None}
