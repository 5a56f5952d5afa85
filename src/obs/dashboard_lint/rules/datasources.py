"""Rules on the data sources of a dashboard."""

from collections.abc import Iterator
from typing import Final

from obs.dashboard_lint.model import ROW, Panel, QueryTarget
from obs.dashboard_lint.rules.rule import error
from obs.dashboard_lint.subject import Remark, Subject
from obs.dashboards.json_values import text
from obs.dashboards.kinds import Datasource, datasource

_RIGHT: Final = "use a variable: ${datasource}"


def _panels(subject: Subject) -> Iterator[Remark]:
    names = _chosen(subject)
    for panel in subject.dashboard.panels:
        if panel.type == ROW or panel.in_library:
            continue
        wrong: dict[str, QueryTarget | None] = {}
        for target in panel.targets:
            problem = _problem(target.datasource, names)
            if problem and problem not in wrong:
                wrong[problem] = target
        own = datasource(panel.json.get("datasource"))
        problem = _problem(own, names) if own != Datasource() else ""
        if problem and not panel.targets:
            wrong[problem] = None
        yield from (Remark(message, panel, target) for message, target in wrong.items())


def _others(subject: Subject) -> Iterator[Remark]:
    names = _chosen(subject)
    for variable in subject.dashboard.variables:
        if variable.type in ("query", "adhoc") and (
            problem := _problem(variable.datasource, names)
        ):
            yield Remark(f"variable {variable.name}: {problem}")
    for annotation in subject.dashboard.annotations:
        if problem := _problem(datasource(annotation.get("datasource")), names):
            yield Remark(f"annotation {text(annotation.get('name'))}: {problem}")


def _chosen(subject: Subject) -> set[str]:
    return {each.name for each in subject.dashboard.variables}


def _problem(used: Datasource, names: set[str]) -> str:
    """What is wrong with a reference; empty for a variable or a data source of Grafana itself."""
    if used.built_in:
        return ""
    if used == Datasource():
        return f"has no data source and uses the default of each instance; {_RIGHT}"
    missing = [name for name in used.variables if name not in names]
    if missing or (used.uid.startswith("${") and not used.variables):
        name = f"${{{missing[0]}}}" if missing else used.uid
        return f"data source {name} is not a variable of the dashboard; add one of type datasource"
    if not used.variables:
        return f"data source {used.uid or used.type} is unknown to other instances; {_RIGHT}"
    return ""


def has_queries(panel: Panel) -> bool:
    """Whether a panel of this type shows query results."""
    return panel.type not in WITHOUT_QUERIES and not panel.in_library


WITHOUT_QUERIES: Final = (
    *("", ROW, "text", "news", "dashlist", "alertlist", "annolist", "alertGroups"),
    *("welcome", "gettingstarted", "pluginlist", "debug"),
)

RULES: Final = (
    error("panel-datasource-rule", "A variable selects each panel's data source.", _panels),
    error(
        "dashboard-datasource-rule",
        "A variable selects the data sources of annotations and variables.",
        _others,
    ),
)
