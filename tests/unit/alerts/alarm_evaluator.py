"""An evaluator of CloudWatch alarms on fed data points: the oracle of the tests beside it.

It reads what is sent to AWS (parameters of PutMetricAlarm and PutCompositeAlarm) and nothing of
obs. Periods end at the minute of evaluation. Missing data: CloudWatch user guide, "Configuring how
alarms treat missing data"; two periods more than are judged are looked at, as in its tables.
"""

import ast
import operator
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

OK, ALARM, INSUFFICIENT = "OK", "ALARM", "INSUFFICIENT_DATA"
MINUTE = 60
LOOKED_AT_MORE = 2

Parameters = Mapping[str, Any]
Point = float | None
Key = tuple[str, str, frozenset[tuple[str, str]]]

STATISTICS: dict[str, Callable[[Sequence[float]], float]] = {
    "Sum": sum,
    "Maximum": max,
    "Minimum": min,
    "SampleCount": len,
}
BEYOND = {"GreaterThanThreshold": operator.gt, "LessThanThreshold": operator.lt}
OPERATORS: dict[type[ast.AST], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Gt: lambda a, b: float(a > b),
    ast.GtE: lambda a, b: float(a >= b),
    ast.Eq: lambda a, b: float(a == b),
}


class CloudWatch:
    """Metrics with their data points, and alarms with their states."""

    def __init__(self, *plans: Mapping[str, Any]) -> None:
        self.metric = {a["AlarmName"]: a for plan in plans for a in plan["PutMetricAlarm"]}
        self.composite = {a["AlarmName"]: a for plan in plans for a in plan["PutCompositeAlarm"]}
        self.states = dict.fromkeys((*self.metric, *self.composite), INSUFFICIENT)
        self._points: dict[Key, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))

    def put(self, metric: str, minutes: Iterable[int], value: float, **dimensions: str) -> None:
        """A data point of this value in each of these minutes.

        Namespaces follow the metric and its dimensions.
        """
        series = self._points[_key(_namespace(metric, dimensions), metric, dimensions)]
        for minute in minutes:
            series[minute].append(value)

    def run(self, *, until: int, since: int = 0) -> None:
        """Evaluate every alarm each minute, at the end of it."""
        for minute in range(since, until):
            self.evaluate(minute)

    def evaluate(self, minute: int) -> dict[str, str]:
        """The states after this minute."""
        for name, alarm in self.metric.items():
            self.states[name] = self._state(alarm, minute + 1)
        for name, alarm in self.composite.items():  # children come before their parents
            self.states[name] = ALARM if self._rule(alarm["AlarmRule"]) else OK
        return dict(self.states)

    def firing(self) -> set[str]:
        """The names of the alarms in ALARM that tell somebody."""
        every = {**self.metric, **self.composite}
        return {
            name
            for name, state in self.states.items()
            if state == ALARM and every[name]["AlarmActions"]
        }

    def _state(self, alarm: Parameters, end: int) -> str:
        beyond = BEYOND[alarm["ComparisonOperator"]]
        number = alarm["EvaluationPeriods"] + LOOKED_AT_MORE
        breaches = [
            None if point is None else beyond(point, alarm["Threshold"])
            for point in self._values(alarm, end, number)
        ]
        return state(
            breaches,
            alarm["EvaluationPeriods"],
            alarm["DatapointsToAlarm"],
            alarm["TreatMissingData"],
            self.states[alarm["AlarmName"]],
        )

    def _values(self, alarm: Parameters, end: int, number: int) -> list[Point]:
        if "Metrics" not in alarm:
            return self._series(alarm, alarm["Statistic"], alarm["Period"], end, number)
        known: dict[str, list[Point]] = {}
        for query in alarm["Metrics"]:
            stat = query.get("MetricStat")
            if stat:
                known[query["Id"]] = self._series(
                    stat["Metric"], stat["Stat"], stat["Period"], end, number
                )
            else:
                tree = ast.parse(query["Expression"], mode="eval").body
                known[query["Id"]] = _evaluated(tree, known, number)
        returned = [query["Id"] for query in alarm["Metrics"] if query.get("ReturnData", True)]
        assert len(returned) == 1, returned
        return known[returned[0]]

    def _series(
        self, metric: Parameters, statistic: str, period: int, end: int, number: int
    ) -> list[Point]:
        dimensions = {each["Name"]: each["Value"] for each in metric["Dimensions"]}
        points = self._points.get(_key(metric["Namespace"], metric["MetricName"], dimensions), {})
        minutes = period // MINUTE
        values: list[Point] = []
        for place in range(number, 0, -1):
            start = end - place * minutes
            samples = [v for m in range(start, start + minutes) for v in points.get(m, ())]
            values.append(STATISTICS[statistic](samples) if samples else None)
        return values

    def _rule(self, rule: str) -> bool:
        names = re.findall(r'ALARM\("([^"]+)"\)', rule)
        operators = set(re.sub(r'ALARM\("[^"]+"\)', "", rule).split())
        assert operators in ({"AND"}, {"OR"}, set()), rule
        judged = any if operators == {"OR"} else all
        return judged(self.states[name] == ALARM for name in names)


