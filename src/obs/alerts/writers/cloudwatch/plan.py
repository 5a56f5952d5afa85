"""Alarms as parameters of PutMetricAlarm and PutCompositeAlarm, for boto3 and other clients."""

from typing import Any, assert_never

from obs.alerts.writers.cloudwatch.alarm import (
    Alarm,
    AlarmSeries,
    CompositeAlarm,
    Formula,
    MetricAlarm,
    Pairs,
)
from obs.spec.regions import partition

Parameters = dict[str, Any]

ACCOUNT = "${AccountId}"
"""Stands for the account's number, which a spec does not know, in the ARNs of topics."""


def parameters(alarm: Alarm, region: str) -> Parameters:
    """The parameters of the call that makes this alarm."""
    topics = [topic_arn(topic, region) for topic in alarm.topics]
    common: Parameters = {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AlarmActions": topics,
        "OKActions": topics,
        "Tags": pairs(alarm.tags, "Key"),
    }
    match alarm:
        case CompositeAlarm():
            return {**common, "AlarmRule": alarm.rule}
        case MetricAlarm():
            return {**common, **evaluation(alarm), **watched(alarm)}
        case _:
            assert_never(alarm)


def topic_arn(topic: str, region: str) -> str:
    """The ARN of a topic given by name or ARN."""
    if topic.startswith("arn:"):
        return topic
    return f"arn:{partition(region)}:sns:{region}:{ACCOUNT}:{topic}"


def evaluation(alarm: MetricAlarm) -> Parameters:
    """When a metric alarm is in ALARM, in the words of the API."""
    return {
        "ComparisonOperator": alarm.comparison,
        "Threshold": alarm.threshold,
        "EvaluationPeriods": alarm.periods,
        "DatapointsToAlarm": alarm.periods,
        "TreatMissingData": alarm.missing,
    }


def watched(alarm: MetricAlarm) -> Parameters:
    """What a metric alarm reads, in the words of the API and of CloudFormation."""
    if isinstance(alarm.watched, Formula):
        return {"Metrics": _queries(alarm.watched, alarm.period)}
    series = alarm.watched
    return {
        **_metric(series),
        "Statistic": series.statistic,
        "Period": alarm.period,
        **({"Unit": series.unit} if series.unit else {}),
    }


def pairs(values: Pairs, key: str) -> list[dict[str, str]]:
    """Tags or dimensions as AWS lists them."""
    return [{key: name, "Value": value} for name, value in values]


def _queries(formula: Formula, period: int) -> list[Parameters]:
    inputs = [
        {
            "Id": key,
            "MetricStat": {
                "Metric": _metric(series),
                "Period": period,
                "Stat": series.statistic,
                **({"Unit": series.unit} if series.unit else {}),
            },
            "ReturnData": False,
        }
        for key, series in formula.inputs
    ]
    last, expression = formula.steps[-1]
    steps = [{"Id": key, "Expression": text, "ReturnData": False} for key, text in formula.steps]
    steps[-1] = {"Id": last, "Expression": expression, "Label": formula.label, "ReturnData": True}
    return [*inputs, *steps]


def _metric(series: AlarmSeries) -> Parameters:
    return {
        "Namespace": series.namespace,
        "MetricName": series.metric,
        "Dimensions": pairs(series.dimensions, "Name"),
    }
