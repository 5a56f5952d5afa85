"""Quantities of flags, starts, clocks and exporters, and shares of what may not be there."""

from collections.abc import Sequence

import pytest

from obs.alerts.conditions.samples import Level
from obs.alerts.quantities import (
    Answers,
    Changes,
    Complement,
    Count,
    Forecast,
    Per,
    Percent,
    Quantity,
    Rate,
    Rise,
    Skew,
    Value,
    equals,
)
from obs.catalogue.foreign import counter, gauge
from obs.catalogue.metric import Metric
from obs.catalogue.query import Matcher, selector

USED, LIMIT = gauge("used_bytes", ("instance",), "Used."), gauge("limit_bytes", ("instance",), "L.")
ALL, IDLE = counter("all_total", ("instance",), "All."), (equals("mode", "idle"),)


class Reader:
    by = ("instance",)

    def series(self, metric: Metric, where: Sequence[Matcher], window: float = 0) -> str:
        return selector(metric, where, window)


@pytest.mark.parametrize(
    ("quantity", "promql"),
    [
        (Rise(USED, 60), "max by (instance) (used_bytes - min_over_time(used_bytes[1m]))"),
        (Changes(USED, 60), "sum by (instance) (changes(used_bytes[1m]))"),
        (Skew(USED), "max by (instance) (abs(used_bytes - timestamp(used_bytes)))"),
        (
            Answers(USED, 60),
            "min by (instance) (up and on (job, instance) last_over_time(used_bytes[1m]))",
        ),
        (
            Per(Value(USED), Count(ALL, IDLE)),
            '(max by (instance) (used_bytes) / count by (instance) (all_total{mode="idle"}))',
        ),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, Quantity) else "",
)
def test_its_promql_has_one_value_for_each_object(quantity: Quantity, promql: str) -> None:
    assert quantity.promql(Reader()) == promql


def test_a_limit_of_0_is_no_limit_and_nothing_is_a_share_of_it() -> None:
    assert (
        Percent(Value(USED), Value(LIMIT))
        .promql(Reader())
        .endswith("/ (max by (instance) (limit_bytes) > 0))")
    )


def test_no_events_are_no_share_of_events() -> None:
    assert "> 0" not in Percent(Rate(ALL, where=IDLE), Rate(ALL)).promql(Reader())


def test_a_forecast_may_be_beyond_what_there_is() -> None:
    tomorrow = Complement(100, Percent(Forecast(USED, 86_400), Value(LIMIT)))
    assert tomorrow.bounds == (float("-inf"), float("inf"))
    assert Complement(100, Percent(Value(USED), Value(LIMIT))).bounds == (0, 100)


def test_a_rise_is_counted_from_what_was_good() -> None:
    sampled = Rise(USED, 60).sampled({Level.GOOD: 30, Level.EDGE: 60, Level.BAD: 66})
    assert sampled.reached == {Level.GOOD: 0, Level.EDGE: 60, Level.BAD: 66}
