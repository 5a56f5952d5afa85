"""CloudWatch: alarms and dashboards of one account and region, owned by a tag or a text widget."""

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from obs.alerts.explicit_resources import explicit_rules
from obs.alerts.tuning import alarmed
from obs.alerts.writers.cloudwatch.alarm import problems
from obs.alerts.writers.cloudwatch.alarms import alarms_of
from obs.alerts.writers.cloudwatch.dashboard import dashboards
from obs.alerts.writers.cloudwatch.naming import prefix
from obs.alerts.writers.cloudwatch.plan import ACCOUNT, parameters
from obs.clients.parallel import in_parallel
from obs.errors import BadInput
from obs.ids import cloudwatch_dashboard_prefix
from obs.spec.aws import AwsSource
from obs.spec.aws_accounts import in_account
from obs.spec.system import System
from obs.stacks.aws import OWNER, Calls, Session, session
from obs.stacks.cloudwatch_alarm import (
    RULE,
    TAGS,
    Alarm,
    described,
    parents_first,
    put_parameters,
    tag_list,
    wanted_alarm,
)
from obs.stacks.cloudwatch_dashboard import body_text, foreign, read, with_owner
from obs.stacks.plan import Action, PlanStep, Present, Wanted, changing_steps, plan
from obs.stacks.rules import owner
from obs.stacks.stack import Done

ALARM: Final = "alarm"
DASHBOARD: Final = "dashboard"
_PAGE: Final = 100  # of DescribeAlarms; the maximum of AWS


class CloudWatchAlarms:
    """The alarms and dashboards of one system in the account and region of one AWS source."""

    def __init__(
        self,
        system: System,
        aws: str,
        *,
        opened: Session | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._source = _account(system, aws)
        self._owner = f"{owner(system)}/{aws}"
        self._prefix = system.system
        alarms = alarms_of(alarmed(system), system, aws).all
        wrong = list(problems(alarms))
        if wrong:
            raise BadInput("\n".join(f"cloudwatch: {each}" for each in wrong))
        region = self._source.region
        self._parameters = [parameters(alarm, region) for alarm in alarms]
        name = prefix(system, aws)
        bodies = dashboards(alarms, explicit_rules(system, aws), name, region)
        self._boards = {each: with_owner(body, self._owner) for each, body in bodies.items()}
        self._calls = Calls(opened or session(self._source), pause)
        self._alarms: dict[str, Alarm] = {}
        self._arns: dict[str, str] = {}

    @property
    def where(self) -> str:
        """The region."""
        return self._source.region

    def plan(self) -> tuple[PlanStep, ...]:
        """One step for each alarm, children before their composites, and one for each dashboard."""
        self._alarms = {each["AlarmName"]: each for each in self._wanted_alarms()}
        wanted = [Wanted(ALARM, name, alarm) for name, alarm in self._alarms.items()]
        wanted += [Wanted(DASHBOARD, name, body) for name, body in self._boards.items()]
        return plan(wanted, [*self._present_alarms(), *self._present_dashboards()])

    def apply(self, steps: Sequence[PlanStep], done: Done) -> None:
        """One request for each step; composites are deleted before their children."""
        for step in changing_steps(steps):
            match step.kind, step.action:
                case "alarm", Action.DELETE:
                    self._call("DeleteAlarms", AlarmNames=[step.name])
                case "alarm", action:
                    self._put(self._alarms[step.name], new=action is Action.CREATE)
                case _, Action.DELETE:
                    self._call("DeleteDashboards", DashboardNames=[step.name])
                case _:
                    body = body_text(self._boards[step.name])
                    self._call("PutDashboard", DashboardName=step.name, DashboardBody=body)
            done(step)

    def close(self) -> None:
        """Close the connections."""
        self._calls.close()

    def _call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        return self._calls("cloudwatch", operation, **parameters)

    def _put(self, alarm: Alarm, *, new: bool) -> None:
        """Set an alarm. AWS ignores tags in the request unless the alarm is new."""
        operation = "PutCompositeAlarm" if RULE in alarm else "PutMetricAlarm"
        self._call(operation, **put_parameters(alarm, new=new))
        if not new:
            arn = self._arns[alarm["AlarmName"]]
            self._call("TagResource", ResourceARN=arn, Tags=tag_list(alarm[TAGS]))

    def _wanted_alarms(self) -> list[Alarm]:
        account = ""
        if any(ACCOUNT in topic for each in self._parameters for topic in each["AlarmActions"]):
            account = self._calls("sts", "GetCallerIdentity")["Account"]
        return [wanted_alarm(each, account, self._owner) for each in self._parameters]

    def _present_alarms(self) -> list[Present]:
        found: list[dict[str, Any]] = []
        for page in self._calls.pages(
            "cloudwatch",
            "DescribeAlarms",
            AlarmNamePrefix=self._prefix,
            AlarmTypes=["CompositeAlarm", "MetricAlarm"],
            MaxRecords=_PAGE,
        ):
            found += [*page.get("CompositeAlarms", ()), *page.get("MetricAlarms", ())]
        self._arns = {each["AlarmName"]: each["AlarmArn"] for each in found}
        tags = in_parallel(self._tags, [each["AlarmArn"] for each in found])
        return [
            Present(
                ALARM,
                each["AlarmName"],
                described(each, found_tags, self._alarms.get(each["AlarmName"])),
                foreign(found_tags.get(OWNER, ""), self._owner),
            )
            for each, found_tags in parents_first(list(zip(found, tags, strict=True)))
        ]

    def _tags(self, arn: str) -> dict[str, str]:
        tags = self._call("ListTagsForResource", ResourceARN=arn).get("Tags", [])
        return {each["Key"]: each["Value"] for each in tags}

    def _present_dashboards(self) -> list[Present]:
        present = []
        for page in self._calls.pages(
            "cloudwatch",
            "ListDashboards",
            DashboardNamePrefix=cloudwatch_dashboard_prefix(self._prefix),
        ):
            for each in page.get("DashboardEntries", ()):
                name = each["DashboardName"]
                answer = self._call("GetDashboard", DashboardName=name)
                body, found_owner = read(answer["DashboardBody"])
                present.append(Present(DASHBOARD, name, body, foreign(found_owner, self._owner)))
        return present


def _account(system: System, aws: str) -> AwsSource:
    """How to sign in: as the collector does, unless the spec names an identity for applying.

    Where one source of the spec stands for several accounts, it is the role of that name in each.
    """
    source, writer = system.sources.aws[aws], system.stacks.cloudwatch
    if writer.profile is None and writer.role_arn is None:
        return source
    role = writer.role_arn
    if role is not None and source.group is not None and source.role_account is not None:
        role = in_account(role, source.role_account)
    signed_in = {"profile": writer.profile, "role_arn": role}
    others = {"external_id": None, "web_identity_token_file": None}
    return source.model_copy(update=signed_in | others)
