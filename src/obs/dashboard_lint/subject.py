"""The input of a rule, a dashboard with its queries parsed once for all rules, and its output."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from obs.alerts.alert import TunedAlert
from obs.catalogue.exported import Exported
from obs.dashboard_lint.finding import Severity
from obs.dashboard_lint.metrics import Metrics
from obs.dashboard_lint.model import Dashboard, Panel, QueryTarget
from obs.dashboard_lint.promql import InvalidPromql, Labels, Query, read_promql

OUR_TAG = "obs"


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known beside the dashboard itself.

    `system` is the name of the spec's system in one environment, `alerts` are its alerts and
    `exported` its metrics, if there is a spec. `uids` and `titles`: the files of the dashboards
    that have each, in order.
    """

    metrics: Metrics = field(default_factory=Metrics)
    system: str = ""
    alerts: tuple[TunedAlert, ...] = ()
    exported: Exported | None = None
    uids: Mapping[str, Sequence[str]] = field(default_factory=dict)
    titles: Mapping[str, Sequence[str]] = field(default_factory=dict)


class PanelQuery(NamedTuple):
    """A Prometheus query of a panel; `problem` says why it is not valid PromQL, if so."""

    panel: Panel
    target: QueryTarget
    parsed: Query
    problem: str


class Remark(NamedTuple):
    """What a rule reports on a dashboard, a panel or a target."""

    message: str
    panel: Panel | None = None
    target: QueryTarget | None = None
    severity: Severity | None = None  # the rule's own where left out


@dataclass(frozen=True, slots=True)
class Subject:
    """A dashboard with its parsed queries, and what else is known."""

    dashboard: Dashboard
    queries: tuple[PanelQuery, ...]
    knowledge: Knowledge

    @property
    def is_ours(self) -> bool:
        """Whether obs built the dashboard, or one that it extends."""
        return OUR_TAG in self.dashboard.tags

    @property
    def queries_prometheus(self) -> bool:
        """Whether any query is for Prometheus."""
        return bool(self.queries) or any(
            each.type == "datasource" and each.query == "prometheus"
            for each in self.dashboard.variables
        )


def subject(dashboard: Dashboard, knowledge: Knowledge) -> Subject:
    """The dashboard with its parsed queries."""
    return Subject(dashboard, tuple(_queries(dashboard)), knowledge)


def _queries(dashboard: Dashboard) -> Iterator[PanelQuery]:
    """The queries for Prometheus; those for other data sources are not checked."""
    for panel in dashboard.panels:
        for target in panel.targets:
            if target.kind != "prometheus":
                continue
            try:
                yield PanelQuery(panel, target, read_promql(target.expr, dashboard), "")
            except InvalidPromql as error:
                yield PanelQuery(panel, target, Query((), Labels()), str(error))
