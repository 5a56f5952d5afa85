"""The evaluator itself, on the tables of the CloudWatch user guide and on metric math by hand."""

from typing import Any

import pytest

from tests.unit.alerts.alarm_evaluator import ALARM, INSUFFICIENT, OK, CloudWatch, state

KEPT = "what it was"


def points(text: str) -> list[bool | None]:
    return [{"0": False, "X": True, "-": None}[letter] for letter in text.split()]


@pytest.mark.parametrize(
    ("shown", "m", "missing", "ignore", "breaching", "not_breaching"),
    [
        ("0 - X - X", 3, OK, OK, OK, OK),
        ("- - - - -", 3, INSUFFICIENT, KEPT, ALARM, OK),
        ("0 X X - X", 3, ALARM, ALARM, ALARM, ALARM),
        ("- - - - X", 3, INSUFFICIENT, KEPT, ALARM, OK),
        ("X - - - -", 3, ALARM, KEPT, ALARM, OK),
        ("0 - X - X", 2, ALARM, ALARM, ALARM, ALARM),
        ("0 0 X 0 X", 2, ALARM, ALARM, ALARM, ALARM),
        ("0 - X - -", 2, OK, OK, ALARM, OK),
        ("- - - - 0", 2, OK, OK, ALARM, OK),
        ("- - - - X", 2, INSUFFICIENT, KEPT, ALARM, OK),
    ],
)
def test_missing_data_is_treated_as_in_the_tables_of_the_user_guide(
    shown: str, m: int, missing: str, ignore: str, breaching: str, not_breaching: str
) -> None:
    modes = ("missing", "ignore", "breaching", "notBreaching")
    found = [state(points(shown), 3, m, mode, KEPT) for mode in modes]
    assert found == [missing, ignore, breaching, not_breaching]


def query(expression: str, period: int = 60) -> dict[str, Any]:
    def metric(key: str, name: str) -> dict[str, Any]:
        named = {"Namespace": "AWS/Events", "MetricName": name, "Dimensions": []}
        return {
            "Id": key,
            "MetricStat": {"Metric": named, "Period": period, "Stat": "Sum"},
            "ReturnData": False,
        }

    alarm = {
        "AlarmName": "it",
        "AlarmActions": ["somebody"],
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 10,
        "EvaluationPeriods": 1,
        "DatapointsToAlarm": 1,
        "TreatMissingData": "notBreaching",
        "Metrics": [
            metric("a", "A"),
            metric("b", "B"),
            {"Id": "e", "Expression": expression, "ReturnData": True},
        ],
    }
    return {"PutMetricAlarm": [alarm], "PutCompositeAlarm": []}


@pytest.mark.parametrize(
    ("expression", "a", "b", "expected"),
    [
        ("a + b", 5, 6, ALARM),
        ("a + b", 5, 5, OK),
        ("a + b", 500, None, OK),
        ("SUM([FILL(a, 0), FILL(b, 0)])", 11, None, ALARM),
        ("SUM([a, b])", 11, None, OK),
        ("MAX([FILL(a, 0), b])", None, 11, ALARM),
        ("IF(b > 0, 100 * a / b, 0)", 3, 20, ALARM),
        ("IF(b > 0, 100 * a / b, 0)", 2, 20, OK),
        ("IF(FILL(b, 0) >= 1, 100 * a / b, 0)", 3, None, OK),
        ("100 * a / b", 3, 0, OK),
    ],
)
def test_metric_math_is_done_point_by_point_and_missing_stays_missing(
    expression: str, a: float | None, b: float | None, expected: str
) -> None:
    aws = CloudWatch(query(expression))
    for name, value in (("A", a), ("B", b)):
        if value is not None:
            aws.put(name, [9], value)
    assert aws.evaluate(9)["it"] == expected


def test_periods_add_up_their_minutes() -> None:
    aws = CloudWatch(query("a", period=300))
    aws.put("A", range(5, 10), 2.1)
    assert [aws.evaluate(minute)["it"] for minute in (8, 9, 10)] == [OK, ALARM, OK]
