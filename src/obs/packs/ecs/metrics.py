"""What CloudWatch has of ECS services.

A service without a running task publishes neither CPU nor memory, which is unknown and not 0. The
numbers of tasks are there only where the cluster has Container Insights.
"""

from typing import Final

from obs.packs.cloudwatch import Watched, watched

_SERVICE: Final = ("ClusterName", "ServiceName")


def _used(name: str, help: str, title: str) -> Watched:
    return watched(
        *("AWS/ECS", name, _SERVICE, "Average", "level", help, title),
        unit="Percent",
        found_by="CPUUtilization",
    )


def _tasks(name: str, statistic: str, help: str, title: str) -> Watched:
    return watched(
        *("ECS/ContainerInsights", name, _SERVICE, statistic, "level", help, title),
        unit="Count",
        found_by="DesiredTaskCount",
    )


CPU: Final = _used(
    "CPUUtilization", "CPU that the service's tasks use of what they reserve.", "CPU used"
)
MEMORY: Final = _used(
    "MemoryUtilization", "Memory that the service's tasks use of what they reserve.", "Memory used"
)
DESIRED: Final = _tasks(
    "DesiredTaskCount", "Minimum", "Tasks that the service is to have.", "Tasks wanted"
)
RUNNING: Final = _tasks(
    "RunningTaskCount", "Maximum", "Tasks of the service that run.", "Tasks running"
)
PENDING: Final = _tasks(
    "PendingTaskCount", "Maximum", "Tasks of the service that start.", "Tasks starting"
)
DEPLOYMENTS: Final = _tasks(
    "DeploymentCount",
    "Minimum",
    "Deployments of the service: one, and another while a new version replaces it.",
    "Deployments",
)

EVERY: Final = (CPU, MEMORY, DESIRED, RUNNING, PENDING, DEPLOYMENTS)
SERVICE: Final = CPU.metric.labels
WITHOUT_INSIGHTS: Final = "No such series; switch on Container Insights for the cluster"
