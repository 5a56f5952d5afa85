"""One SLO, as rules of other names read it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from obs.catalogue import slo as metrics
from obs.catalogue.metric import Metric
from obs.catalogue.query import equal, number, selector
from obs.slo.burn import error_budget, objective_ratio
from obs.slo.tiers import windows_of
from obs.slo.windows import DAY, Window, window, windows
from obs.spec.quantity import format_duration
from obs.spec.slos import Slo

RecordingRule = dict[str, Any]
_WEEK: Final = 7 * DAY


@dataclass(frozen=True, slots=True)
class Subject:
    """An SLO of a system with these labels."""

    slo: Slo
    of_system: tuple[tuple[str, str], ...]

    @property
    def period(self) -> Window:
        """Its own window."""
        return window(self.slo.window)

    @property
    def windows(self) -> tuple[Window, ...]:
        """All that its error ratio is known of."""
        return windows(self.slo.window, windows_of(self.slo.tiers or ()))

    @property
    def objective(self) -> str:
        """The target share of good events."""
        return number(objective_ratio(self.slo.objective))

    @property
    def budget(self) -> str:
        """The share that may be bad."""
        return number(error_budget(objective_ratio(self.slo.objective)))

    def series(self, metric: Metric, over: float = 0, /, **more: str) -> str:
        """Its series of a metric, over so many seconds."""
        named = {"slo": self.slo.name, "slo_service": self.slo.service}
        labels = {**named, **dict(self.of_system), **more}
        return selector(metric, equal(tuple(labels.items())), over)

    def value(self, metric: Metric, **more: str) -> str:
        """Its value without our labels; of two collectors the higher one."""
        return f"max({self.series(metric, 0, **more)})"

    def error_ratios(self) -> Iterator[tuple[Window, str]]:
        """The share of bad events of each window."""
        for each in self.windows:
            yield each, self.value(metrics.ERROR_RATIO, window=each.label)


def rule(record: str, expression: str, labels: dict[str, str]) -> RecordingRule:
    """A recording rule."""
    return {"record": record, "expr": expression, "labels": dict(sorted(labels.items()))}


def length(seconds: float) -> str:
    """A duration as both tools write it: whole weeks as such."""
    return f"{round(seconds / _WEEK)}w" if not seconds % _WEEK else format_duration(seconds)