def state(breaches: Sequence[bool | None], n: int, m: int, missing: str, before: str) -> str:
    """The state of an alarm on M of N data points, oldest first; None is a missing one."""
    real = [breach for breach in breaches if breach is not None]
    if len(real) >= n:
        return ALARM if sum(real[-n:]) >= m else OK
    if missing in ("breaching", "notBreaching"):
        filled = (n - len(real)) * (missing == "breaching")
        return ALARM if sum(real) + filled >= m else OK
    if sum(real) >= m:
        return ALARM
    if not all(real):
        return OK
    if missing == "ignore":
        return before
    # Breaching points only: an alarm begins once they are older than the newest period.
    return ALARM if real and breaches[-1] is None else INSUFFICIENT


def _evaluated(tree: ast.expr, known: Mapping[str, list[Point]], number: int) -> list[Point]:
    def value(node: ast.expr) -> list[Point]:
        return _evaluated(node, known, number)

    match tree:
        case ast.Constant(value=int() | float() as constant):
            return [float(constant)] * number
        case ast.Name(id=name):
            return known[name]
        case ast.BinOp(left=left, op=op, right=right):
            return _pointwise(OPERATORS[type(op)], value(left), value(right))
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return _pointwise(OPERATORS[type(op)], value(left), value(right))
        case ast.Call(
            func=ast.Name(id="FILL"),
            args=[inner, ast.Constant(value=int() | float() as filler)],
        ):
            return [filler if point is None else point for point in value(inner)]
        case ast.Call(func=ast.Name(id="IF"), args=[condition, yes, no]):
            columns = zip(value(condition), value(yes), value(no), strict=True)
            return [None if c is None else (a if c else b) for c, a, b in columns]
        case ast.Call(func=ast.Name(id="SUM" | "MAX" as name), args=[ast.List(elts=members)]):
            joined = sum if name == "SUM" else max
            rows = zip(*map(value, members), strict=True)
            return [None if None in row else joined(row) for row in rows]
    raise ValueError(f"no metric math that this evaluator knows: {ast.unparse(tree)}")


def _pointwise(
    function: Callable[[float, float], float], left: Sequence[Point], right: Sequence[Point]
) -> list[Point]:
    return [
        None
        if a is None or b is None or (function is operator.truediv and b == 0)
        else function(a, b)
        for a, b in zip(left, right, strict=True)
    ]


def _key(namespace: str, metric: str, dimensions: Mapping[str, str]) -> Key:
    return namespace, metric, frozenset(dimensions.items())


def _namespace(metric: str, dimensions: Mapping[str, str]) -> str:
    if "FunctionName" in dimensions:
        return "AWS/Lambda"
    if "TopicName" in dimensions:
        return "AWS/SNS"
    if metric.startswith(("Consumer", "Server", "Stream", "Obs", "Slo")):
        return "OMS/Events"
    return "AWS/SQS" if metric.startswith("Approximate") else "AWS/Events"
