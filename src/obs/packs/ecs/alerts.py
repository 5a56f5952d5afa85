"""Alerts on ECS services."""

from typing import Final

from obs.alerts.alert import MINUTE, About, Alert, Severity
from obs.alerts.conditions import Above, Beyond
from obs.packs.ecs import metrics, quantities
from obs.packs.ecs.metrics import SERVICE

_SERVICE: Final = About("service_name", SERVICE)
_KEPT: Final = 30 * MINUTE

ALERTS: Final = (
    Alert(
        "EcsNoTaskRunning",
        Severity.CRITICAL,
        _SERVICE,
        Beyond(quantities.RUNNING_OF_WANTED, "<", 1, SERVICE),
        2 * MINUTE,
        "No task of an ECS service runs.",
        "Service {service_name} in cluster {cluster_name} has {value} of its tasks running.",
        "Nothing of the service works. A service that is to have no task does not fire.",
        "ecs/tasks_of_wanted",
        _KEPT,
    ),
    Alert(
        "EcsTasksMissing",
        Severity.WARNING,
        _SERVICE,
        Beyond(quantities.RUNNING_OF_WANTED, "<", 100, SERVICE),
        10 * MINUTE,
        "An ECS service has fewer tasks than it is to have.",
        "Service {service_name} in cluster {cluster_name} has {value} of its tasks running "
        "(threshold {threshold}).",
        "Tasks that end are replaced within a few minutes, and a deployment starts new ones before "
        "it stops old ones. After ten minutes new tasks do not start, or do not stay.",
        "ecs/tasks_of_wanted",
        _KEPT,
    ),
    Alert(
        "EcsCpuHigh",
        Severity.WARNING,
        _SERVICE,
        Above(metrics.CPU.metric, 0.7, "ratio"),
        10 * MINUTE,
        "The tasks of an ECS service use most of their CPU.",
        "Service {service_name} in cluster {cluster_name} uses {value} of the CPU that it reserves "
        "(threshold {threshold}).",
        "Above 70 % on average the busiest task is near its limit, and requests begin to queue; "
        "ten minutes are longer than a scale-out takes.",
        "ecs/cpu",
        _KEPT,
    ),
    Alert(
        "EcsMemoryHigh",
        Severity.WARNING,
        _SERVICE,
        Above(metrics.MEMORY.metric, 0.8, "ratio"),
        10 * MINUTE,
        "The tasks of an ECS service use most of their memory.",
        "Service {service_name} in cluster {cluster_name} uses {value} of the memory that it "
        "reserves (threshold {threshold}).",
        "A task that reaches its limit is killed. Above 80 % on average one of them soon is.",
        "ecs/memory",
        _KEPT,
    ),
    Alert(
        "EcsDeploymentStuck",
        Severity.WARNING,
        _SERVICE,
        Above(metrics.DEPLOYMENTS.metric, 1, "number"),
        30 * MINUTE,
        "A deployment of an ECS service does not end.",
        "Service {service_name} in cluster {cluster_name} has had {value} deployments at a time "
        "for half an hour.",
        "A new version replaces the old one within minutes. After half an hour its tasks do not "
        "become healthy, and without a circuit breaker ECS tries for ever.",
        "ecs/deployments",
        _KEPT,
    ),
)
