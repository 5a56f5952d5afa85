"""What the polls of one consumer have shown so far, on which its verdict rests."""

from obs.lag.arrivals import Arrivals, ArrivalsState
from obs.lag.evictions import Evictions, EvictionsState
from obs.lag.forecast import Trend, TrendState
from obs.lag.in_flight import InFlight, InFlightState
from obs.lag.observed import JudgeSettings, ObservedConsumer, ObservedStream
from obs.lag.pending import keeps_pending
from obs.lag.progress import PollCounters, PollStep, Progress, poll_counters, step_between
from obs.lag.redelivery_schedule import RedeliverySchedule
from obs.lag.status import StatusWindow, StatusWindowState
from obs.lag.timeline import TOLERANCE

EvidenceState = tuple[
    float,
    PollCounters,
    int,
    InFlightState,
    StatusWindowState,
    TrendState,
    ArrivalsState | None,
    EvictionsState | None,
]


class Evidence:
    """Everything learnt from the polls since the consumer was created or reset.

    `at` is the time of the last poll used (Unix seconds) and `last` its counters; None before the
    first. `arrivals` is None where the consumer has no filter.
    """

    __slots__ = ("arrivals", "at", "evictions", "in_flight", "last", "progress", "trend", "window")

    def __init__(self, state: EvidenceState | None = None) -> None:
        at, last, redeliveries, in_flight, window, trend, arrivals, evictions = state or (
            0.0, None, 0, None, None, None, None, None,
        )  # fmt: skip
        self.at = at
        self.last = last
        self.progress = Progress(redeliveries)
        self.in_flight = InFlight(in_flight)
        self.window = StatusWindow(window)
        self.trend = Trend(trend)
        self.arrivals = None if arrivals is None else Arrivals(arrivals)
        self.evictions = Evictions(evictions)

    def observe(
        self,
        consumer: ObservedConsumer,
        stream: ObservedStream,
        now: float,
        settings: JudgeSettings,
        schedule: RedeliverySchedule,
    ) -> None:
        """Learn from the poll at `now` (Unix seconds), which goes on from the last one."""
        after, in_flight, elapsed = poll_counters(consumer, stream), self.in_flight, 0.0
        before = self.last
        self.evictions.observe(before, after, consumer.config, stream.config)
        if before is None:
            before = after
        elif now > self.at:
            elapsed = now - self.at
        self.last, self.at = after, now
        # Whatever a long gap hides is unknown: it counts as one poll.
        observed = elapsed if elapsed <= 2 * settings.interval else settings.interval
        filtered = bool(consumer.config.filters)
        step = step_between(
            before, after, stream, settled=in_flight.settled, filtered=filtered, seconds=elapsed
        )
        pulled = consumer.waiting > 0 or consumer.push_bound or step.deliveries > 0
        if step.deliveries > 0 and elapsed > observed:
            in_flight.pass_unpolled(elapsed - observed, after.delivered)
        in_flight.observe(
            delivered=after.delivered,
            floor=after.floor,
            ack_pending=after.ack_pending,
            redelivered=after.redelivered,
            schedule=schedule,
            evicted=step.evicted_to,
            removed=step.removed,
            active=observed if pulled else 0.0,
            retries=step.deliveries - step.advance if step.exact else None,
            retried=step.redelivered,
            interval=settings.interval,
        )
        if filtered and not stream.config.mirrors:  # there messages are older than their arrival
            counted = keeps_pending(stream)  # else what is pending may have left unseen
            self._count_arrivals(before, after, step, now, settings, counted=counted)
        acknowledged = self.progress.acknowledged(step, before, after, in_flight, schedule)
        lag = after.pending + after.ack_pending
        unevicted = lag + (self.evictions.total or 0)
        self.trend.observe(elapsed, unevicted, acknowledged, settings.window)
        if not consumer.paused:
            # A lag below what was acknowledged since the last poll is as good as none.
            shrank = lag < before.pending + before.ack_pending or lag <= acknowledged
            # With one delivery only, what fails is not delivered again but given up.
            gave_up = schedule.max_deliver == 1 and acknowledged == 0 and step.left > 0
            self.window.observe(
                observed,
                clean=lag == 0 or (acknowledged > 0 and shrank),
                acknowledged=acknowledged > 0,
                delivered=step.deliveries > 0,
                pulled=pulled,
                failed=step.redelivered or gave_up,
                kept=step.kept,
            )

    def _count_arrivals(
        self,
        before: PollCounters,
        after: PollCounters,
        step: PollStep,
        now: float,
        settings: JudgeSettings,
        *,
        counted: bool,
    ) -> None:
        """Matching arrivals: the growth of pending, plus what was delivered for the first time."""
        growth = after.pending - before.pending
        first = min(step.deliveries, step.advance) if step.advance > 0 else 0
        arrived = min(max(growth + first, 0), max(after.last_seq - before.last_seq, 0))
        certain = first == 0 or before.redelivered == after.redelivered == 0
        exact = counted and certain and arrived == growth + first and not step.evicted
        backlog = after.pending if after.ack_pending == 0 else None
        if self.arrivals is None:
            self.arrivals = Arrivals()
        self.arrivals.observe(arrived, exact, backlog, now, TOLERANCE * settings.interval)

    def to_state(self) -> EvidenceState | None:
        """Plain values; `Evidence(state)` goes on from them. None before the first poll."""
        if self.last is None:
            return None
        return (
            self.at,
            self.last,
            self.progress.redeliveries,
            self.in_flight.to_state(),
            self.window.to_state(),
            self.trend.to_state(),
            None if self.arrivals is None else self.arrivals.to_state(),
            self.evictions.to_state(),
        )
