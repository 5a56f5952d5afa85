"""Canaries: marked events that the collector publishes and sees arrive, as a kind of source."""

from typing import Annotated, Final

from pydantic import Field, model_validator

from obs.spec.aws import AwsSource
from obs.spec.model import AssetName, Matching, Model, Name, wrong
from obs.spec.named_sources import NamesSources
from obs.spec.nats import AccountName, NatsSource
from obs.spec.nats_place import NatsBucket
from obs.spec.quantity import Duration, format_duration, within
from obs.spec.source import Poll, SourceSpec, Timeout

Subject = Annotated[
    str,
    Field(min_length=1, max_length=256),
    Matching(
        r"^[^\s.*>$]+(\.[^\s.*>$]+)*$",
        "a subject without wildcards, for example orders.canary",
    ),
]
"""A subject of NATS to publish on."""

BusName = Annotated[
    str,
    Field(max_length=256),
    Matching(r"^[A-Za-z0-9._/-]+$", "the name of an event bus, for example orders"),
]
QueueName = Annotated[
    str,
    Field(max_length=80),
    Matching(r"^[A-Za-z0-9_-]+$", "the name of a standard SQS queue, for example orders-canary"),
]
EventField = Annotated[
    str,
    Field(min_length=1, max_length=128),
    Matching(
        r"^(?!aws\.)[\x20-\x21\x23-\x5b\x5d-\x7e]+$",
        "printable characters without quotes that do not begin with aws.",
    ),
]

EVERY: Final = ("1s", "1d")
LOST_AFTER: Final = ("100ms", "1h")


class NatsPath(Model):
    """A stream that the event is published to, and the consumer where it has to arrive."""

    source: Name
    """NATS source with a connection of the stream's account."""
    account: AccountName | None = None
    """Account of the connection, where the source has several (default: its only one)."""
    stream: AssetName
    """Stream that stores the subject."""
    subject: Subject
    """Subject that the event is published on; best one of its own, such as orders.canary."""
    consumer: AssetName | None = None
    """Name of the consumer that the canary makes for itself (default: obs-canary-NAME). It goes
    away five minutes after the last collector has."""
    through: AssetName | None = None
    """A consumer of the application: then the event has arrived once that consumer has acknowledged
    it and all before it, and the canary makes none of its own."""

    @model_validator(mode="after")
    def _one_consumer(self) -> "NatsPath":
        if self.through and self.consumer:
            raise wrong("through is set as well; keep one of them", "consumer")
        return self


class EventBridgePath(Model):
    """A bus that the event is published to, and the queue where a rule has to deliver it."""

    source: Name
    """AWS source: the account and region."""
    bus: BusName
    """Name of the event bus; `default` is the account's default bus."""
    queue: QueueName
    """SQS queue that a rule delivers to, for this canary alone: it deletes what it receives."""
    event_source: EventField = "obs.canary"
    """`source` of the event, which the rule has to match."""
    detail_type: EventField = "obs canary"
    """`detail-type` of the event, which the rule has to match."""
    lease: NatsBucket | None = None
    """Where several collectors agree who publishes (default: each publishes its own event)."""


class CanarySource(SourceSpec, NamesSources):
    """A marked event that is published at intervals, and measured when it arrives.

    Time is divided into slots as long as `every`; a slot has one event, however many collectors
    there are. Applications can tell the event by its header Obs-Canary, or by `obscanary` in its
    body, and skip it.
    """

    words = "canary"

    poll: Poll = 5.0
    """Interval at which arrivals are looked for; not longer than `every`."""
    timeout: Timeout = 5.0
    """Timeout of a request, and how long a poll waits for the event that it has published."""
    every: Annotated[Duration, within(*EVERY)] = 60.0
    """Interval of the events."""
    lost_after: Annotated[Duration, within(*LOST_AFTER)] = 30.0
    """Time after which an event that has not arrived counts as lost."""
    nats: NatsPath | None = None
    """A path through a JetStream stream."""
    eventbridge: EventBridgePath | None = None
    """A path through an EventBridge bus."""

    @property
    def where(self) -> str:
        """The path."""
        if self.nats:
            return f"{self.nats.subject} on stream {self.nats.stream}"
        assert self.eventbridge
        return f"bus {self.eventbridge.bus} to queue {self.eventbridge.queue}"

    def bind(
        self, nats: dict[str, NatsSource], aws: dict[str, AwsSource]
    ) -> tuple[tuple[str, ...], str] | None:
        """Look up what it names; returns the field and what is wrong there, if anything."""
        if self.nats is not None:
            return self.bind_nats(("nats",), self.nats, nats)
        assert self.eventbridge
        lease = self.eventbridge.lease
        if fault := self.bind_aws(("eventbridge",), self.eventbridge.source, aws):
            return fault
        return self.bind_nats(("eventbridge", "lease"), lease, nats) if lease else None

    @model_validator(mode="after")
    def _one_path(self) -> "CanarySource":
        if (self.nats is None) == (self.eventbridge is None):
            has = "both" if self.nats else "none"
            raise wrong(f"needs exactly one path of nats, eventbridge; has {has}")
        return self

    @model_validator(mode="after")
    def _looks_often_enough(self) -> "CanarySource":
        if self.poll > self.every:
            every = format_duration(self.every)
            raise wrong(
                f"{format_duration(self.poll)} is longer than every, {every}; write at most that",
                "poll",
            )
        return self
