"""Service level objectives."""

from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field, model_validator

from obs.spec.model import AssetName, Glob, Model, Name, wrong
from obs.spec.quantity import Duration, NotBoolean, Objective, format_duration


class EventBridgeSli(Model):
    """Good events: invocations that did not fail for good."""

    source_kind: ClassVar[str] = "aws"

    source: Name
    """The AWS source that watches the bus."""
    bus: Annotated[str, Field(min_length=1, max_length=256)]
    """A bus by its name; `default` is the account's default bus."""
    rules: Annotated[tuple[Glob, ...], Field(min_length=1)] = ("*",)
    """Rule names or globs whose invocations count; all where left out."""


class NatsLagSli(Model):
    """Good minutes: those in which the consumer's lag was within the target."""

    source_kind: ClassVar[str] = "nats"

    source: Name
    """The NATS source that watches the consumer."""
    account: Glob = "*"
    """The NATS account of the stream, where a name occurs in several."""
    stream: AssetName
    """The stream."""
    consumer: AssetName
    """The consumer on the stream."""
    max_seconds: Annotated[Duration, Field(gt=0)] | None = None
    """Age that the oldest message the consumer owes may reach."""
    max_messages: Annotated[int, Field(ge=0), NotBoolean] | None = None
    """Number of messages that the consumer may owe."""

    @model_validator(mode="after")
    def _needs_a_target(self) -> "NatsLagSli":
        if self.max_seconds is None and self.max_messages is None:
            raise wrong("needs max_seconds, max_messages or both")
        return self


class NatsDeliverySli(Model):
    """Good deliveries: those that did not end as dead letters."""

    source_kind: ClassVar[str] = "nats"

    source: Name
    """The NATS source that watches the consumer; it needs a connection."""
    account: Glob = "*"
    """The NATS account of the stream, where a name occurs in several."""
    stream: AssetName
    """The stream."""
    consumer: AssetName
    """The consumer on the stream."""


class Sli(Model):
    """Where good and total events come from; exactly one."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    eventbridge: EventBridgeSli | None = None
    """Invocations of EventBridge rules, against failed ones."""
    nats_lag: NatsLagSli | None = None
    """Minutes in which a consumer kept up, against all minutes."""
    nats_delivery: NatsDeliverySli | None = None
    """Deliveries of a consumer, against dead letters."""

    @model_validator(mode="after")
    def _exactly_one(self) -> "Sli":
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            choices = ", ".join(type(self).model_fields)
            raise wrong(f"needs exactly one of {choices}; has {' and '.join(given) or 'none'}")
        return self

    @property
    def kind(self) -> str:
        """The SLI's kind as the spec writes it: one of the fields."""
        return next(name for name, written in self if written is not None)

    @property
    def measured(self) -> EventBridgeSli | NatsLagSli | NatsDeliverySli:
        """The one kind that is written."""
        written: EventBridgeSli | NatsLagSli | NatsDeliverySli = getattr(self, self.kind)
        return written

    def in_words(self) -> str:
        """What is counted, for people."""
        if self.eventbridge is not None:
            return f"invocations on {self.eventbridge.bus}: {', '.join(self.eventbridge.rules)}"
        if self.nats_delivery is not None:
            return f"deliveries to {self.nats_delivery.stream}/{self.nats_delivery.consumer}"
        lag = self.nats_lag
        assert lag is not None
        limits = [
            *([format_duration(lag.max_seconds)] if lag.max_seconds is not None else []),
            *([f"{lag.max_messages} messages"] if lag.max_messages is not None else []),
        ]
        return f"lag of {lag.stream}/{lag.consumer} within {' and '.join(limits)}"


class Slo(Model):
    """A promise about the share of good events over a rolling window."""

    name: Name
    """The SLO's name; with its service it is what the SLO is known by."""
    service: Name
    """The service that makes the promise."""
    description: str = ""
    """What is promised, in a sentence for people."""
    objective: Objective
    """Percent of good events, above 1 and below 100: 99.9."""
    window: Annotated[Duration, Field(ge=86_400, le=90 * 86_400)] = 30 * 86_400.0
    """Length of the rolling window, 1d to 90d."""
    sli: Sli
    """What is counted; exactly one kind."""
