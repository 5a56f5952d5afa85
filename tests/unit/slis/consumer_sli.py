"""A simulated consumer as a delivery SLI sees it, poll by poll."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from obs.slis.consumers import ConsumerNumbers
from obs.slis.dead_letters import DeadLetterCounts, HeardSpan
from obs.slis.settled_minutes import SettledMinutes
from obs.slo.cumulative import Counts
from obs.snapshot.assets import ConsumerConfig
from tests.unit.lag.jetstream import JetStream, Work

START = 70.0
Hears = Callable[[float], bool]


@dataclass
class Delivered:
    """What the polls counted, and the truth."""

    js: JetStream
    minutes: dict[int, Counts] = field(default_factory=dict)
    dead: DeadLetterCounts = field(default_factory=DeadLetterCounts)

    @property
    def good(self) -> float:
        return sum(good for good, _ in self.minutes.values())

    @property
    def bad(self) -> float:
        return sum(total - good for good, total in self.minutes.values())

    @property
    def acknowledged(self) -> int:
        """The truth: messages delivered that are neither in flight nor dead."""
        js = self.js
        return sum(
            1
            for seq in range(1, js.delivered + 1)
            if js.matching[seq - 1] and seq not in js.in_flight and seq not in js.dead
        )


def traffic(until: float, *, filtered: bool, per_second: float = 2.0) -> list[tuple[float, bool]]:
    """Messages at random times, from START on; of a filtered consumer every other one is for it."""
    chance, at, found = random.Random(7), START, list[tuple[float, bool]]()
    while (at := at + chance.expovariate(per_second)) < until:
        found.append((at, not filtered or chance.random() < 0.5))
    return found


def delivered(
    work: Work,
    *,
    max_deliver: int = 5,
    filtered: bool = False,
    published: float = 600.0,
    until: float = 900.0,
    poll: float = 15.0,
    hears: Hears = lambda at: True,
    restarts: Hears = lambda at: False,
) -> Delivered:
    """Poll a consumer to which `work` happens; dead letters are heard while it `hears`.

    What happens while it does not hear stays unknown. `restarts`: before which polls the collector
    is started again.
    """
    filters = ("x",) if filtered else ()
    config = ConsumerConfig(max_deliver=max_deliver, ack_wait=10.0, filters=filters)
    js = JetStream(config, traffic(published, filtered=filtered), work)
    found, settled = Delivered(js), SettledMinutes()
    spans: list[HeardSpan] = []
    known, heard_before, next_poll, at = 0, False, 63.0, 60.0
    while at < until:
        at += 1.0
        js.run_until(at)
        hear = hears(at)
        if hear and not heard_before:
            spans.append(HeardSpan(at, at))
        elif hear:
            spans[-1] = HeardSpan(spans[-1].since, at)
        if hear and heard_before:
            for _ in range(len(js.dead) - known):
                found.dead.add(at, max_deliver)
        heard_before, known = hear, len(js.dead)
        if at >= next_poll:
            next_poll += poll
            if restarts(at):
                settled = SettledMinutes(settled.to_state())
            numbers = ConsumerNumbers(
                *("$G", "S", "c", 0, 0.0, js.consumer(), js.stream()), found.dead, tuple(spans)
            )
            for minute, (good, total) in settled.observe(numbers, at).items():
                good_before, total_before = found.minutes.get(minute, (0.0, 0.0))
                found.minutes[minute] = (good_before + good, total_before + total)
    return found
