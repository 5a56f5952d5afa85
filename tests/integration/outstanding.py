"""The outstanding messages of consumers at every moment, known by publishing and acknowledging.

A message arrives at an unknown moment between the call and its answer, and is acknowledged in the
same way; the true lag is therefore a range. Times are Unix seconds.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf

from nats.aio.msg import Msg

Span = tuple[float, float]
Spans = dict[int, Span]  # by stream sequence


@dataclass
class Outstanding:
    """One consumer's messages: when they arrived, and when they were settled."""

    arrived: Spans
    matches: Callable[[int], bool] = lambda seq: True
    settled: Spans = field(default_factory=dict)

    def settling(self, seq: int, since: float) -> None:
        """The message may be settled from `since` on."""
        before, until = self.settled.get(seq, (since, inf))
        self.settled[seq] = (min(before, since), until)

    def settle(self, seq: int, until: float) -> None:
        """The message is settled by `until`."""
        before, known = self.settled[seq]
        self.settled[seq] = (before, min(known, until))

    def lag(self, begin: float, end: float) -> Span:
        """The lowest and the highest possible lag at any moment from `begin` to `end`.

        Seconds since the oldest outstanding message arrived; it only grows between two events.
        """
        edges = {edge for span in self.settled.values() for edge in span if begin < edge < end}
        moments = {begin, end, *edges}
        return min(map(self._least, moments)), max(map(self._most, moments))

    def _least(self, now: float) -> float:
        outstanding = [
            arrived
            for seq, (_, arrived) in self.arrived.items()
            if arrived <= now < self.settled.get(seq, (inf, inf))[0] and self.matches(seq)
        ]
        return now - min(outstanding, default=now)

    def _most(self, now: float) -> float:
        outstanding = [
            sent
            for seq, (sent, _) in self.arrived.items()
            if sent <= now <= self.settled.get(seq, (inf, inf))[1] and self.matches(seq)
        ]
        return now - min(outstanding, default=now)


def sequence(message: Msg) -> int:
    """The message's number in its stream."""
    return int(message.metadata.sequence.stream)
