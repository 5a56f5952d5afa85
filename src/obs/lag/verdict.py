"""The verdict on a consumer that has a leader: its lag, its status and the reasons for it."""

import msgspec

from obs.lag import reason
from obs.lag.evidence import Evidence
from obs.lag.forecast import eviction_seconds
from obs.lag.history import SequenceTimes
from obs.lag.identity import ConsumerIdentity
from obs.lag.in_flight import RedeliverySchedule
from obs.lag.observed import JudgeSettings, ObservedConsumer, ObservedStream
from obs.lag.seconds import NOTHING_KNOWN, Advisories, KnownArrivals, oldest_outstanding
from obs.lag.status import OK, PAUSED, Status


class ConsumerVerdict(msgspec.Struct, frozen=True, gc=False):
    """The state of one consumer after a poll. Durations are in seconds.

    `lag_messages` is pending plus ack pending, `lag_seconds` the most likely age of the oldest
    of them and `uncertainty` the most by which that may be off. `eviction_seconds` is None where no
    age limit evicts, or nothing is outstanding. `delivered_total` never falls between two creations
    of the consumer; `resets` never falls at all.
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
    seconds = uncertainty = 0.0
    eviction = None
    if lag:
        seconds, uncertainty = lag_seconds(
            consumer,
            stream,
            times,
            now,
            schedule=schedule,
            evidence=evidence,
            advisories=advisories,
        )
        eviction = eviction_seconds(stream.config.max_age, seconds)
    if consumer.paused:
        status = PAUSED
    elif lag == 0:
        status = OK
    else:
        window = settings.window
        if consumer.pending == 0:  # nothing new to deliver until an ack wait is over
            window = max(window, schedule.longest)
        status = evidence.window.judge(window)
    return ConsumerVerdict(
        lag,
        seconds,
        uncertainty,
        status,
        _reasons(consumer, settings, schedule, evidence),
        evidence.trend.drain_seconds(lag),
        eviction,
        identity.delivered_total(consumer, evidence.last),
        identity.resets,
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
    known_arrivals: KnownArrivals = NOTHING_KNOWN,
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
    return max(now - arrived, 0.0), uncertainty


def _reasons(
    consumer: ObservedConsumer,
    settings: JudgeSettings,
    schedule: RedeliverySchedule,
    evidence: Evidence,
) -> tuple[str, ...]:
    config, window, in_flight = consumer.config, evidence.window, evidence.in_flight
    bits = 0
    if config.push:
        if not consumer.push_bound:
            bits |= reason.PUSH_UNBOUND
    elif window.now - window.pulled >= settings.window <= window.now:
        bits |= reason.NO_PULLER
    if consumer.paused:
        bits |= reason.PAUSED
    ack_pending = consumer.ack_pending
    if ack_pending:
        if 0 < config.max_ack_pending <= ack_pending:
            bits |= reason.ACK_PENDING_FULL
        if consumer.redelivered and (
            config.max_deliver <= 0  # no message is ever given up
            or in_flight.active - in_flight.redelivered_at < schedule.longest
        ):
            bits |= reason.MESSAGE_RETRYING
    return reason.names(bits)
