"""CloudWatch alarms and dashboards as CloudFormation templates in JSON."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from obs.alerts.writers.cloudwatch.alarm import Alarm, CompositeAlarm, Group, MetricAlarm
from obs.alerts.writers.cloudwatch.plan import evaluation, pairs, watched
from obs.alerts.writers.lines import encoded, json_lines
from obs.errors import BadInput
from obs.ids import short_digest

MAX_RESOURCES: Final = 500
MAX_BYTES: Final = 1_000_000
"""Of a template in S3."""
DIRECT_BYTES: Final = 51_200
"""Of a template that is handed over in the request itself."""

_FRAME: Final = 10_000  # bytes of a template without resources, generously
_AROUND: Final = 10  # bytes around a resource and its name
_LEVELS: Final = 2
_LONGEST_ID: Final = 230  # of 255; a digest and what the resource is may follow

Resources = dict[str, msgspec.Raw]


@dataclass(frozen=True, slots=True)
class _Parameter:
    """The input that a topic is; `used` stands for it in a resource."""

    name: str
    definition: dict[str, str]
    used: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Part:
    """Resources that belong together, how long they are, and the topics they tell."""

    resources: Resources
    size: int
    topics: tuple[str, ...] = ()


def alarm_templates(groups: Sequence[Group], title: str) -> list[str]:
    """Templates that each stay within the limits; alarms that belong together stay together.

    Raises BadInput where one group alone is too large.
    """
    parameters = _parameters(topic for group in groups for alarm in group for topic in alarm.topics)
    parts = (_alarms(group, parameters) for group in groups)
    return [_template(batch, parameters, title) for batch in _batches(parts)]


def dashboard_template(name: str, body: str, title: str) -> str:
    """The template of a dashboard, apart from the alarms: most fit a request so, and neither
    stack changes with the other.
    """
    resource = {
        "Type": "AWS::CloudWatch::Dashboard",
        "Properties": {"DashboardName": name, "DashboardBody": body},
    }
    return _template([_part({f"{logical_id(name)}Dashboard": encoded(resource)})], {}, title)


def logical_id(name: str) -> str:
    """A resource's id, of letters and digits: the words of the alarm's name, each capitalised.

    Where these do not say which name it was, a digest of the name follows: no two names have the
    same id, in whatever template.
    """
    words = re.findall(r"[A-Za-z0-9]+", name)
    plain = "".join(word[0].upper() + word[1:] for word in words)
    if len(plain) <= _LONGEST_ID and _named_by(plain) == name:
        return plain
    return f"{plain[:_LONGEST_ID]}{short_digest(name)}"


def _named_by(plain: str) -> str:
    """The name in small letters, its words joined by -, from which such an id is made."""
    return "-".join(re.findall(r"[A-Z][a-z]*|[0-9]+[a-z]*", plain)).lower()


def _batches(parts: Iterable[_Part]) -> list[list[_Part]]:
    batches: list[list[_Part]] = []
    resources: set[str] = set()
    size = MAX_BYTES
    for part in parts:
        if len(part.resources) > MAX_RESOURCES or part.size + _FRAME > MAX_BYTES:
            raise BadInput(
                f"cloudwatch: {next(iter(part.resources))} and its dependents do not fit in one "
                "template; split the bus into two sources"
            )
        if size + part.size > MAX_BYTES or len(resources) + len(part.resources) > MAX_RESOURCES:
            batches.append([])
            resources, size = set(), _FRAME
        if clash := resources & part.resources.keys():
            raise BadInput(f"cloudwatch: two resources would be called {min(clash)}; rename one")
        batches[-1].append(part)
        resources |= part.resources.keys()
        size += part.size
    return batches


def _template(parts: Sequence[_Part], parameters: Mapping[str, _Parameter], title: str) -> str:
    topics = {topic for part in parts for topic in part.topics}
    inputs = {each.name: each.definition for topic, each in parameters.items() if topic in topics}
    document = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": title,
        **({"Parameters": inputs} if inputs else {}),
        "Resources": {name: raw for part in parts for name, raw in part.resources.items()},
    }
    return json_lines(document, _LEVELS)


def _parameters(topics: Iterable[str]) -> dict[str, _Parameter]:
    """A parameter for each SNS topic, by topic."""
    return {
        topic: _parameter(topic, str(number) if number > 1 else "")
        for number, topic in enumerate(dict.fromkeys(topics), 1)
    }


def _parameter(topic: str, suffix: str) -> _Parameter:
    """The spec's topic is what it is unless the stack says otherwise."""
    definition = {"Type": "String", "Default": topic, "Description": "SNS topic that alarms notify"}
    if topic.startswith("arn:"):
        name = f"AlertTopicArn{suffix}"
        definition["AllowedPattern"] = "arn:aws[a-z-]*:sns:.+"
        return _Parameter(name, definition, {"Ref": name})
    name = f"AlertTopicName{suffix}"
    arn = f"arn:${{AWS::Partition}}:sns:${{AWS::Region}}:${{AWS::AccountId}}:${{{name}}}"
    return _Parameter(name, definition, {"Fn::Sub": arn})


def _alarms(group: Group, parameters: Mapping[str, _Parameter]) -> _Part:
    """The alarms of a group; a composite is made after its children."""
    names = {alarm.name for alarm in group}
    resources = {
        logical_id(alarm.name): encoded(_resource(alarm, names, parameters)) for alarm in group
    }
    return _part(resources, tuple(topic for alarm in group for topic in alarm.topics))


def _part(resources: Mapping[str, bytes], topics: tuple[str, ...] = ()) -> _Part:
    size = sum(len(name) + len(text) + _AROUND for name, text in resources.items())
    return _Part({name: msgspec.Raw(text) for name, text in resources.items()}, size, topics)


def _resource(
    alarm: Alarm, within: set[str], parameters: Mapping[str, _Parameter]
) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
    }
    if alarm.topics:
        told = [parameters[topic].used for topic in alarm.topics]
        properties |= {"AlarmActions": told, "OKActions": told}
    properties["Tags"] = pairs(alarm.tags, "Key")
    if isinstance(alarm, MetricAlarm):
        properties |= {**evaluation(alarm), **watched(alarm)}
        return {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}
    assert isinstance(alarm, CompositeAlarm)
    return {
        "Type": "AWS::CloudWatch::CompositeAlarm",
        "DependsOn": sorted(logical_id(child) for child in alarm.children if child in within),
        "Properties": {**properties, "AlarmRule": alarm.rule},
    }
