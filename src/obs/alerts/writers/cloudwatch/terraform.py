"""CloudWatch alarms and dashboards as a Terraform configuration in JSON, for provider aws 5."""

import re
from collections.abc import Container, Mapping, Sequence
from typing import Any, Final

from msgspec import Raw

from obs.alerts.writers.cloudwatch.alarm import (
    Alarm,
    AlarmSeries,
    CompositeAlarm,
    Formula,
    MetricAlarm,
)
from obs.alerts.writers.lines import encoded, json_lines
from obs.ids import short_digest

_LEVELS: Final = 3
_OUTSIDE: Final = re.compile(r"[^A-Za-z0-9_-]")

Block = dict[str, Any]


def configuration(alarms: Sequence[Alarm], dashboards: Mapping[str, str], title: str) -> str:
    """One module, whose inputs are the SNS topics. `dashboards`: bodies by name."""
    topics = _topics(alarms)
    metric: dict[str, Raw] = {}
    composite: dict[str, Raw] = {}
    for alarm in alarms:
        common = _common(alarm, topics)
        if isinstance(alarm, MetricAlarm):
            block = {**common, **_metric_alarm(alarm)}
            metric[resource_id(alarm.name)] = Raw(encoded(block))
        else:
            block = {**common, **_composite(alarm, metric)}
            composite[resource_id(alarm.name)] = Raw(encoded(block))
    boards = {
        resource_id(name): {"dashboard_name": literal(name), "dashboard_body": literal(body)}
        for name, body in dashboards.items()
    }
    resources = {
        "aws_cloudwatch_metric_alarm": metric,
        "aws_cloudwatch_composite_alarm": composite,
        "aws_cloudwatch_dashboard": boards,
    }
    document = {
        "//": title,
        "terraform": {
            "required_version": ">= 1.0",
            "required_providers": {"aws": {"source": "hashicorp/aws", "version": ">= 5.0"}},
        },
        **_inputs(topics),
        "resource": {kind: blocks for kind, blocks in resources.items() if blocks},
    }
    return json_lines(document, _LEVELS)


def resource_id(name: str) -> str:
    """A resource's id: the alarm's name where Terraform takes it, else with a digest of it.

    Terraform takes letters, digits, _ and -, and no digit first.
    """
    plain = _OUTSIDE.sub("_", name)
    text = plain if plain == name else f"{plain}_{short_digest(name)}"
    return text if text[0].isalpha() else f"_{text}"


def literal(text: str) -> str:
    """A text in which Terraform finds no template: `${` and `%{` are doubled."""
    return text.replace("${", "$${").replace("%{", "%%{")


def _topics(alarms: Sequence[Alarm]) -> dict[str, str]:
    """The variable's name for each SNS topic, by topic."""
    topics = list(dict.fromkeys(topic for alarm in alarms for topic in alarm.topics))
    return {
        topic: f"alert_topic_{'arn' if topic.startswith('arn:') else 'name'}"
        + (f"_{number}" if number > 1 else "")
        for number, topic in enumerate(topics, 1)
    }


def _inputs(topics: Mapping[str, str]) -> Block:
    """The spec's topic is what it is unless the module's caller says otherwise."""
    variables = {
        name: {"type": "string", "default": topic, "description": "SNS topic that alarms notify"}
        for topic, name in topics.items()
    }
    lookups = {
        name: {"name": f"${{var.{name}}}"}
        for topic, name in topics.items()
        if not topic.startswith("arn:")
    }
    return {
        **({"variable": variables} if variables else {}),
        **({"data": {"aws_sns_topic": lookups}} if lookups else {}),
    }


def _common(alarm: Alarm, topics: Mapping[str, str]) -> Block:
    told = [
        f"${{var.{topics[topic]}}}"
        if topic.startswith("arn:")
        else f"${{data.aws_sns_topic.{topics[topic]}.arn}}"
        for topic in alarm.topics
    ]
    return {
        "alarm_name": literal(alarm.name),
        "alarm_description": literal(alarm.description),
        **({"alarm_actions": told, "ok_actions": told} if told else {}),
        "tags": {literal(key): literal(value) for key, value in alarm.tags},
    }


def _composite(alarm: CompositeAlarm, metric: Container[str]) -> Block:
    children = [resource_id(child) for child in alarm.children]
    kinds = [
        "aws_cloudwatch_metric_alarm" if child in metric else "aws_cloudwatch_composite_alarm"
        for child in children
    ]
    return {
        "alarm_rule": literal(alarm.rule),
        "depends_on": [f"{kind}.{child}" for kind, child in zip(kinds, children, strict=True)],
    }


def _metric_alarm(alarm: MetricAlarm) -> Block:
    return {
        "comparison_operator": alarm.comparison,
        "threshold": alarm.threshold,
        "evaluation_periods": alarm.periods,
        "datapoints_to_alarm": alarm.periods,
        "treat_missing_data": alarm.missing,
        **_watched(alarm),
    }


def _watched(alarm: MetricAlarm) -> Block:
    if isinstance(alarm.watched, Formula):
        return {"metric_query": _queries(alarm.watched, alarm.period)}
    return {
        **_metric(alarm.watched, alarm.period),
        "statistic": alarm.watched.statistic,
    }


def _queries(formula: Formula, period: int) -> list[Block]:
    inputs: list[Block] = [
        {"id": key, "metric": [{**_metric(series, period), "stat": series.statistic}]}
        for key, series in formula.inputs
    ]
    steps: list[Block] = [{"id": key, "expression": literal(text)} for key, text in formula.steps]
    steps[-1] |= {"label": literal(formula.label), "return_data": True}
    return [*inputs, *steps]


def _metric(series: AlarmSeries, period: int) -> Block:
    return {
        "namespace": series.namespace,
        "metric_name": series.metric,
        "dimensions": {name: literal(value) for name, value in series.dimensions},
        "period": period,
        **({"unit": series.unit} if series.unit else {}),
    }
