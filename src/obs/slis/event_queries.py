"""The PromQL that counts the events of an SLI minute by minute.

A selector's events are the differences between the values that each series has at the ends of
minutes, so that none is lost or counted twice, whatever the scrape interval: `increase()` over a
minute extrapolates, and misses what happens between the samples of two minutes. A series that fell
was reset and counts what it has counted since; one that is new counts from its next minute on, as
with `increase()`.
"""

import re
from typing import Final

from obs.catalogue.query import duration, number
from obs.spec.promql import WINDOW, is_selector

MINUTE: Final = 60

_UNMOVED: Final = re.compile(rf"\[\s*{re.escape(WINDOW)}[^\]]*\](?!\s*(?:offset\b|@))")


def events(query: str, window: float, delay: float = 0) -> str:
    """The events of the minute that ends `delay` seconds before the time of evaluation.

    `window` (seconds) is what $window stands for: each minute has its share of what an expression
    counts over it, so that an event is spread over the minutes that see it. A range that the
    expression itself moves (offset, @) stays where it is.
    """
    ago = f" offset {duration(delay)}" if delay else ""
    if is_selector(query):
        now, before = f"{query}{ago}", f"{query} offset {duration(delay + MINUTE)}"
        return f"sum({now} - {before} >= 0 or ({now} and {before}))"
    share = number(window / MINUTE)
    moved = _UNMOVED.sub(rf"\g<0>{ago}", query) if ago else query
    return f"sum({moved.replace(WINDOW, duration(window))}) / {share}"


def holding(condition: str) -> str:
    """1 where a condition holds at the time of evaluation, for all of its series, else 0."""
    return f"min(({condition}) != bool 0)"


def without_errors(ratio: str) -> str:
    """The share that is no error, between 0 and 1; of several series the worst."""
    return f"1 - clamp(max({ratio}), 0, 1)"


def summed(minutes: str, step: int) -> str:
    """The sum of a query's minutes over the `step` seconds that end at the time of evaluation."""
    if step == MINUTE:
        return minutes
    # A second less: before Prometheus 3 a range includes both of its ends.
    return f"sum_over_time(({minutes})[{duration(step - 1)}:{duration(MINUTE)}])"
