"""What a rule looks at, and what it says: a dashboard with its queries read once for all rules."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from obs.alerts.alert import TunedAlert
from obs.dashboard_lint.finding import Severity
from obs.dashboard_lint.logql import InvalidLogql, read_logql
from obs.dashboard_lint.metrics import Metrics
from obs.dashboard_lint.model import Dashboard, Panel, QueryTarget
from obs.dashboard_lint.promql import InvalidPromql, Labels, Query, read_promql

OUR_TAG = "obs"


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known beside the dashboards. `system` is what the spec's system is known as,
    `alerts` are its own, if there is a spec.

    `earlier`: by uid and by title, the files of the dashboards that have it, in order.
    """

    metrics: Metrics = field(default_factory=Metrics)
    system: str = ""
    alerts: tuple[TunedAlert, ...] = ()
    uids: Mapping[str, Sequence[str]] = field(default_factory=dict)
    titles: Mapping[str, Sequence[str]] = field(default_factory=dict)


class Asked(NamedTuple):
    """A Prometheus query of a panel, and what it says; why not where it is none."""

    panel: Panel
    target: QueryTarget
    query: Query
    problem: str


class Logs(NamedTuple):
    """A Loki query of a panel with the ranges it counts over; why not where it is none."""

    panel: Panel
    target: QueryTarget
    ranges: tuple[str, ...]
    problem: str


class Remark(NamedTuple):
    """What a rule says of a dashboard, a panel or a target."""

    message: str
    panel: Panel | None = None
    target: QueryTarget | None = None
    severity: Severity | None = None  # the rule's own where left out


@dataclass(frozen=True, slots=True)
class Subject:
    """A dashboard with its queries read, and what else is known."""

    dashboard: Dashboard
    asked: tuple[Asked, ...]
    logs: tuple[Logs, ...]
    knowledge: Knowledge

    @property
    def is_ours(self) -> bool:
        """Whether obs built the dashboard, or somebody extends one that it built."""
        return OUR_TAG in self.dashboard.tags

    @property
    def of_prometheus(self) -> bool:
        """Whether any query goes to Prometheus."""
        return bool(self.asked) or any(
            each.type == "datasource" and each.query == "prometheus"
            for each in self.dashboard.variables
        )


def subject(dashboard: Dashboard, knowledge: Knowledge) -> Subject:
    """The dashboard with its queries read."""
    return Subject(dashboard, tuple(_asked(dashboard)), tuple(_logs(dashboard)), knowledge)


def _asked(dashboard: Dashboard) -> Iterator[Asked]:
    for panel, target in _targets(dashboard, "prometheus"):
        try:
            yield Asked(panel, target, read_promql(target.expr, dashboard), "")
        except InvalidPromql as error:
            yield Asked(panel, target, Query((), Labels()), str(error))


def _logs(dashboard: Dashboard) -> Iterator[Logs]:
    for panel, target in _targets(dashboard, "loki"):
        try:
            yield Logs(panel, target, read_logql(target.expr, dashboard), "")
        except InvalidLogql as error:
            yield Logs(panel, target, (), str(error))


def _targets(dashboard: Dashboard, kind: str) -> Iterator[tuple[Panel, QueryTarget]]:
    for panel in dashboard.panels:
        for target in panel.targets:
            if target.kind == kind:
                yield panel, target
