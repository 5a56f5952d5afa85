"""CloudWatch alarms and dashboards as CloudFormation templates in JSON."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from obs.alerts.writers.cloudwatch import Alarm, CompositeAlarm, Group, MetricAlarm
from obs.alerts.writers.cloudwatch_plan import evaluation, pairs, watched
from obs.errors import BadInput

MAX_RESOURCES: Final = 500
MAX_BYTES: Final = 1_000_000
"""Of a template in S3; one in the request itself may have 51 200."""

_ACTIONS: Final = frozenset(("AlarmActions", "OKActions"))
_FRAME: Final = 2_000  # bytes of a template without resources, generously

Resources = dict[str, dict[str, Any]]
Parameter = tuple[str, dict[str, str], dict[str, str]]


def templates(
    groups: Sequence[Group], dashboards: Mapping[str, str], title: str
) -> list[dict[str, Any]]:
    """Templates that each stay within the limits; alarms that belong together stay together.

    `dashboards` are bodies by name. Raises BadInput where one group alone is too large.
    """
    parts = [_resources(group) for group in groups]
    parts += [_dashboard(name, body) for name, body in dashboards.items()]
    batches: list[Resources] = []
    size = MAX_BYTES
    for part in parts:
        more = len(json_text(part))
        if len(part) > MAX_RESOURCES or more + _FRAME > MAX_BYTES:
            raise BadInput(
                f"cloudwatch: {next(iter(part))} and what belongs to it do not fit one template; "
                "split the bus in two sources"
            )
        if size + more > MAX_BYTES or len(batches[-1]) + len(part) > MAX_RESOURCES:
            batches.append({})
            size = _FRAME
        clash = batches[-1].keys() & part.keys()
        if clash:
            raise BadInput(f"cloudwatch: two resources would be called {min(clash)}; rename one")
        batches[-1].update(part)
        size += more
    return [_template(resources, title) for resources in batches]


def json_text(document: object) -> str:
    """A document as JSON: always the same bytes."""
    return msgspec.json.format(msgspec.json.encode(document), indent=1).decode() + "\n"


def logical_id(name: str) -> str:
    """An alarm's name as CloudFormation takes it: letters and digits."""
    words = re.findall(r"[A-Za-z0-9]+", name)
    return "".join(word[0].upper() + word[1:] for word in words)


def _template(resources: Resources, title: str) -> dict[str, Any]:
    topics = _topics(resources)
    parameters = {name: definition for name, definition, _ in topics.values()}
    for resource in resources.values():
        for field in _ACTIONS & resource["Properties"].keys():
            told = resource["Properties"][field]
            resource["Properties"][field] = [topics[topic][2] for topic in told]
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": title,
        **({"Parameters": parameters} if parameters else {}),
        "Resources": resources,
    }


def _topics(resources: Resources) -> dict[str, Parameter]:
    """A parameter for each topic that is told, by topic."""
    found: dict[str, Parameter] = {}
    for resource in resources.values():
        for topic in resource["Properties"].get("AlarmActions", ()):
            if topic not in found:
                found[topic] = _parameter(topic, len(found) + 1)
    return found


def _parameter(topic: str, number: int) -> Parameter:
    """Name, definition and use: the spec's topic is what it is unless the stack says otherwise."""
    suffix = str(number) if number > 1 else ""
    definition = {"Type": "String", "Default": topic, "Description": "SNS topic that alarms tell"}
    if topic.startswith("arn:"):
        name = f"AlertTopicArn{suffix}"
        return name, {**definition, "AllowedPattern": "arn:aws[a-z-]*:sns:.+"}, {"Ref": name}
    name = f"AlertTopicName{suffix}"
    arn = f"arn:${{AWS::Partition}}:sns:${{AWS::Region}}:${{AWS::AccountId}}:${{{name}}}"
    return name, definition, {"Fn::Sub": arn}


def _resources(group: Group) -> Resources:
    """The alarms of a group; a composite is made after its children."""
    names = {alarm.name for alarm in group}
    return {logical_id(alarm.name): _resource(alarm, names) for alarm in group}


def _resource(alarm: Alarm, within: set[str]) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
    }
    if alarm.topics:
        properties |= {"AlarmActions": list(alarm.topics), "OKActions": list(alarm.topics)}
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


def _dashboard(name: str, body: str) -> Resources:
    return {
        f"{logical_id(name)}Dashboard": {
            "Type": "AWS::CloudWatch::Dashboard",
            "Properties": {"DashboardName": name, "DashboardBody": body},
        }
    }
