"""Quantities that several libraries tell under different names."""

from collections.abc import Sequence
from dataclasses import dataclass

from obs.alerts.quantities import Either, Growth, Percent, PercentOfLimit, Value
from obs.catalogue.foreign import counter, gauge
from obs.catalogue.metric import Metric
from obs.catalogue.query import Matcher, selector

PYTHON = counter("python_calls_total", ("name",), "Calls.")
JAVA = counter("java_calls_total", ("name",), "Calls.")
SPENT = gauge("spent_dollars", ("name",), "Spent.")
BUDGET = gauge("budget_dollars", ("name",), "Budget.")


@dataclass(frozen=True)
class Reader:
    by: Sequence[str] = ("name",)

    def series(self, metric: Metric, where: Sequence[Matcher], window: float = 0) -> str:
        return selector(metric, where, window)


def test_the_first_choice_wins_and_each_object_has_one_of_them() -> None:
    either = Either((Growth(PYTHON), Growth(JAVA, 600)))
    assert either.promql(Reader()) == (
        "(sum by (name) (increase(python_calls_total[5m]))"
        " or sum by (name) (increase(java_calls_total[10m])))"
    )
    assert either.firsts() == (PYTHON, JAVA)
    assert either.metrics() == (PYTHON, JAVA)
    assert either.window == 600
    assert Percent(either, either).firsts() == (PYTHON,)


def test_a_budget_can_be_exceeded() -> None:
    spent = PercentOfLimit(Value(SPENT), Value(BUDGET))
    assert spent.bounds == (0, float("inf"))
    assert spent.promql(Reader()) == (
        "(100 * max by (name) (spent_dollars) / (max by (name) (budget_dollars) > 0))"
    )
