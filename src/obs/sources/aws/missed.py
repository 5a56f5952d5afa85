"""What no poll has seen: the time between the last poll and the reach of the next one.

A poll reaches back over the reconcile horizon. After a longer silence, be it a restart, a suspended
machine or an unreachable AWS, the counters would lack what happened before that.
"""

from collections.abc import Callable, Collection
from typing import NamedTuple, TypeVar

from obs.slo.windows import HOUR, MINUTE


class Uncounted(NamedTuple):
    """Points from `since` on are not counted in full, and none from `seen_until` on was ever seen.

    Both are Unix seconds.
    """

    since: int
    seen_until: int


_Key = TypeVar("_Key")
FindUncounted = Callable[[Collection[_Key], int], Uncounted | None]
"""What is not counted by these keys before a moment, from which a poll reads; None: nothing."""


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
    start = uncounted.since // MINUTE * MINUTE
    first_hour = -(-uncounted.seen_until // HOUR) * HOUR
    last_hour = until // HOUR * HOUR
    if first_hour >= last_hour:
        found = [Span(start, until, MINUTE)]
    else:
        found = [
            Span(start, first_hour, MINUTE),
            Span(first_hour, last_hour, HOUR),
            Span(last_hour, until, MINUTE),
        ]
    return [span for span in found if span.start < span.end]
