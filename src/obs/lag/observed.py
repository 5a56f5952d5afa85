"""The facts about a consumer and its stream on which verdicts rest, as one poll reports them.

Structural types: the snapshot's own objects are passed as they are, without copying.
Times are Unix seconds of the collector's clock unless said otherwise; durations are seconds.
"""

from typing import Final, Protocol

import msgspec

NEVER: Final = -1e18  # before any poll, and finite, so that any encoding can write it


class ObservedConsumerConfig(Protocol):
    """Limits of deliveries; −1 is no limit, as in NATS."""

    @property
    def push(self) -> bool: ...
    @property
    def ack_wait(self) -> float: ...
    @property
    def max_deliver(self) -> int: ...
    @property
    def max_ack_pending(self) -> int: ...
    @property
    def backoff(self) -> tuple[float, ...]: ...
    @property
    def filters(self) -> tuple[str, ...]: ...
    @property
    def deliver_policy(self) -> str: ...


class ObservedConsumer(Protocol):
    """A consumer as its leader reports it; `leader` false: no leader answered."""

    @property
    def created(self) -> str: ...
    @property
    def config(self) -> ObservedConsumerConfig: ...
    @property
    def delivered_consumer_seq(self) -> int: ...
    @property
    def delivered_stream_seq(self) -> int: ...
    @property
    def ack_floor_stream_seq(self) -> int: ...
    @property
    def pending(self) -> int: ...
    @property
    def ack_pending(self) -> int: ...
    @property
    def redelivered(self) -> int: ...
    @property
    def waiting(self) -> int: ...
    @property
    def paused(self) -> bool: ...
    @property
    def push_bound(self) -> bool: ...
    @property
    def leader(self) -> bool: ...


class ObservedStreamConfig(Protocol):
    """Limits of a stream, the age in seconds; None: there is none."""

    @property
    def max_age(self) -> float | None: ...
    @property
    def max_per_subject(self) -> int | None: ...
    @property
    def retention(self) -> str: ...


class ObservedStream(Protocol):
    """A stream as its leader reports it.

    Its times are of the server's clock, which is `clock_ahead` seconds ahead of the collector's.
    `mirrors`: its messages are another stream's and keep that stream's times.
    """

    @property
    def created(self) -> str: ...
    @property
    def config(self) -> ObservedStreamConfig: ...
    @property
    def messages(self) -> int: ...
    @property
    def first_seq(self) -> int: ...
    @property
    def last_seq(self) -> int: ...
    @property
    def first_time(self) -> float | None: ...
    @property
    def last_time(self) -> float | None: ...
    @property
    def clock_ahead(self) -> float: ...
    @property
    def mirrors(self) -> bool: ...


class JudgeSettings(msgspec.Struct, frozen=True, gc=False):
    """How a source is polled and judged, in seconds."""

    interval: float = 15.0  # between two polls
    window: float = 300.0  # over which status and forecasts are judged
