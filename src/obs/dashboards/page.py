"""A page: one question, its variables, its sections; and the dashboard it becomes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from grafanalib import core

from obs.alerts.alert import Severity
from obs.catalogue import own
from obs.catalogue.metric import Metric
from obs.catalogue.query import Matcher, equal, selector
from obs.dashboards import theme
from obs.dashboards.build_context import BuildContext
from obs.dashboards.expressions import JOB
from obs.dashboards.field_options import DATASOURCE, Json
from obs.dashboards.layout import Section, placed
from obs.dashboards.normalise import SCHEMA_VERSION
from obs.ids import dashboard_tags, dashboard_uid

_TITLES: Final = {
    "nats": "NATS",
    "aws": "AWS",
    "slo": "SLO",
    "slo_service": "Service",
    "slo_object": "Object",
    "nats_service": "Service",
    "schedule_group": "Schedule group",
    "api_destination": "API destination",
    "gen_ai_provider_name": "Provider",
    "gen_ai_request_model": "Model",
    "db_instance_identifier": "Database",
    "cache_cluster_id": "Cache",
    "bucket_name": "Bucket",
    "cluster_name": "Cluster",
    "domain_name": "Domain",
    "service_name": "Service",
}
"""Titles of variables whose label says it in other words."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A choice at the top of a page among the values of a label of a metric.

    It offers what the variables before it leave; one of several, unless it is `single`. `beside`
    are other metrics with values of the label.
    """

    label: str
    metric: Metric
    single: bool = False
    beside: tuple[Metric, ...] = ()


def variables(metric: Metric, *labels: str, single: bool = False) -> list[Variable]:
    """A variable for each of these labels of a metric."""
    return [Variable(label, metric, single) for label in labels]


@dataclass(frozen=True, slots=True)
class Page:
    """One dashboard before it is written. `name` is the first part of its panels' keys.

    `selecting` chooses the series of other exporters, where the page is of theirs. `of_pack`: a
    pack declares it.
    """

    name: str
    title: str
    question: str
    variables: Sequence[Variable]
    sections: Sequence[Section]
    since: str = "now-6h"
    selecting: tuple[Matcher, ...] = ()
    of_pack: bool = False


def dashboard(page: Page, context: BuildContext) -> core.Dashboard:
    """The page as grafanalib's dashboard."""
    return core.Dashboard(
        title=f"{page.title} · {context.known_as}",
        description=page.question,
        uid=dashboard_uid(context.known_as, page.name),
        tags=_tags(context),
        editable=False,
        graphTooltip=core.GRAPH_TOOLTIP_MODE_SHARED_CROSSHAIR,
        refresh="30s",
        schemaVersion=SCHEMA_VERSION,
        time=core.Time(page.since, "now"),
        timezone="browser",
        links=[_pages(context)],
        templating=core.Templating(_variables(page, context)),
        annotations=core.Annotations(_annotations(context)),
        panels=placed(page.name, page.sections),
    )


def link(context: BuildContext, page: str, title: str, values: Mapping[str, str]) -> Json:
    """A data link to another page that keeps the time range and chooses values of variables.

    `values` are Grafana's own expressions, such as `${__field.labels.stream}`.
    """
    chosen = "".join(f"&var-{name}={value}" for name, value in values.items())
    choices = "${datasource:queryparam}&${job:queryparam}"
    uid = dashboard_uid(context.known_as, page)
    return {"title": title, "url": f"/d/{uid}?{choices}{chosen}&${{__url_time_range}}"}


def from_series(*labels: str) -> dict[str, str]:
    """Values of a data link from the labels of the series that is clicked on."""
    return {label: f"${{__field.labels.{label}}}" for label in labels}


def from_row(titles: Mapping[str, str]) -> dict[str, str]:
    """Values of a data link from the columns of the row that is clicked on."""
    return {label: f'${{__data.fields["{title}"]}}' for label, title in titles.items()}


