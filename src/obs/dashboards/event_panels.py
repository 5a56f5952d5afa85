"""Panels of counted events: how long processing takes, and what clients refuse."""

from typing import Final

from grafanalib import core

from obs.catalogue import nats, nats_events
from obs.catalogue.metric import Metric
from obs.catalogue.query import max_by
from obs.dashboards import theme
from obs.dashboards.expressions import RATE, VariableScope
from obs.dashboards.layout import Band
from obs.dashboards.metric_panels import MetricPanels
from obs.dashboards.panels import LineStyle

_QUANTILES: Final = ((0.5, theme.INFO), (0.95, theme.WARNING), (0.99, theme.CRITICAL))


def work_bands(panels: MetricPanels) -> list[Band]:
    """What the spec's connections count of a consumer; nothing where they do not."""
    shown = []
    if "acks" in panels.context.events:
        shown.append(_processing(panels))
    if "naks" in panels.context.events:
        refused = [
            panels.query(nats_events.NAKS, "NAKs", theme.WARNING),
            panels.query(nats_events.TERMINATED, "terminations", theme.CRITICAL),
        ]
        shown.append(
            panels.lines(
                "consumer/naks",
                nats_events.NAKS,
                title="Refused messages",
                description="Messages per second that clients refuse with -NAK or +TERM.",
                queries=refused,
            )
        )
    return [Band(8, shown)] if shown else []


def _processing(panels: MetricPanels) -> core.TimeSeries:
    queries = [
        panels.query(
            nats_events.PROCESSING,
            f"{100 * share:g} % within",
            colour,
            expr=quantile(panels.scope, nats_events.PROCESSING, share),
        )
        for share, colour in _QUANTILES
    ]
    queries.append(panels.query(nats.ACK_WAIT, "ack_wait", theme.NEUTRAL))
    return panels.lines(
        "consumer/processing",
        nats_events.PROCESSING,
        LineStyle(dashed=["ack_wait"]),
        description=f"{nats_events.PROCESSING.help} What takes longer than ack_wait is delivered "
        "again.",
        queries=queries,
    )


def quantile(scope: VariableScope, histogram: Metric, share: float) -> str:
    """The value that this share stays below, from the native histogram where Prometheus has it.

    Collectors that export the same are added up, which leaves a quantile as it is.
    """
    series = scope.series(histogram)
    labels = ", ".join(histogram.labels)
    native = f"sum by ({labels}) (rate({series}[{RATE}]))"
    buckets = series.replace(histogram.name, f"{histogram.name}_bucket", 1)
    classic = max_by((*histogram.labels, "le"), f"rate({buckets}[{RATE}])")
    return f"histogram_quantile({share:g}, {native})\nor histogram_quantile({share:g}, {classic})"
