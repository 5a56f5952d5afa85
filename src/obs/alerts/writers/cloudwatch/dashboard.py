"""A system's CloudWatch dashboards: what each alarm watches, with its threshold drawn in."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any, Final

from obs.alerts.explicit_resources import ExplicitRule
from obs.alerts.writers.cloudwatch.alarm import Alarm, AlarmSeries, Formula, MetricAlarm
from obs.alerts.writers.cloudwatch.naming import rule_series
from obs.alerts.writers.lines import encoded
from obs.alerts.writers.templates import REFERENCE
from obs.catalogue import aws
from obs.ids import cloudwatch_dashboard

MAX_WIDGETS: Final = 500
_COLUMNS: Final = 24
_WIDTH: Final = 12
_HEIGHT: Final = 6
_PERIOD: Final = 300

Graph = dict[str, Any]


def dashboards(
    alarms: Iterable[Alarm], rules: Sequence[ExplicitRule], name: str, region: str
) -> dict[str, str]:
    """Bodies by name: the traffic of the rules, then a graph for each alarm on a metric.

    `name` is made one that CloudWatch takes. More than one only where there are more graphs than a
    dashboard holds.
    """
    watched = (_of_alarm(each, region) for each in alarms if isinstance(each, MetricAlarm))
    graphs = chain(_traffic(rules, region), watched)
    name = cloudwatch_dashboard(name)
    bodies: dict[str, str] = {}
    while batch := list(islice(graphs, MAX_WIDGETS)):
        bodies[f"{name}-{len(bodies) + 1}" if bodies else name] = _body(batch)
    return bodies


def _body(graphs: Sequence[Graph]) -> str:
    a_row = _COLUMNS // _WIDTH
    widgets = [
        {
            "type": "metric",
            "x": place % a_row * _WIDTH,
            "y": place // a_row * _HEIGHT,
            "width": _WIDTH,
            "height": _HEIGHT,
            "properties": graph,
        }
        for place, graph in enumerate(graphs)
    ]
    body = {"start": "-PT3H", "periodOverride": "inherit", "widgets": widgets}
    return encoded(body).decode()


def _traffic(rules: Sequence[ExplicitRule], region: str) -> Iterator[Graph]:
    """Every rule's metrics, a line a rule. A graph holds 500 metrics."""
    rules = [rule for rule in rules if REFERENCE not in f"{rule.bus}/{rule.rule}"]
    for metric in aws.RULE_METRICS:
        for start in range(0, len(rules), MAX_WIDGETS):
            some = rules[start : start + MAX_WIDGETS]
            lines = [
                [*_metric(rule_series(metric, rule)), {"label": f"{rule.bus}/{rule.rule}"}]
                for rule in some
            ]
            twin = metric.twin
            yield _graph(f"{twin.metric} by rule", lines, region, twin.statistic, _PERIOD)


def _of_alarm(alarm: MetricAlarm, region: str) -> Graph:
    watched = alarm.watched
    if isinstance(watched, AlarmSeries):
        lines: list[list[Any]] = [_metric(watched)]
        statistic = watched.statistic
    else:
        lines = _formula_lines(watched)
        statistic = watched.inputs[0][1].statistic
    above = alarm.comparison == "GreaterThanThreshold"
    return {
        **_graph(alarm.name, lines, region, statistic, alarm.period),
        "annotations": {
            "horizontal": [
                {
                    "label": "alarm",
                    "value": alarm.threshold,
                    "fill": "above" if above else "below",
                }
            ]
        },
    }


def _formula_lines(formula: Formula) -> list[list[Any]]:
    """The result as a line; what goes into it is there and not drawn."""
    inputs = [[*_metric(series), {"id": key, "visible": False}] for key, series in formula.inputs]
    steps = [[{"id": key, "expression": text, "visible": False}] for key, text in formula.steps]
    key, text = formula.steps[-1]
    steps[-1] = [{"id": key, "expression": text, "label": formula.label}]
    return [*inputs, *steps]


def _metric(series: AlarmSeries) -> list[Any]:
    return [
        series.namespace,
        series.metric,
        *(text for dimension in series.dimensions for text in dimension),
    ]


def _graph(title: str, lines: list[Any], region: str, statistic: str, period: int) -> Graph:
    return {
        "title": title,
        "view": "timeSeries",
        "region": region,
        "stat": statistic,
        "period": period,
        "metrics": lines,
        "yAxis": {"left": {"min": 0}},
    }
