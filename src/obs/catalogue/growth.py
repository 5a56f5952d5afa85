"""PromQL that counts exactly how much a counter grew, also while its collector was replaced.

`increase()` extrapolates: of five events it makes six, and of a series that begins above zero it
makes none. Here growth is a difference of two samples, so it is a number that was.

1. Where a series has a sample both now and at the window's begin, their difference counts. Where
   it fell to less than half since, its collector lost its state and counts from zero: all that it
   has now counts. Of several collectors the one that saw most counts.
2. Where none has both, the collector was replaced, or was away when the window began. Then the
   more counts: what there is now beyond the last that any collector had before the window, or
   beyond the least that the same one has had within it.

So an object that is seen for the first time counts from its first sample: what it had by then may
be years old. A counter that fell a little counts from its least sample too: a collector that was
killed goes on from what it had last saved.
"""

from collections.abc import Sequence
from typing import Final

from obs.catalogue.metric import Metric
from obs.catalogue.query import Matcher, duration, increase, max_by, selector

RECALLED: Final = 3600
"""Seconds before the window in which the last total of a collector that is gone is looked for, at
least: a longer window looks back as far again."""


def growth(metric: Metric, labels: Sequence[str], where: Sequence[Matcher], window: float) -> str:
    """How much a counter grew in the window of seconds, for each object that the labels identify.

    Lines of several terms, which a comparison needs in parentheses.
    """
    now, ranged = selector(metric, where), selector(metric, where, window)
    begin = f"{now} offset {duration(window)}"
    least = f"min_over_time({ranged})"
    since = max_by(labels, f"{now} - {least}")
    return "\n".join(
        (
            f"max by ({', '.join(labels)}) (",
            f"  {now} - {begin} unless {least} < {begin}",
            f"  or {now} and {least} < 0.5 * {begin}",
            ")",
            f"or {_beyond_last(metric, labels, where, window)} > {since}",
            f"or {since}",
        )
    )


def growth_of_whole_windows(
    metric: Metric, labels: Sequence[str], where: Sequence[Matcher], window: float
) -> str:
    """As `growth`; extrapolated where no collector had a total before the window."""
    grown = growth(metric, labels, where, window)
    known = f"(\n{grown}\n)\nand {_last_before(metric, labels, where, window)}"
    return f"{known}\nor {max_by(labels, increase(metric, where, window))}"


def recalled_growth(
    metric: Metric, labels: Sequence[str], where: Sequence[Matcher], window: float
) -> str:
    """As `growth`, but cheap enough for a subquery, and without what was seen for the first time.

    Nothing where the counter fell, or the collector that had counted most is gone.
    """
    return f"{_beyond_last(metric, labels, where, window)} >= 0"


def _beyond_last(
    metric: Metric, labels: Sequence[str], where: Sequence[Matcher], window: float
) -> str:
    """How much more there is than any collector had last before the window."""
    last = _last_before(metric, labels, where, window)
    return f"{max_by(labels, selector(metric, where))} - {last}"


def _last_before(
    metric: Metric, labels: Sequence[str], where: Sequence[Matcher], window: float
) -> str:
    """What any collector had last before the window."""
    ranged = selector(metric, where, max(window, RECALLED))
    return max_by(labels, f"last_over_time({ranged} offset {duration(window)})")
