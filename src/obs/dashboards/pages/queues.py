"""SQS queues: work queues, and why messages are in dead-letter queues."""

from typing import Final

from obs.catalogue import aws, sqs
from obs.dashboards import theme
from obs.dashboards.build_context import BuildContext
from obs.dashboards.expressions import VariableScope
from obs.dashboards.layout import Band, Section
from obs.dashboards.metric_panels import MetricPanels
from obs.dashboards.page import Page, variables
from obs.dashboards.tables import TableRows
from obs.dashboards.thresholds import PLAIN, from_one

_NONE: Final = "No data from AWS: does its source answer? See Collector"
_ROWS: Final = {"aws": "AWS", "queue": "Queue"}
_CAUSES: Final = {
    **_ROWS,
    "error_code": "Error",
    "bus": "Bus",
    "rule": "Rule",
    "target": "Target",
}

_WIDTHS: Final = {"aws": 90, "error_code": 170, "bus": 130}
"""In pixels: the rest is for names that are long."""


def page(context: BuildContext) -> Page | None:
    """The page; None where no source watches work queues or reads causes of dead letters."""
    if not context.work_queues:
        return None
    panels = MetricPanels(context, VariableScope(aws.QUEUE), _NONE, context.aws_poll)
    return Page(
        "queues",
        "SQS queues",
        "Do services keep up with their queues, and why are messages in dead-letter queues?",
        [*variables(aws.QUEUE_VISIBLE, *aws.QUEUE)],
        [
            Section("", [_answer(panels), _waiting(panels), _table(panels)]),
            Section("Traffic", [_traffic(panels), _held(panels)]),
            Section("Causes of dead letters", [_causes(panels)]),
        ],
    )


def _answer(panels: MetricPanels) -> Band:
    stats = [
        panels.stat(
            f"queues/{key}_now",
            metric,
            title=title,
            description=f"{title} of all chosen work queues together.",
            window="15m",
            total="sum",
            steps=PLAIN,
            decimals=0,
        )
        for key, metric, title in (
            ("sent", sqs.SENT, "Sent, 15m"),
            ("received", sqs.RECEIVED, "Received, 15m"),
            ("deleted", sqs.DELETED, "Deleted, 15m"),
        )
    ]
    causes = panels.stat(
        "queues/causes_now",
        sqs.CAUSES,
        title="Dead letters read",
        total="sum",
        steps=from_one(theme.WARNING),
        decimals=0,
    )
    return Band(4, [*stats, causes])


def _waiting(panels: MetricPanels) -> Band:
    waiting = panels.alert_lines("queues/waiting", title="Waiting in work queues")
    age = panels.alert_lines("queues/age", title="Oldest message in work queues")
    return Band(8, [waiting, age])


def _table(panels: MetricPanels) -> Band:
    columns = [
        panels.column(aws.QUEUE_VISIBLE, title="Waiting", decimals=0, steps=()),
        panels.column(aws.QUEUE_OLDEST_AGE, title="Oldest", steps=()),
        panels.column(sqs.QUEUE_IN_FLIGHT, title="In flight", decimals=0),
        panels.column(sqs.QUEUE_DELAYED, title="Delayed", decimals=0),
        panels.column(sqs.SENT, title="Sent, 1h", window="1h", decimals=0),
        panels.column(sqs.RECEIVED, title="Received, 1h", window="1h", decimals=0),
        panels.column(sqs.DELETED, title="Deleted, 1h", window="1h", decimals=0),
    ]
    description = "Dead-letter queues have no counts of traffic."
    rows = TableRows(_ROWS, widths={"aws": 90})
    return Band(8, [panels.table("queues/queues", "Queues", description, rows, columns, "Waiting")])


def _traffic(panels: MetricPanels) -> Band:
    keys = (("sent", sqs.SENT), ("received", sqs.RECEIVED), ("deleted", sqs.DELETED))
    return Band(8, [panels.lines(f"queues/{key}", metric) for key, metric in keys])


def _held(panels: MetricPanels) -> Band:
    delayed = panels.lines("queues/delayed", sqs.QUEUE_DELAYED)
    return Band(8, [panels.alert_lines("queues/in_flight"), delayed])


def _causes(panels: MetricPanels) -> Band:
    rows = TableRows(_CAUSES, widths=_WIDTHS)
    column = panels.column(sqs.CAUSES, title="Messages", decimals=0)
    description = (
        "Messages that were read for their cause, by what they say of it. A reading takes some of "
        "those that wait, so there may be more."
    )
    title = "Causes"
    return Band(8, [panels.table("queues/causes", title, description, rows, [column], "Messages")])
