"""Alarms in comparable form: as the spec builds them, and as CloudWatch describes them."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from obs.alerts.writers.cloudwatch.plan import ACCOUNT
from obs.stacks.aws import OWNER

Alarm = dict[str, Any]
Described = tuple[dict[str, Any], dict[str, str]]
"""An alarm as CloudWatch describes it, and its tags."""

RULE: Final = "AlarmRule"
TAGS: Final = "Tags"

_SETTINGS: Final = (
    "AlarmName",
    "AlarmDescription",
    "ActionsEnabled",
    "AlarmActions",
    "OKActions",
    "InsufficientDataActions",
    RULE,
    "ActionsSuppressor",
    "ComparisonOperator",
    "Threshold",
    "EvaluationPeriods",
    "DatapointsToAlarm",
    "TreatMissingData",
    "EvaluateLowSampleCountPercentile",
    "Namespace",
    "MetricName",
    "Dimensions",
    "Statistic",
    "ExtendedStatistic",
    "Period",
    "Unit",
    "Metrics",
    "ThresholdMetricId",
)
"""The fields that a request sets; CloudWatch adds all others."""
_CHILD: Final = re.compile(r'(?:ALARM|OK|INSUFFICIENT_DATA)\(\s*"?([^")]+?)"?\s*\)')


def wanted_alarm(parameters: Mapping[str, Any], account: str, owner: str) -> Alarm:
    """The alarm to apply in this account, with the owner's tag."""
    actions = {
        field: [topic.replace(ACCOUNT, account) for topic in parameters[field]]
        for field in ("AlarmActions", "OKActions")
    }
    tags = {each["Key"]: each["Value"] for each in parameters[TAGS]}
    alarm = {**parameters, **actions, "ActionsEnabled": True}
    return {**_settings(alarm), TAGS: {**tags, OWNER: owner}}


def described(found: Mapping[str, Any], tags: Mapping[str, str], wanted: Alarm | None) -> Alarm:
    """The present alarm, with only those tags that are wanted; others may add theirs."""
    keys = wanted[TAGS] if wanted is not None else {}
    return {**_settings(found), TAGS: {key: tags[key] for key in keys if key in tags}}


def put_parameters(alarm: Alarm, *, new: bool) -> dict[str, Any]:
    """The parameters of PutMetricAlarm or PutCompositeAlarm."""
    parameters = {key: value for key, value in alarm.items() if key != TAGS}
    return {**parameters, TAGS: tag_list(alarm[TAGS])} if new else parameters


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags in the form of AWS."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def parents_first(alarms: Sequence[Described]) -> list[Described]:
    """An order in which all can be deleted: composites before the alarms they refer to."""
    by_name = {alarm["AlarmName"]: (alarm, tags) for alarm, tags in alarms}
    ordered: dict[str, Described] = {}

    def visit(name: str, trail: frozenset[str]) -> None:
        if name not in by_name or name in ordered or name in trail:
            return
        for child in _CHILD.findall(by_name[name][0].get(RULE, "")):
            visit(child, trail | {name})
        ordered[name] = by_name[name]

    for name in by_name:
        visit(name, frozenset())
    return list(reversed(ordered.values()))


def _settings(alarm: Mapping[str, Any]) -> Alarm:
    found = {key: alarm.get(key) for key in _SETTINGS}
    for key in ("Dimensions", "Metrics"):
        if found[key]:
            found[key] = _ordered(found[key])
    return {key: value for key, value in found.items() if value not in (None, "", [])}


def _ordered(value: Any) -> Any:
    """Dimensions by name and metrics by id: CloudWatch does not preserve order."""
    if isinstance(value, Mapping):
        return {key: _ordered(below) for key, below in sorted(value.items())}
    if isinstance(value, list):
        return sorted(
            map(_ordered, value), key=lambda each: str(each.get("Id") or each.get("Name"))
        )
    return value