def _pages(context: BuildContext) -> Json:
    """The menu of all dashboards of the system."""
    return {
        "asDropdown": True,
        "icon": "external link",
        "includeVars": True,
        "keepTime": True,
        "tags": _tags(context),
        "targetBlank": False,
        "title": "Dashboards",
        "tooltip": "",
        "type": "dashboards",
        "url": "",
    }


def _variables(page: Page, context: BuildContext) -> list[core.Template]:
    datasource = core.Template(
        name="datasource", label="Data source", type="datasource", query="prometheus", default=""
    )
    chosen: list[core.Template] = []
    if not page.variables or not all(each.metric.foreign for each in page.variables):
        chosen.append(_variable(Variable(JOB, own.BUILD_INFO), "Job", (), context))
    before: list[Variable] = []
    for variable in page.variables:
        label = _TITLES.get(variable.label, variable.label.capitalize().replace("_", " "))
        chosen.append(_variable(variable, label, before, context, page.selecting))
        before.append(variable)
    return [datasource, *chosen]


def _variable(
    variable: Variable,
    label: str,
    before: Sequence[Variable],
    context: BuildContext,
    selecting: tuple[Matcher, ...] = (),
) -> core.Template:
    foreign = variable.metric.foreign
    matchers: list[tuple[str, str, str]] = []
    if variable.label != JOB and not foreign:
        matchers.append((JOB, "=~", f"${JOB}"))
    matchers += [
        (each.label, "=" if each.single else "=~", f"${each.label}")
        for each in before
        if each.label in variable.metric.labels
    ]
    matchers += selecting if foreign else equal(context.labels)
    metric: str | Metric = variable.metric
    if variable.beside:
        names = "|".join(each.name for each in (variable.metric, *variable.beside))
        metric, matchers = "", [("__name__", "=~", names), *matchers]
    return core.Template(
        name=variable.label,
        label=label,
        type="query",
        query=f"label_values({selector(metric, matchers)}, {variable.label})",
        dataSource=DATASOURCE,
        refresh=core.REFRESH_ON_TIME_RANGE_CHANGE,
        sort=core.SORT_ASC,
        multi=not variable.single,
        includeAll=not variable.single,
        allValue=None if variable.single else _all_value(variable),
        default="" if variable.single else "All",
    )


def _all_value(variable: Variable) -> str:
    """What All matches: each scraped series has a job, and not each has an account, say."""
    return ".+" if variable.label == JOB else ".*"


def _annotations(context: BuildContext) -> list[Json]:
    """When alerts of the system began to fire, and deployments that were reported to Grafana.

    Not for how long: a few alerts at once would cover what the panels show.
    """
    alerts = [
        {
            "datasource": DATASOURCE,
            "enable": severity is Severity.CRITICAL,
            "expr": _begun(context, severity),
            "iconColor": theme.SEVERITY[severity],
            "name": f"{severity.value.capitalize()} alerts",
            "step": "60s",
            "tagKeys": "severity",
            "textFormat": "{{slo}} {{consumer}} {{rule}} {{queue}} {{source}}",
            "titleFormat": "{{alertname}}",
            "useValueForTime": False,
        }
        for severity in (Severity.CRITICAL, Severity.WARNING)
    ]
    deployments: dict[str, Any] = {
        "datasource": {"type": "grafana", "uid": "-- Grafana --"},
        "enable": True,
        "iconColor": theme.INFO,
        "name": "Deployments",
        "target": {"limit": 100, "matchAny": False, "tags": ["deploy"], "type": "tags"},
    }
    return [*alerts, deployments]


def _tags(context: BuildContext) -> list[str]:
    """All dashboards of a system in one environment have these, and no others have all of them."""
    return list(dashboard_tags(context.system, context.environment))


def _begun(context: BuildContext, severity: Severity) -> str:
    """Alerts in the first minute in which they fire."""
    firing = selector("ALERTS", (*equal(_firing(context)), ("severity", "=", severity.value)))
    return f"{firing}\nunless {firing} offset 1m"


def _firing(context: BuildContext) -> tuple[tuple[str, str], ...]:
    return (("alertstate", "firing"), *context.labels)
