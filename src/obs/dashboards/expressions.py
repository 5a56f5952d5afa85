"""PromQL of panels: metrics of the catalogue, narrowed by the variables of their page.

Every series counts once, however many collectors tell it: `max by` its labels goes around it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from obs.catalogue.metric import Metric
from obs.catalogue.query import Matcher, duration, max_by, selector

JOB: Final = "job"
"""The variable that chooses collectors, by the name Prometheus gives their scrape job."""

RATE: Final = "$__rate_interval"
RANGE: Final = "$__range"


@dataclass(frozen=True, slots=True)
class VariableScope:
    """What a page is about: a variable for each of these labels, some with one value only."""

    labels: tuple[str, ...] = ()
    single: frozenset[str] = frozenset()

    def where(self, metric: Metric, extra: Sequence[Matcher] = ()) -> tuple[Matcher, ...]:
        """The matchers of a metric's labels, those of the page before the others."""
        taken = {label for label, _, _ in extra}
        own = tuple(
            (label, "=" if label in self.single else "=~", f"${label}")
            for label in self.labels
            if label in metric.labels and label not in taken
        )
        return ((JOB, "=~", f"${JOB}"), *own, *extra)

    def series(self, metric: Metric, *extra: Matcher) -> str:
        """The series of a metric as they are, one for each collector that tells them."""
        return selector(metric, self.where(metric, extra))

    def value(self, metric: Metric, *extra: Matcher, by: Sequence[str] | None = None) -> str:
        """A gauge, one series for each of its labels (or of those `by` names)."""
        return max_by(_kept(metric, by), self.series(metric, *extra))

    def rate(self, metric: Metric, *extra: Matcher, by: Sequence[str] | None = None) -> str:
        """A counter's growth a second."""
        return max_by(_kept(metric, by), f"rate({self.series(metric, *extra)}[{RATE}])")

    def grown(
        self,
        metric: Metric,
        window: float | str,
        *extra: Matcher,
        by: Sequence[str] | None = None,
    ) -> str:
        """A counter's growth in a window: seconds, or a duration as PromQL has it."""
        length = window if isinstance(window, str) else duration(window)
        grown = f"increase({self.series(metric, *extra)}[{length}])"
        return max_by(_kept(metric, by), grown)


def worst(count: int, expression: str) -> str:
    """The series that were highest in the range shown, the same ones all along."""
    highest = f"max_over_time(({expression})[{RANGE}:] @ end())"
    return f"{expression}\nand topk({count}, {highest})"


def how_many(vector: str, condition: str) -> str:
    """For how many series this holds, such as `> 0`; 0 for none, nothing where none is there."""
    return f"count({vector} {condition}) or 0 * count({vector})"


def ever(expression: str) -> str:
    """The series that were above 0 at some moment of the range shown."""
    return f"{expression}\nand max_over_time(({expression})[{RANGE}:] @ end()) > 0"


def _kept(metric: Metric, by: Sequence[str] | None) -> Sequence[str]:
    return metric.labels if by is None else by
