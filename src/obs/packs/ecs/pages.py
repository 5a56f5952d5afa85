"""The page of ECS services."""

from typing import Final

from obs.alerts.quantities import Value
from obs.packs.ecs import metrics, quantities
from obs.packs.ecs.metrics import SERVICE, WITHOUT_INSIGHTS
from obs.packs.page import Line, Lines, PackPage, Row, Stat

PAGE: Final = PackPage(
    "ecs",
    "ECS services",
    "Do the services have their tasks, and CPU and memory left?",
    [
        ("aws", metrics.CPU.metric),
        ("cluster_name", metrics.CPU.metric),
        ("service_name", metrics.CPU.metric),
    ],
    SERVICE,
    [
        Stat(
            "short_now",
            "Services short of tasks",
            quantities.RUNNING_OF_WANTED,
            "Services that have fewer tasks than they are to have.",
            below=100,
        ),
        Stat(
            "running_now",
            "Tasks running",
            Value(metrics.RUNNING.metric),
            "Tasks of all services.",
            "sum",
        ),
        Stat("cpu_now", "Most CPU used", Value(metrics.CPU.metric), "The busiest service."),
        Stat(
            "memory_now", "Most memory used", Value(metrics.MEMORY.metric), "The fullest service."
        ),
    ],
    [
        Row(
            "CPU and memory",
            [
                Lines("cpu", "CPU used", highest=10),
                Lines("memory", "Memory used", highest=10),
            ],
        ),
        Row(
            "Tasks",
            [
                Lines("tasks_of_wanted", "Tasks running of those wanted", none=WITHOUT_INSIGHTS),
                Lines(
                    "tasks",
                    "Tasks",
                    [
                        Line(Value(metrics.DESIRED.metric), "wanted"),
                        Line(Value(metrics.RUNNING.metric), "running"),
                        Line(Value(metrics.PENDING.metric), "starting"),
                    ],
                    "Tasks that each service is to have, that run, and that start.",
                    none=WITHOUT_INSIGHTS,
                ),
                Lines("deployments", "Deployments", none=WITHOUT_INSIGHTS),
            ],
        ),
    ],
)
