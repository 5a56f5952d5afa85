"""CloudWatch and Amazon Managed Prometheus in memory, as strict as AWS' own API description.

What is asked is judged by botocore's model of the service; what is answered is what AWS says it
answers: tags count on creation only, one composite alarm is deleted at a time and none that
another refers to, rules are read after they were taken.
"""

# ruff: noqa: N803  the names are AWS' own
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import botocore.session
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from obs.errors import SourceError

ACCOUNT = "123456789012"
Json = dict[str, Any]


@cache
def model(service: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(service)


def refused(message: str) -> SourceError:
    return SourceError("http_status", message)


@dataclass
class AwsAccount:
    """One account; `throttled` requests are refused first, all after `most` are cut off."""

    alarms: dict[str, Json] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    dashboards: dict[str, str] = field(default_factory=dict)
    namespaces: dict[str, Json] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    throttled: int = 0
    most: int = 1_000_000
    closed: bool = False

    def call(self, service: str, operation: str, **parameters: Any) -> Json:
        shape = model(service).operation_model(operation).input_shape
        if shape is not None:
            report = ParamValidator().validate(parameters, shape)
            assert not report.has_errors(), report.generate_report()
        if self.throttled:
            self.throttled -= 1
            raise SourceError("throttled", f"{operation}: throttled by AWS (Throttling)")
        if self.writes() >= self.most:
            raise SourceError("connection", f"{operation}: cannot reach AWS")
        self.calls.append(operation)
        answer: Json = getattr(self, f"_{re.sub('(?<!^)(?=[A-Z])', '_', operation).lower()}")(
            **parameters
        )
        return answer

    def close(self) -> None:
        self.closed = True

    def writes(self) -> int:
        """How many requests changed something."""
        return sum(not name.startswith(("Describe", "List", "Get")) for name in self.calls)

    def _get_caller_identity(self) -> Json:
        return {"Account": ACCOUNT}

    def _put_metric_alarm(self, **parameters: Any) -> Json:
        if "Metrics" in parameters and "MetricName" in parameters:
            raise refused("ValidationError: Metrics and MetricName exclude each other")
        return self._put(parameters)

    def _put_composite_alarm(self, **parameters: Any) -> Json:
        for child in children(parameters):
            if child not in self.alarms:
                raise refused(f"ValidationError: AlarmRule refers to no alarm {child}")
        return self._put(parameters)

    def _put(self, parameters: Json) -> Json:
        name = parameters["AlarmName"]
        arn = f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:{name}"
        tags = parameters.pop("Tags", [])
        if name not in self.alarms:
            self.tags[arn] = {tag["Key"]: tag["Value"] for tag in tags}
        defaults = {
            "ActionsEnabled": True,
            "AlarmActions": [],
            "OKActions": [],
            "InsufficientDataActions": [],
        }
        whole = {**defaults, "AlarmArn": arn, "StateValue": "INSUFFICIENT_DATA", **parameters}
        for key in ("Dimensions", "Metrics"):  # in an order of its own
            if key in whole:
                whole[key] = list(reversed(whole[key]))
        self.alarms[name] = whole
        return {}

    def _describe_alarms(
        self,
        AlarmNamePrefix: str,
        AlarmTypes: list[str],
        MaxRecords: int,
        NextToken: str = "0",
    ) -> Json:
        found = [alarm for name, alarm in self.alarms.items() if name.startswith(AlarmNamePrefix)]
        start = int(NextToken)
        page = found[start : start + min(MaxRecords, 3)]
        more = {"NextToken": str(start + 3)} if start + 3 < len(found) else {}
        return {
            "CompositeAlarms": [alarm for alarm in page if "AlarmRule" in alarm],
            "MetricAlarms": [alarm for alarm in page if "AlarmRule" not in alarm],
            **more,
        }

    def _list_tags_for_resource(self, ResourceARN: str) -> Json:
        tags = self.tags.get(ResourceARN, {})
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def _tag_resource(self, ResourceARN: str, Tags: list[Json]) -> Json:
        self.tags[ResourceARN] |= {tag["Key"]: tag["Value"] for tag in Tags}
        return {}

    def _delete_alarms(self, AlarmNames: list[str]) -> Json:
        for name in AlarmNames:
            if any(name in children(alarm) for alarm in self.alarms.values()):
                raise refused(f"ValidationError: Cannot delete {name}: a composite depends on it")
        for name in AlarmNames:
            del self.alarms[name]
        return {}

    def _list_dashboards(self, DashboardNamePrefix: str) -> Json:
        names = [name for name in self.dashboards if name.startswith(DashboardNamePrefix)]
        return {"DashboardEntries": [{"DashboardName": name} for name in names]}

    def _get_dashboard(self, DashboardName: str) -> Json:
        return {"DashboardBody": self.dashboards[DashboardName]}

    def _put_dashboard(self, DashboardName: str, DashboardBody: str) -> Json:
        self.dashboards[DashboardName] = DashboardBody
        return {"DashboardValidationMessages": []}

    def _delete_dashboards(self, DashboardNames: list[str]) -> Json:
        for name in DashboardNames:
            del self.dashboards[name]
        return {}

    def _list_rule_groups_namespaces(self, workspaceId: str) -> Json:
        keys = ("name", "tags", "status")
        summaries = [{key: one[key] for key in keys} for one in self.namespaces.values()]
        return {"ruleGroupsNamespaces": summaries}

    def _describe_rule_groups_namespace(self, workspaceId: str, name: str) -> Json:
        if name not in self.namespaces:
            raise refused("ResourceNotFoundException: no such namespace")
        found = dict(self.namespaces[name])
        status = found["status"]["statusCode"]
        if status in ("CREATING", "UPDATING"):  # done by the next look
            bad = b"no rules" in found["data"]
            code = {"CREATING": "CREATION_FAILED", "UPDATING": "UPDATE_FAILED"}[status]
            after = {"statusCode": code, "statusReason": "bad rules"} if bad else ACTIVE
            self.namespaces[name] = {**found, "status": after}
        return {"ruleGroupsNamespace": found}

    def _create_rule_groups_namespace(
        self, workspaceId: str, name: str, data: bytes, tags: Mapping[str, str]
    ) -> Json:
        if name in self.namespaces:
            raise refused("ConflictException: the namespace is there")
        return self._read_rules(name, data, tags, "CREATING")

    def _put_rule_groups_namespace(self, workspaceId: str, name: str, data: bytes) -> Json:
        return self._read_rules(name, data, self.namespaces[name]["tags"], "UPDATING")

    def _delete_rule_groups_namespace(self, workspaceId: str, name: str) -> Json:
        del self.namespaces[name]
        return {}

    def _read_rules(self, name: str, data: bytes, tags: Mapping[str, str], status: str) -> Json:
        whole = {"name": name, "data": data, "tags": dict(tags), "status": {"statusCode": status}}
        self.namespaces[name] = whole
        return {}


ACTIVE: Json = {"statusCode": "ACTIVE"}


def children(alarm: Mapping[str, Any]) -> list[str]:
    """The alarms that a composite refers to."""
    return re.findall(r'ALARM\("([^"]+)"\)', alarm.get("AlarmRule", ""))
