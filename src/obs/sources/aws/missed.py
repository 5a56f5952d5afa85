"""What no poll has seen: the time between the last poll and the reach of the next one.

A poll reaches back over the reconcile horizon. After a longer silence, be it a restart, a suspended
machine or an unreachable AWS, the counters would lack what happened before that.
"""

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from obs.snapshot import Rule

_MINUTE: Final = 60
_HOUR: Final = 3600


class Uncounted(NamedTuple):
    """Points from `since` on are not counted in full, and none from `seen_until` on was ever seen.

    Both are Unix seconds.
    """

    since: int
    seen_until: int


FindUncounted = Callable[[Iterable[Rule], int], Uncounted | None]
"""What is not counted of these rules before a moment, from which a poll reads; None: nothing."""


class Span(NamedTuple):
    """Part of the past, read by a period; all in Unix seconds and seconds."""

    start: int
    end: int
    period: int


def spans(uncounted: Uncounted, until: int) -> list[Span]:
    """How to read the time up to `until`.

    By minutes where a point may be known already, or the hour is not whole; else by hours, so that
    fifteen days cost no more than a few polls.
    """
    start = uncounted.since // _MINUTE * _MINUTE
    first_hour = -(-uncounted.seen_until // _HOUR) * _HOUR
    last_hour = until // _HOUR * _HOUR
    if first_hour >= last_hour:
        found = [Span(start, until, _MINUTE)]
    else:
        found = [
            Span(start, first_hour, _MINUTE),
            Span(first_hour, last_hour, _HOUR),
            Span(last_hour, until, _MINUTE),
        ]
    return [span for span in found if span.start < span.end]
