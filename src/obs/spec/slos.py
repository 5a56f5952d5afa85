"""Service level objectives."""

from abc import abstractmethod
from typing import Annotated, ClassVar, Final

from pydantic import ConfigDict, Field, model_validator

from obs.durations import format_duration
from obs.spec.model import AssetName, Glob, Model, Name, wrong
from obs.spec.quantity import Duration, NotBoolean, Objective, within
from obs.spec.watched import BusRules, ClientConnection, ConsumerName, Named

RAREST_POLL: Final = 300.0
"""Seconds between polls that still tell what the minutes between them were like."""


class SliSpec(Model):
    """What all SLI kinds have in common; `obs.slis` has a module for each, which measures it."""

    source_kind: ClassVar[str]
    """The kind of its source: a field of `Sources`."""
    counts_minutes: ClassVar[bool] = False
    """Whether its events are minutes: then a window's number of events is known beforehand."""

    source: Name
    """Source of the data."""

    @abstractmethod
    def in_words(self) -> str:
        """What is counted, for people."""

    @abstractmethod
    def names(self) -> tuple[Named, ...]:
        """What it refers to in its source, which must watch it; alerts may be labelled with it."""

    def invocations(self) -> BusRules | None:
        """The rules whose invocations are its events; None for other kinds of events."""
        return None


class EventBridgeSli(SliSpec):
    """Good events: invocations that did not fail after all retries."""

    source_kind = "aws"

    source: Name
    """AWS source that watches the bus."""
    bus: Annotated[str, Field(min_length=1, max_length=256)]
    """Name of the bus; `default` is the account's default bus."""
    rules: Annotated[tuple[Glob, ...], Field(min_length=1)] = ("*",)
    """Names or globs of the rules whose invocations count (default: all)."""

    def in_words(self) -> str:
        """What is counted, for people."""
        return f"invocations on {self.bus}: {', '.join(self.rules)}"

    def names(self) -> tuple[Named, ...]:
        """The rules."""
        return (self.invocations(),)

    def invocations(self) -> BusRules:
        """All its rules."""
        return BusRules(self.bus, self.rules)


class ConsumerSli(SliSpec):
    """An SLI over a JetStream consumer."""

    source_kind = "nats"

    source: Name
    """NATS source that watches the consumer."""
    account: Glob = "*"
    """NATS account of the stream, by name or id, if the stream's name occurs in several."""
    stream: AssetName
    """Name of the stream."""
    consumer: AssetName
    """Name of the consumer."""

    def names(self) -> tuple[Named, ...]:
        """The consumer."""
        return (ConsumerName(self.stream, self.consumer, self.account),)


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
        """The consumer, and the connection that dead letters require."""
        return (*super().names(), ClientConnection(self.account, "dead letters cannot be counted"))


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


class Slo(Model):
    """A target for the share of good events over a rolling window."""

    name: Name
    """Name, unique within the service."""
    service: Name
    """Service that the SLO belongs to."""
    description: str = ""
    """One sentence that states the promise."""
    objective: Objective
    """Percentage of good events, above 1 and below 100, for example 99.9."""
    window: Annotated[Duration, within("1d", "90d")] = 30 * 86_400.0
    """Length of the rolling window."""
    sli: Sli
    """What is measured; exactly one kind."""
