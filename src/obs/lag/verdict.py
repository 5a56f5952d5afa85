"""The verdict on a consumer that has a leader: its lag, its status and the reasons for it."""

from typing import Final

import msgspec

from obs.lag import reason
from obs.lag.evidence import Evidence
from obs.lag.forecast import eviction_seconds
from obs.lag.history import SequenceTimes
from obs.lag.identity import ConsumerIdentity
from obs.lag.observed import JudgeSettings, ObservedConsumer, ObservedStream
from obs.lag.redelivery_schedule import RedeliverySchedule
from obs.lag.seconds import Advisories, KnownArrivals, oldest_outstanding
from obs.lag.status import OK, PAUSED, Status

_PAUSED: Final = reason.names(reason.PAUSED)


class ConsumerVerdict(msgspec.Struct, frozen=True, gc=False):
    """The state of one consumer after a poll. Durations are in seconds.

    `lag_messages` is pending plus ack pending, `lag_seconds` the most likely age of the oldest
    of them and `uncertainty` the most by which that may be off. `eviction_seconds` is None where no
    age limit evicts, or nothing is outstanding. `delivered_total`, `resets` and `evicted_total`,
    the outstanding messages that left the stream, never fall, also where the consumer is created
    again. `evicted_total` is None where that cannot be told.
    """

    lag_messages: int
    lag_seconds: float
    uncertainty: float
    status: Status
    reasons: tuple[str, ...]
    drain_seconds: float
    eviction_seconds: float | None
    delivered_total: int
    resets: int
    evicted_total: int | None = None


def judge(
    consumer: ObservedConsumer,
    stream: ObservedStream,
    times: SequenceTimes,
    now: float,
    settings: JudgeSettings,
    *,
    schedule: RedeliverySchedule,
    identity: ConsumerIdentity,
    evidence: Evidence,
    advisories: Advisories,
) -> ConsumerVerdict:
    """The verdict at `now` (Unix seconds), after `identity` and `evidence` observed the poll."""
    lag = consumer.pending + consumer.ack_pending
    seconds = uncertainty = drain = 0.0
    eviction = None
    status, reasons = (PAUSED, _PAUSED) if consumer.paused else (OK, ())
    if lag:
        arrived, uncertainty = oldest_outstanding(
            consumer,
            stream,
            evidence.in_flight,
            schedule,
            times,
            arrivals=evidence.arrivals,
            advisories=advisories,
        )
        seconds = now - arrived if now > arrived else 0.0
        eviction = eviction_seconds(stream.config.max_age, seconds)
        drain = evidence.trend.drain_seconds(lag)
        if not consumer.paused:
            status, reasons = _status(consumer, settings, schedule, evidence)
    return ConsumerVerdict(
        lag,
        seconds,
        uncertainty,
        status,
        reasons,
        drain,
        eviction,
        identity.delivered_total(consumer, evidence.last),
        identity.resets,
        evidence.evictions.total,
    )


def lag_seconds(
    consumer: ObservedConsumer,
    stream: ObservedStream,
    times: SequenceTimes,
    now: float,
    *,
    schedule: RedeliverySchedule,
    evidence: Evidence,
    advisories: Advisories,
    known_arrivals: KnownArrivals,
) -> tuple[float, float]:
    """(age of the oldest outstanding message, the most by which it may be off) in seconds."""
    arrived, uncertainty = oldest_outstanding(
        consumer,
        stream,
        evidence.in_flight,
        schedule,
        times,
        arrivals=evidence.arrivals,
        advisories=advisories,
        known_arrivals=known_arrivals,
    )
    return (now - arrived if now > arrived else 0.0), uncertainty


def _status(
    consumer: ObservedConsumer,
    settings: JudgeSettings,
    schedule: RedeliverySchedule,
    evidence: Evidence,
) -> tuple[Status, tuple[str, ...]]:
    """The status, and the reasons for it, where something is outstanding."""
    config, in_flight, ack_pending = consumer.config, evidence.in_flight, consumer.ack_pending
    pending, window, bits = consumer.pending > 0, settings.window, 0
    full = 0 < config.max_ack_pending <= ack_pending
    deliverable = pending and not full
    if not deliverable and schedule.longest > window:  # until an ack wait is over
        window = schedule.longest
    status = evidence.window.judge(window, pending=pending, deliverable=deliverable)
    if config.push:
        if not consumer.push_bound:
            bits |= reason.PUSH_UNBOUND
    elif evidence.window.deserted(window):
        bits |= reason.NO_PULLER
    if ack_pending:
        if full:
            bits |= reason.ACK_PENDING_FULL
        if consumer.redelivered and (
            config.max_deliver <= 0  # no message is ever given up
            or in_flight.active - in_flight.redelivered_at < schedule.longest
        ):
            bits |= reason.MESSAGE_RETRYING
    return status, reason.names(bits)
