"""What one consumer owes at every moment: the truth that its lag is compared with."""

import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple

from tests.truth.stored import AT_NO_TIME, Span, Stored, StreamTruth

HELD_AFTER_REMOVAL = 1.0
"""Seconds beyond ack_wait after which a removed message certainly is no longer in flight."""
AROUND = 0.6
"""Seconds around a moment in which a server is asked at least once."""
BEHIND = 1.5
"""Seconds for which a new leader may be behind."""


@dataclass(frozen=True, slots=True)
class Owed:
    """One message: surely outstanding in `surely`, at most outstanding in `perhaps`."""

    seq: int
    sent: float  # it arrived at this time or later
    arrived: float  # or at this one at the latest
    surely: Span
    perhaps: tuple[Span, ...]


@dataclass
class Incarnation:
    """One consumer from its creation to its deletion.

    `begins_after` is the sequence after which all messages that match are its; `initial` are
    those up to it that are its, too.
    """

    begins_after: int
    initial: frozenset[int]
    created: Span
    ack_wait: float
    deleted: Span = AT_NO_TIME
    settled: dict[int, Span] = field(default_factory=dict)
    taken: set[int] = field(default_factory=set)  # delivered at least once
    expires: dict[int, float] = field(default_factory=dict)  # when the last try may be over
    doubtful: dict[int, list[Span]] = field(default_factory=dict)
    surprises: int = 0  # deliveries of what was settled long before
    story: dict[int, list[tuple[float, str]]] = field(default_factory=dict)

    def note(self, seq: int, word: str) -> None:
        """Something happened to the message now, which helps to understand a miss."""
        self.story.setdefault(seq, []).append((time.time(), word))

    def settling(self, seq: int, since: float) -> None:
        """The message may be settled from `since` on."""
        before, until = self.settled.get(seq, AT_NO_TIME)
        self.settled[seq] = (min(before, since), until)

    def settle(self, seq: int, until: float) -> None:
        """The message is settled by `until`."""
        before, known = self.settled.get(seq, AT_NO_TIME)
        self.settled[seq] = (min(before, until), min(known, until))
        for index, (since, still) in enumerate(self.doubtful.get(seq, ())):
            if still == inf:
                self.doubtful[seq][index] = (since, until)

    def deliver(self, seq: int, at: float) -> None:
        """A worker got the message; where it was settled before, the server has forgotten that."""
        self.taken.add(seq)
        since = self.settled.get(seq, AT_NO_TIME)[1]
        if since + 1.0 < at and all(still != inf for _, still in self.doubtful.get(seq, ())):
            self.surprises += 1
            self.doubtful.setdefault(seq, []).append((since, inf))

    def crash(self, at: float, memory: float) -> None:
        """What was settled in the `memory` seconds before a crash may have been forgotten."""
        for seq, (_, until) in self.settled.items():
            if at - memory < until < inf:
                self.doubtful.setdefault(seq, []).append((at, inf))

    def floor(self, floor: int, idle: bool, at: float) -> None:
        """The server says what it has settled, which ends doubts."""
        for seq, spans in self.doubtful.items():
            if seq <= floor or idle:
                self.doubtful[seq] = [(a, at if b == inf else b) for a, b in spans]


class ServerTold(NamedTuple):
    """What the server itself said between two moments: messages outstanding, and settled up to."""

    asked: float
    answered: float
    outstanding: int
    floor: int


@dataclass
class ConsumerTruth:
    """What a driver knows of one consumer, by its name, through all its incarnations."""

    name: str
    stream: StreamTruth
    matches: Callable[[str], bool]
    incarnations: list[Incarnation] = field(default_factory=list)
    leaders: list[tuple[float, str]] = field(default_factory=list)
    told: list["ServerTold"] = field(default_factory=list)
    moved: list[float] = field(default_factory=list)
    """When it was told to have another leader, which then may be a little behind."""

    @property
    def now(self) -> Incarnation:
        """The newest incarnation."""
        return self.incarnations[-1]

    def led(self, leader: str | None) -> None:
        """Note who leads it."""
        if leader and (not self.leaders or self.leaders[-1][1] != leader):
            self.leaders.append((time.time(), leader))

    def leader(self, at: float) -> str | None:
        """Name of the server that led it, as far as anybody asked."""
        return next((name for since, name in reversed(self.leaders) if since <= at), None)


