"""The files of target `cloudwatch`: a folder for each AWS source, as a stack has one region."""

from collections.abc import Iterator, Sequence

from obs.alerts.alert import TunedAlert
from obs.alerts.named import named_rules
from obs.alerts.writers import cloudformation, terraform
from obs.alerts.writers.cloudwatch import CompositeAlarm, MetricAlarm, problems
from obs.alerts.writers.cloudwatch_alarms import Alarms, alarms_of
from obs.alerts.writers.cloudwatch_dashboard import dashboards
from obs.alerts.writers.cloudwatch_parts import prefix
from obs.alerts.writers.cloudwatch_plan import parameters
from obs.artifacts import Files
from obs.errors import BadInput
from obs.spec.system import System


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


def remarks(alerts: Sequence[TunedAlert], system: System) -> list[str]:
    """What CloudWatch cannot express: a reason, and the alerts it holds for, each."""
    reasons: dict[str, dict[str, None]] = {}
    for aws in sorted(system.sources.aws):
        for refused in alarms_of(alerts, system, aws).refused:
            reasons.setdefault(refused.reason, {})[refused.alert] = None
    return [
        f"cloudwatch: {', '.join(filter(None, names)) or 'alarms'}: {reason}"
        for reason, names in reasons.items()
    ]


def _of_source(alarms: Alarms, system: System, aws: str) -> Iterator[tuple[str, str]]:
    region, name = system.sources.aws[aws].region, prefix(system, aws)
    title = f"Alarms of {system.system} in {region}, built by obs from its spec"
    bodies = dashboards(alarms.all, named_rules(system, aws), name, region)
    text = cloudformation.json_text
    templates = cloudformation.templates(alarms.groups, bodies, title)
    for number, template in enumerate(templates, 1):
        suffix = f"-{number}" if number > 1 else ""
        yield f"cloudformation{suffix}.json", text(template)
    yield "terraform.tf.json", text(terraform.configuration(alarms.all, bodies, title))
    yield "plan.json", text(_plan(alarms, region))
    for dashboard, body in bodies.items():
        yield f"dashboard-{dashboard}.json", f"{body}\n"


def _plan(alarms: Alarms, region: str) -> dict[str, object]:
    """Calls of the API in their order, and what is not built, with the reason."""
    return {
        "region": region,
        "PutMetricAlarm": [
            parameters(alarm, region) for alarm in alarms.all if isinstance(alarm, MetricAlarm)
        ],
        "PutCompositeAlarm": [
            parameters(alarm, region) for alarm in alarms.all if isinstance(alarm, CompositeAlarm)
        ],
        "refused": [{"alert": each.alert, "reason": each.reason} for each in alarms.refused],
    }
