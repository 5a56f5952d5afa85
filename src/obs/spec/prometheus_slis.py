"""The kinds of SLIs that a Prometheus-compatible server measures."""

from typing import Annotated

from pydantic import model_validator

from obs.catalogue.query import number
from obs.durations import format_duration
from obs.spec.model import Name, wrong
from obs.spec.promql import WINDOW, Condition, CountedEvents, Histogram, Ratio, named_series
from obs.spec.quantity import Duration, within
from obs.spec.sli import SliSpec
from obs.spec.slo_facts import MINUTE
from obs.spec.watched import Named


class PrometheusSli(SliSpec):
    """Good events: those that a counter of a Prometheus-compatible server counts as good, or all
    but those that it counts as bad."""

    source_kind = "prometheus"
    anywhere = True
    has_rules = True

    source: Name
    """Prometheus source that is queried."""
    good: CountedEvents | None = None
    """PromQL for the good events: the selector of a counter, or an expression with $window."""
    bad: CountedEvents | None = None
    """PromQL for the bad events, instead of `good`."""
    total: CountedEvents
    """PromQL for all events."""
    range: Annotated[Duration, within("1m", "1h")] = 300.0
    """What $window stands for, whole minutes: at least twice the scrape interval. An event in an
    expression counts over so many minutes, one of a selector in its own."""

    def in_words(self) -> str:
        """What is counted, for people."""
        return f"events of {self.total}"

    def names(self) -> tuple[Named, ...]:
        """None that its source would have to watch."""
        return ()

    @model_validator(mode="after")
    def _counts_good_or_bad(self) -> "PrometheusSli":
        if (self.good is None) == (self.bad is None):
            raise wrong("needs good or bad, and not both")
        if self.range % MINUTE:
            raise wrong("write whole minutes, for example 5m", "range")
        return self


class PrometheusMinutesSli(SliSpec):
    """Good minutes: those at whose end a condition held, or the share of one that was no error."""

    source_kind = "prometheus"
    anywhere = True
    counts_minutes = True
    has_rules = True

    source: Name
    """Prometheus source that is queried."""
    holds: Condition | None = None
    """PromQL for a condition: 0 where it does not hold. Of several series, it must hold for all."""
    error_ratio: Ratio | None = None
    """PromQL for the share of errors, between 0 and 1, instead of `holds`. A minute with few events
    counts as much as one with many: where the events can be counted, `prometheus` is better."""

    def in_words(self) -> str:
        """What is counted, for people."""
        return f"minutes in which {self.holds or f'{self.error_ratio} is low'}"

    def names(self) -> tuple[Named, ...]:
        """None that its source would have to watch."""
        return ()

    @model_validator(mode="after")
    def _has_one_query(self) -> "PrometheusMinutesSli":
        if (self.holds is None) == (self.error_ratio is None):
            raise wrong("needs holds or error_ratio, and not both")
        return self


class PrometheusLatencySli(SliSpec):
    """Good events: those that a histogram counts as faster than a limit."""

    source_kind = "prometheus"
    anywhere = True
    has_rules = True

    source: Name
    """Prometheus source that is queried."""
    histogram: Histogram
    """Selector of a histogram in seconds, by its name without _bucket."""
    below: Annotated[Duration, within("1ms", "1d")]
    """Limit: a bound of a bucket where the histogram is classic; else what lies between two bounds
    is interpolated."""
    native: bool = False
    """Whether it is a native histogram (default: a classic one, with a series for each bucket)."""
    range: Annotated[Duration, within("1m", "1h")] = 300.0
    """Whole minutes over which an event of a native histogram counts: at least twice the scrape
    interval. Those of a classic one count in their own minute."""

    def in_words(self) -> str:
        """What is counted, for people."""
        return f"events of {self.histogram} below {format_duration(self.below)}"

    def names(self) -> tuple[Named, ...]:
        """None that its source would have to watch."""
        return ()

    @property
    def counted(self) -> PrometheusSli:
        """The same as events that are counted."""
        good, total = self._native() if self.native else self._classic()
        sli = PrometheusSli(source=self.source, good=good, total=total)
        return sli.model_copy(update={"range": self.range})

    def _native(self) -> tuple[str, str]:
        grown = f"sum(increase({self.histogram}[{WINDOW}]))"
        total = f"histogram_count({grown})"
        return f"histogram_fraction(-Inf, {number(self.below)}, {grown}) * {total}", total

    def _classic(self) -> tuple[str, str]:
        name, matchers = named_series(self.histogram)
        bound = number(self.below)
        # Clients write 1 and 1.0, 0.5 and 0.50.
        point = r"\\."  # of a regular expression, in a text of PromQL
        zeros = "0*" if "." in bound else f"({point}0+)?"
        le = f'le=~"{bound.replace(".", point)}{zeros}"'
        inside = ",".join(filter(None, (matchers, le)))
        total = f"{name}_count{{{matchers}}}" if matchers else f"{name}_count"
        return f"{name}_bucket{{{inside}}}", total

    @model_validator(mode="after")
    def _whole_minutes(self) -> "PrometheusLatencySli":
        if self.range % MINUTE:
            raise wrong("write whole minutes, for example 5m", "range")
        return self
