"""What minutes without data count as, where an SLO says that they are bad or good.

A minute is missing where its source was asked, or its past was read, and there was no value. Of an
SLO that counts minutes it is one minute. Of one that counts events it has as many as a minute had
on average in the hour before the data went missing: none where that was quiet.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from obs.slis.kind import HistorySpan, MinuteEvents
from obs.slo.counting import Counting
from obs.slo.cumulative import Counts
from obs.slo.ledger import Ledger
from obs.slo.windows import HOUR, MINUTE


class Policy(NamedTuple):
    """`good`: whether missing events are good; `minutes`: whether each minute is one event."""

    good: bool
    minutes: bool

    def counts(self, events: float) -> Counts:
        """So many missing events."""
        return (events if self.good else 0.0), events


class Filler:
    """Adds what is missing to a ledger."""

    def __init__(self, ledger: Ledger, counting: Counting, policy: Policy) -> None:
        self._ledger = ledger
        self._counting = counting
        self._policy = policy
        self._run = 0, 0.0  # end of the last minute that was missing, events a minute

    def lacking(self, known: MinuteEvents, first: float, end: float) -> list[int]:
        """The minutes between two moments (Unix seconds) that count and are not known."""
        begin = -int(-first // MINUTE) * MINUTE
        return [
            minute
            for minute in range(begin, int(end), MINUTE)
            if minute not in known and self._counting.counts(minute)
        ]

    def minutes(self, lacking: Iterable[int]) -> dict[int, Counts]:
        """Add minutes that lack data, oldest first, and return what they count as."""
        added: dict[int, Counts] = {}
        for run in _runs(((minute, 1.0) for minute in lacking), MINUTE):
            added |= self._add(run, MINUTE)
        return added

    def buckets(self, span: HistorySpan, known: MinuteEvents, first: float, end: float) -> None:
        """Add what the buckets of a past span lack that are between two moments (Unix seconds)."""
        starts = (start for start in range(span.start, span.end, span.step) if first <= start < end)
        lacking = ((start, self._lacking_minutes(start, span.step, known)) for start in starts)
        for run in _runs((each for each in lacking if each[1] > 0), span.step):
            self._add(run, span.step)

    def _lacking_minutes(self, start: int, step: int, known: MinuteEvents) -> float:
        if start in known and not self._policy.minutes:
            return 0.0
        counted = self._counting.share(start, step) * step / MINUTE
        return counted - known.get(start, (0.0, 0.0))[1] if self._policy.minutes else counted

    def _add(self, run: Sequence[tuple[int, float]], step: int) -> dict[int, Counts]:
        """Add a run of buckets, each with how many of its minutes lack data."""
        events = self._events_a_minute(run[0][0])
        self._run = run[-1][0] + step, events
        if not events:
            return {}
        added = {start: self._policy.counts(lacking * events) for start, lacking in run}
        self._ledger.add(step, added)
        return added

    def _events_a_minute(self, start: int) -> float:
        """Of a run: as of the one before where that ends here."""
        if self._policy.minutes:
            return 1.0
        until, events = self._run
        if until == start:
            return events
        _, total = self._ledger.counts(HOUR, start)
        out = self._counting.maintenance.seconds(start - HOUR, start)
        return total / max((HOUR - out) / MINUTE, 1.0)


def _runs(buckets: Iterable[tuple[int, float]], step: int) -> Iterator[list[tuple[int, float]]]:
    """Buckets that follow each other, with what each has."""
    run: list[tuple[int, float]] = []
    for bucket in buckets:
        if run and bucket[0] != run[-1][0] + step:
            yield run
            run = []
        run.append(bucket)
    if run:
        yield run


def first_known(spans: Iterable[tuple[HistorySpan, Mapping[int, Counts]]]) -> float | None:
    """Where the first bucket with data ends, which may have begun in the middle; None without."""
    ends = [start + span.step for span, events in spans for start in events]
    return min(ends, default=None)
