"""The messages of one stream: when each arrived, and when each was removed.

A message arrives at an unknown moment between the call and its answer, and is removed at one
between two looks at the stream; so every fact here is a span. Times are Unix seconds.
"""

import asyncio
from dataclasses import dataclass, field
from math import inf
from typing import Any

Span = tuple[float, float]
AT_NO_TIME: Span = (inf, inf)


@dataclass(slots=True)
class Stored:
    """One message. `visible` is when it can first be counted, unless that is its arrival."""

    seq: int
    subject: str
    arrived: Span
    visible: Span
    removed: Span = AT_NO_TIME


@dataclass
class StreamTruth:
    """What a driver knows of one stream.

    `changing` is held while something is published, purged, deleted or created, so that what a
    new consumer begins with is known.
    """

    name: str
    messages: dict[int, Stored] = field(default_factory=dict)
    changing: asyncio.Lock = field(default_factory=asyncio.Lock)
    last: int = 0
    """Sequence of the newest message."""
    looked: float = 0.0
    """When the answer of the last look was asked for."""
    _present: set[int] = field(default_factory=set)

    def arrive(self, seq: int, subject: str, begin: float, end: float) -> None:
        """A publication was answered with this sequence.

        Sequences skipped since then are messages whose answer was lost.
        """
        for number in range(min(self.last + 1, seq), seq + 1):
            if number not in self.messages:
                self.store(Stored(number, subject, (begin, end), (begin, end)))

    def store(self, message: Stored) -> None:
        """There is a message."""
        self.messages[message.seq] = message
        self._present.add(message.seq)
        self.last = max(self.last, message.seq)

    def look(self, state: dict[str, Any], begin: float, end: float) -> None:
        """Note what is gone, by the state of a STREAM.INFO with deleted details."""
        first, last = int(state["first_seq"]), int(state["last_seq"])
        deleted = set(state.get("deleted") or ())
        empty = not state["messages"]
        for seq in sorted(self._present):
            message = self.messages[seq]
            if message.arrived[1] >= begin:  # it may have arrived after the look
                continue
            if empty or seq < first or seq in deleted or seq > last:
                message.removed = (max(self.looked, message.arrived[0]), end)
                self._present.discard(seq)
        self.looked = begin

    def present(self) -> list[int]:
        """Sequences not known to be removed."""
        return sorted(self._present)