class Timeline:
    """One incarnation's owed messages, once the run is over."""

    def __init__(self, truth: ConsumerTruth, incarnation: Incarnation) -> None:
        self.incarnation = incarnation
        self.told = truth.told
        self.moved = [*truth.moved, *(since for since, _ in truth.leaders[1:])]
        self.owed = sorted(
            (_owed(message, incarnation) for message in _its_own(truth, incarnation)),
            key=lambda owed: owed.sent,
        )
        self._sure_from = sorted(o.surely[0] for o in self.owed if o.surely[0] < o.surely[1])
        self._sure_to = sorted(o.surely[1] for o in self.owed if o.surely[0] < o.surely[1])
        self._may_from = sorted(since for o in self.owed for since, _ in o.perhaps)
        self._may_to = sorted(until for o in self.owed for _, until in o.perhaps)

    def covers(self, begin: float, end: float) -> bool:
        """Whether it existed all the while."""
        return self.incarnation.created[1] <= begin and end <= self.incarnation.deleted[0]

    def is_uncertain(self, begin: float, end: float) -> bool:
        """Whether its server itself may be wrong around that time.

        Some count wrongly after a restart, or call settled what is not, and a new leader may be a
        little behind.
        """
        if any(begin - BEHIND < at < end + AROUND for at in self.moved):
            return True
        return any(
            self._is_wrong(told)
            for told in self.told
            if told.asked < end + AROUND
            and told.answered > begin - AROUND
            and self.covers(told.asked, told.answered)
        )

    def _is_wrong(self, told: ServerTold) -> bool:
        fewest, greatest = self.messages(told.asked, told.answered)
        if not fewest <= told.outstanding <= greatest:
            return True
        return any(
            owed.seq <= told.floor
            and owed.surely[0] <= told.asked
            and told.answered < owed.surely[1]
            for owed in self.owed
        )

    def seconds(self, begin: float, end: float) -> Span:
        """The lowest and the highest true lag in seconds at any moment from `begin` to `end`."""
        near = [o for o in self.owed if o.sent <= end and _last(o) >= begin]
        moments = {begin, end, *_edges(near, begin, end)}
        return (
            min(_least(near, moment) for moment in moments),
            max(_most(near, moment) for moment in moments),
        )

    def oldest(self, at: float) -> str:
        """The oldest message that is surely outstanding, and what happened to it until then."""
        sure = [owed for owed in self.owed if owed.surely[0] <= at < owed.surely[1]]
        if not sure:
            return "nothing is surely outstanding"
        seq = min(sure, key=lambda owed: owed.arrived).seq
        story = self.incarnation.story.get(seq, [])
        told = [f"{word} {at - time:.1f} s ago" for time, word in story if time <= at]
        return f"{seq} of {len(sure)}: {', '.join(told) or 'not delivered yet'}"

    def messages(self, begin: float, end: float) -> tuple[int, int]:
        """The lowest and the highest true number of outstanding messages in the same way."""
        near = [o for o in self.owed if o.sent <= end and _last(o) >= begin]
        moments = {begin, end, *_edges(near, begin, end)}
        sure = [
            bisect_right(self._sure_from, at) - bisect_right(self._sure_to, at) for at in moments
        ]
        may = [bisect_right(self._may_from, at) - bisect_right(self._may_to, at) for at in moments]
        ended = sum(1 for at in self._may_to if at in moments)
        return min(sure), max(may) + ended


def _its_own(truth: ConsumerTruth, incarnation: Incarnation) -> Iterator[Stored]:
    for seq, message in truth.stream.messages.items():
        begun = seq > incarnation.begins_after or seq in incarnation.initial
        if begun and truth.matches(message.subject):
            yield message


def _owed(message: Stored, incarnation: Incarnation) -> Owed:
    settling, settled = incarnation.settled.get(message.seq, AT_NO_TIME)
    settling = min(settling, incarnation.expires.get(message.seq, inf))
    removing, removed = message.removed
    if message.seq in incarnation.taken:
        removed += incarnation.ack_wait + HELD_AFTER_REMOVAL
    since = max(message.visible[0], incarnation.created[0])
    surely = (max(message.visible[1], incarnation.created[1]), min(settling, removing))
    perhaps = [(since, min(settled, removed))]
    perhaps += [(a, min(b, removed)) for a, b in incarnation.doubtful.get(message.seq, ())]
    kept = tuple((a, b) for a, b in perhaps if a <= b)
    return Owed(message.seq, message.arrived[0], message.arrived[1], surely, kept)


def _last(owed: Owed) -> float:
    return max((until for _, until in owed.perhaps), default=-inf)


def _edges(near: Iterable[Owed], begin: float, end: float) -> Iterator[float]:
    for owed in near:
        for edge in (*owed.surely, *(edge for span in owed.perhaps for edge in span)):
            if begin < edge < end:
                yield edge


def _least(near: Iterable[Owed], at: float) -> float:
    sure = [owed.arrived for owed in near if owed.surely[0] <= at < owed.surely[1]]
    return at - min(sure, default=at)


def _most(near: Iterable[Owed], at: float) -> float:
    may = [o.sent for o in near if any(since <= at <= until for since, until in o.perhaps)]
    return at - min(may, default=at)
