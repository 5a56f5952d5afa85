"""A JetStream stream with one consumer, simulated in small steps of time: the truth for tests.

It behaves as nats-server 2.15 does: redeliveries come first and need a pulling client; a message
that ran out of deliveries is in flight until the next pull and still counts as redelivered
(not where max_deliver is 1); the floor follows delivery sequences, so that it stays below such a
message until nothing is in flight.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush

from obs.snapshot.assets import Consumer, ConsumerConfig, Stream, StreamConfig

TICK = 0.1
FOREVER = 1e12

Work = Callable[[int, int], float | None]
"""Seconds until (sequence, delivery number) is acknowledged; None: never; below zero: seconds
until it is acknowledged negatively, times −1."""


@dataclass
class InFlight:
    delivery: int
    deadline: float
    acked_at: float
    count: int = 1


@dataclass
class JetStream:
    """`publish` are (time, matches the filter) in order; `pulling`: whether a client pulls then.

    A message is deleted when it has lived for `lives` seconds (None: it lives on), or overwritten
    where a `subject` has `max_per_subject` later ones. While one is `in_progress`, its client says
    so, and it is not redelivered.
    """

    config: ConsumerConfig
    publish: list[tuple[float, bool]]
    work: Work
    pulling: Callable[[float], bool] = lambda time: True
    concurrency: int = 1_000_000
    max_age: float | None = None
    max_per_subject: int | None = None
    subject: Callable[[int], int] = lambda seq: seq
    lives: Callable[[int], float | None] = lambda seq: None
    in_progress: Callable[[int], bool] = lambda seq: False
    now: float = 0.0
    arrived: list[float] = field(default_factory=list)
    matching: list[bool] = field(default_factory=list)
    delivered: int = 0
    deliveries: int = 0
    floor: int = 0
    delivery_floor: int = 0
    in_flight: dict[int, InFlight] = field(default_factory=dict)
    counts: dict[int, int] = field(default_factory=dict)
    dead: set[int] = field(default_factory=set)
    created: str = "first"
    gone: set[int] = field(default_factory=set)
    _of_subject: dict[int, list[int]] = field(default_factory=dict)
    _ends: list[tuple[float, int]] = field(default_factory=list)

    def run_until(self, time: float) -> None:
        while self.now < time:
            self.now = min(self.now + TICK, time)
            while len(self.arrived) < len(self.publish):
                at, matches = self.publish[len(self.arrived)]
                if at > self.now:
                    break
                self.arrived.append(at)
                self.matching.append(matches)
                self._store(len(self.arrived))
            while self._ends and self._ends[0][0] <= self.now:
                self.gone.add(heappop(self._ends)[1])
            for seq in [s for s, f in self.in_flight.items() if f.acked_at <= self.now]:
                self._ack(seq)
            if self.pulling(self.now):
                self._redeliver()
                self._deliver()

    def _store(self, seq: int) -> None:
        lives = self.lives(seq)
        if lives is not None:
            heappush(self._ends, (self.now + lives, seq))
        if self.max_per_subject is not None:
            kept = self._of_subject.setdefault(self.subject(seq), [])
            kept.append(seq)
            if len(kept) > self.max_per_subject:
                self.gone.add(kept.pop(0))

    def _wait(self, count: int) -> float:
        steps = self.config.backoff or (self.config.ack_wait,)
        return steps[min(count, len(steps)) - 1]

    def _busy(self) -> int:
        """Messages a worker has in hand: delivered and to be answered before they are due."""
        return sum(1 for f in self.in_flight.values() if f.acked_at < FOREVER)

    def _start(self, seq: int, count: int) -> tuple[float, float]:
        seconds = self.work(seq, count)
        if seconds is not None and seconds < 0:
            return self.now - seconds, FOREVER
        acked = FOREVER if seconds is None else self.now + seconds
        wait = FOREVER if self.in_progress(seq) else self._wait(count)
        return self.now + wait, acked

    def _redeliver(self) -> None:
        for seq in [s for s, f in self.in_flight.items() if f.deadline <= self.now]:
            message = self.in_flight[seq]
            limit = self.config.max_deliver
            if not self._stored(seq):
                self._ack(seq)
                continue
            if 0 < limit <= message.count:
                del self.in_flight[seq]
                self.dead.add(seq)
                continue
            message.count += 1
            self.counts[seq] = message.count
            self.deliveries += 1
            message.deadline, message.acked_at = self._start(seq, message.count)

    def _room(self) -> bool:
        limit = self.config.max_ack_pending
        return (limit < 0 or len(self.in_flight) < limit) and self._busy() < self.concurrency

    def _deliver(self) -> None:
        seq = self.delivered + 1
        while seq <= len(self.arrived) and self._room():
            if self.matching[seq - 1] and self._stored(seq):
                self.delivered = seq
                self.deliveries += 1
                deadline, acked = self._start(seq, 1)
                self.in_flight[seq] = InFlight(self.deliveries, deadline, acked)
            seq += 1

    def _ack(self, seq: int) -> None:
        delivery = self.in_flight.pop(seq).delivery
        self.counts.pop(seq, None)
        if not self.in_flight:
            self.delivery_floor, self.floor = self.deliveries, self.delivered
        elif delivery == self.delivery_floor + 1:
            oldest = min(self.in_flight)
            self.delivery_floor, self.floor = self.in_flight[oldest].delivery - 1, oldest - 1

    def outstanding(self) -> list[int]:
        """Sequences pending or in flight, oldest first."""
        pending = [
            seq
            for seq in range(self.delivered + 1, len(self.arrived) + 1)
            if self.matching[seq - 1] and self._stored(seq)
        ]
        return sorted(self.in_flight) + pending

    def _stored(self, seq: int) -> bool:
        if seq in self.gone:
            return False
        return self.max_age is None or self.arrived[seq - 1] > self.now - self.max_age

    def first_from(self, seq: int) -> tuple[int, float] | None:
        """The first matching message stored at `seq` or after it: its sequence, and when it
        arrived.
        """
        for number in range(max(seq, 1), len(self.arrived) + 1):
            if self.matching[number - 1] and self._stored(number):
                return number, self.arrived[number - 1]
        return None

    def lag(self) -> float:
        """The truth: age in seconds of the oldest outstanding message."""
        outstanding = self.outstanding()
        return self.now - self.arrived[outstanding[0] - 1] if outstanding else 0.0

    def consumer(self) -> Consumer:
        """What a poll sees of the consumer."""
        pulling = self.pulling(self.now)
        room = pulling and self._room()
        return Consumer(
            account="$G",
            stream="S",
            name="c",
            created=self.created,
            config=self.config,
            delivered_consumer_seq=self.deliveries,
            delivered_stream_seq=self.delivered,
            ack_floor_stream_seq=self.floor,
            pending=len(self.outstanding()) - len(self.in_flight),
            ack_pending=len(self.in_flight),
            redelivered=len(self.counts),
            waiting=1 if room and not self.config.push else 0,
            push_bound=self.config.push and pulling,
        )

    def stream(self) -> Stream:
        """What a poll sees of the stream."""
        stored = [seq for seq in range(1, len(self.arrived) + 1) if self._stored(seq)]
        first, last = (stored[0] if stored else len(self.arrived) + 1), len(self.arrived)
        return Stream(
            account="$G",
            name="S",
            created="first",
            config=StreamConfig(max_age=self.max_age, max_per_subject=self.max_per_subject),
            messages=len(stored),
            bytes=100 * len(stored),
            first_seq=first,
            last_seq=last,
            first_time=self.arrived[first - 1] if stored else None,
            last_time=self.arrived[-1] if stored else None,
            consumers=1,
        )
