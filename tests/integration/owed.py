"""What consumers owe at every moment, as the one who publishes and acknowledges knows it.

Nothing happens at a point in time: a message arrives between the call and its answer, and so it is
acknowledged. What is true is therefore a range. Times are Unix seconds.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf

from nats.aio.msg import Msg

Span = tuple[float, float]
Spans = dict[int, Span]  # by stream sequence


@dataclass
class Owed:
    """One consumer's messages: when they arrived, and when they were settled."""

    arrived: Spans
    matches: Callable[[int], bool] = lambda seq: True
    settled: Spans = field(default_factory=dict)

    def settling(self, seq: int, since: float) -> None:
        """From now on the message may be settled, for all that is known."""
        before, until = self.settled.get(seq, (since, inf))
        self.settled[seq] = (min(before, since), until)

    def settle(self, seq: int, until: float) -> None:
        """The message is settled now."""
        before, known = self.settled[seq]
        self.settled[seq] = (before, min(known, until))

    def lag(self, begin: float, end: float) -> Span:
        """The least and the most that the lag may have been at some moment from `begin` to `end`.

        Seconds since the oldest message still owed arrived. Between two events it only grows.
        """
        edges = {edge for span in self.settled.values() for edge in span if begin < edge < end}
        moments = {begin, end, *edges}
        return min(map(self._least, moments)), max(map(self._most, moments))

    def _least(self, now: float) -> float:
        owed = [
            arrived
            for seq, (_, arrived) in self.arrived.items()
            if arrived <= now < self.settled.get(seq, (inf, inf))[0] and self.matches(seq)
        ]
        return now - min(owed, default=now)

    def _most(self, now: float) -> float:
        owed = [
            sent
            for seq, (sent, _) in self.arrived.items()
            if sent <= now <= self.settled.get(seq, (inf, inf))[1] and self.matches(seq)
        ]
        return now - min(owed, default=now)


def sequence(message: Msg) -> int:
    """The message's number in its stream."""
    return int(message.metadata.sequence.stream)
