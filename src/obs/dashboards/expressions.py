"""PromQL of panels: metrics of the catalogue, narrowed by the variables of their page.

Every series counts once, however many collectors export it: `max by` its labels goes around it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from obs.catalogue.metric import Metric
from obs.catalogue.query import Matcher, duration, equal, max_by, min_by, one_by, selector

JOB: Final = "job"
"""The variable that chooses collectors, by the name Prometheus gives their scrape job."""

OBJECT: Final = (
    "slo_service",
    "slo",
    "slo_object",
    "stream",
    "consumer",
    "server",
    "nats_service",
    "nats_endpoint",
    "bus",
    "rule",
    "queue",
    "function",
    "topic",
    "pipe",
    "schedule_group",
    "api_destination",
    "archive",
    "target",
    "dependency",
    "canary",
    "shard",
    "source",
)
"""Labels that name an object, from the general to the particular."""
_ORIGIN: Final = ("nats", "account", "aws", "probe")
"""Labels that say where an object is; legends leave them out."""
_SLO_OBJECT: Final = "{{slo_object}}"

RATE: Final = "$__rate_interval"
RANGE: Final = "$__range"


@dataclass(frozen=True, slots=True)
class VariableScope:
    """The labels that a page has a variable for; `single` are those with one value only.

    `system` are the labels of the series of the page's system. `origins` are labels of where an
    object is that legends show, because objects of one name are in several places. `apart`: (label,
    another that series with the first one have too). `selecting` chooses the series of other
    exporters that belong to the system.
    """

    labels: tuple[str, ...] = ()
    single: frozenset[str] = frozenset()
    system: tuple[tuple[str, str], ...] = ()
    origins: frozenset[str] = frozenset()
    apart: tuple[tuple[str, str], ...] = ()
    selecting: tuple[Matcher, ...] = ()

    def labels_of(self, metric: Metric) -> tuple[str, ...]:
        """The labels of its series: those of a metric of SLOs have one more where SLOs are
        split."""
        more = [label for beside, label in self.apart if beside in metric.labels]
        return (*metric.labels, *(label for label in more if label not in metric.labels))

    def where(self, metric: Metric, extra: Sequence[Matcher] = ()) -> tuple[Matcher, ...]:
        """The matchers of a metric's labels, those of the page before the others."""
        taken = {label for label, _, _ in extra}
        own = tuple(
            (label, "=" if label in self.single else "=~", f"${label}")
            for label in self.labels
            if label in self.labels_of(metric) and label not in taken
        )
        if metric.foreign:
            return (*own, *extra, *self.selecting)
        return ((JOB, "=~", f"${JOB}"), *own, *extra, *equal(self.system))

    def series(self, metric: Metric, *extra: Matcher) -> str:
        """The system's series of a metric, one for each collector that exports them."""
        return selector(metric, self.where(metric, extra))

    def selected(self, metric: Metric, where: Sequence[Matcher], window: float = 0) -> str:
        """The same over a window of seconds where one is given."""
        return selector(metric, self.where(metric, where), window)

    def value(self, metric: Metric, *extra: Matcher, by: Sequence[str] | None = None) -> str:
        """A gauge, one series for each of its labels (or of those `by` names)."""
        return one_by(metric, self._kept(metric, by), self.series(metric, *extra))

    def age(self, moment: Metric, *extra: Matcher) -> str:
        """How long ago a moment was when it was scraped."""
        series = self.series(moment, *extra)
        return min_by(self.labels_of(moment), f"timestamp({series}) - {series}")

    def rate(self, metric: Metric, *extra: Matcher, by: Sequence[str] | None = None) -> str:
        """A counter's growth per second."""
        return max_by(self._kept(metric, by), f"rate({self.series(metric, *extra)}[{RATE}])")

    def grown(
        self,
        metric: Metric,
        window: float | str,
        *extra: Matcher,
        by: Sequence[str] | None = None,
    ) -> str:
        """A counter's growth in a window: seconds, or a duration of PromQL."""
        length = window if isinstance(window, str) else duration(window)
        grown = f"increase({self.series(metric, *extra)}[{length}])"
        return max_by(self._kept(metric, by), grown)

    def _kept(self, metric: Metric, by: Sequence[str] | None) -> Sequence[str]:
        return self.labels_of(metric) if by is None else by

    def legend(self, labels: Sequence[str]) -> str:
        """The legend of series with these labels: `{{stream}} / {{consumer}}: {{reason}}`.

        Labels with one value on this page are left out if any others remain.
        """
        shown = (*(label for label in _ORIGIN if label in self.origins), *OBJECT)
        named = [label for label in shown if label in labels]
        rest = [label for label in labels if label not in (*OBJECT, *_ORIGIN)]
        varying = [label for label in named if label not in self.single]
        if not varying and not rest:
            varying = named[-1:]
        parts = [" / ".join(f"{{{{{label}}}}}" for label in group) for group in (varying, rest)]
        # Not each SLO has an object: a / before nothing would be left.
        return ": ".join(filter(None, parts)).replace(f" / {_SLO_OBJECT}", f" {_SLO_OBJECT}")


def worst(count: int, expression: str) -> str:
    """The series with the highest maxima in the range shown, the same ones at every point."""
    highest = f"max_over_time(({expression})[{RANGE}:] @ end())"
    return f"{expression}\nand topk({count}, {highest})"


def how_many(vector: str, condition: str) -> str:
    """The number of series that meet a condition such as `> 0`; nothing without any series."""
    return f"count({vector} {condition}) or 0 * count({vector})"


def ever(expression: str) -> str:
    """The series that were above 0 at any moment of the range shown."""
    return f"{expression}\nand max_over_time(({expression})[{RANGE}:] @ end()) > 0"
