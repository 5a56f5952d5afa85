"""The files of target `cloudwatch`: a folder for each AWS source, as a stack has one region."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from msgspec import Raw

from obs.alerts.alert import TunedAlert
from obs.alerts.explicit_resources import explicit_rules
from obs.alerts.writers.cloudwatch import cloudformation, terraform
from obs.alerts.writers.cloudwatch.alarm import (
    MOST_ALARMS,
    Alarm,
    CompositeAlarm,
    MetricAlarm,
    problems,
)
from obs.alerts.writers.cloudwatch.alarms import Alarms, alarms_of
from obs.alerts.writers.cloudwatch.cloudformation import DIRECT_BYTES
from obs.alerts.writers.cloudwatch.dashboard import dashboards
from obs.alerts.writers.cloudwatch.naming import prefix
from obs.alerts.writers.cloudwatch.plan import parameters
from obs.alerts.writers.lines import encoded, json_lines
from obs.artifacts import Files
from obs.errors import BadInput
from obs.spec.system import System


@dataclass(frozen=True, slots=True)
class Remarks:
    """What to know of built files, a sentence each: what no target can express, with the reason
    and the alerts it holds for, and what to mind when handing them over.
    """

    left_out: list[str]
    advice: list[str]


def files(alerts: Sequence[TunedAlert], system: System) -> Files:
    """CloudFormation, Terraform, a plan for boto3 and the dashboard of every AWS source.

    Raises BadInput where an alarm exceeds what CloudWatch takes.
    """
    found: dict[str, str] = {}
    for aws in sorted(system.sources.aws):
        alarms = alarms_of(alerts, system, aws)
        wrong = list(problems(alarms.all))
        if wrong:
            raise BadInput("\n".join(f"cloudwatch: {each}" for each in wrong))
        folder = f"cloudwatch/{aws}"
        found |= {f"{folder}/{name}": text for name, text in _of_source(alarms, system, aws)}
    return found


def expresses(tuned: TunedAlert, system: System) -> bool:
    """Whether CloudWatch has an alarm for some object that the alert is about."""
    return any(alarms_of([tuned], system, aws).groups for aws in sorted(system.sources.aws))


def remarks(alerts: Sequence[TunedAlert], system: System, built: Files) -> Remarks:
    """What to know of the files that were built of these alerts."""
    reasons: dict[str, dict[str, None]] = {}
    advice: list[str] = []
    for aws in sorted(system.sources.aws):
        alarms = alarms_of(alerts, system, aws)
        for refused in alarms.refused:
            reasons.setdefault(refused.reason, {})[refused.alert] = None
        advice += _advice(aws, len(alarms.all), built)
    left_out = [
        f"cloudwatch: {', '.join(filter(None, names)) or 'alarms'}: {reason}"
        for reason, names in reasons.items()
    ]
    return Remarks(left_out, advice)


def _advice(aws: str, alarms: int, built: Files) -> Iterator[str]:
    folder = f"cloudwatch/{aws}/"
    if alarms > MOST_ALARMS:
        yield (
            f"{folder} has {alarms} alarms; an account has {MOST_ALARMS} a region unless AWS "
            "raises its quota"
        )
    large = [
        path
        for path, text in built.items()
        if path.startswith(f"{folder}cloudformation") and len(text.encode()) > DIRECT_BYTES
    ]
    if large:
        more = f" and {len(large) - 1} more" if large[1:] else ""
        yield (
            f"{large[0]}{more}: larger than the {DIRECT_BYTES} bytes that CloudFormation takes in "
            "a request; deploy with `aws cloudformation deploy --s3-bucket BUCKET`"
        )


def _of_source(alarms: Alarms, system: System, aws: str) -> Iterator[tuple[str, str]]:
    region, name = system.sources.aws[aws].region, prefix(system, aws)
    title = f"Alarms of {system.system} in {region}, built by obs from its spec"
    bodies = dashboards(alarms.all, explicit_rules(system, aws), name, region)
    for number, template in enumerate(cloudformation.alarm_templates(alarms.groups, title), 1):
        suffix = f"-{number}" if number > 1 else ""
        yield f"cloudformation{suffix}.json", template
    for dashboard, body in bodies.items():
        template = cloudformation.dashboard_template(dashboard, body, title)
        yield f"cloudformation-dashboard-{dashboard}.json", template
    yield "terraform.tf.json", terraform.configuration(alarms.all, bodies, title)
    yield "plan.json", json_lines(_plan(alarms, region), 2)
    for dashboard, body in bodies.items():
        yield f"dashboard-{dashboard}.json", f"{body}\n"


def _plan(alarms: Alarms, region: str) -> dict[str, object]:
    """Calls of the API in their order, and what is not built, with the reason."""

    def calls(kind: type[Alarm]) -> list[Raw]:
        return [
            Raw(encoded(parameters(alarm, region)))
            for alarm in alarms.all
            if isinstance(alarm, kind)
        ]

    return {
        "region": region,
        "PutMetricAlarm": calls(MetricAlarm),
        "PutCompositeAlarm": calls(CompositeAlarm),
        "refused": [{"alert": each.alert, "reason": each.reason} for each in alarms.refused],
    }
