"""A dashboard that no rule has anything to say of, and ways to break it."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from obs.dashboard_lint.finding import LintFinding
from obs.dashboard_lint.lint import lint
from obs.dashboard_lint.model import dashboard
from obs.dashboard_lint.subject import Knowledge

Json = dict[str, Any]
PROMETHEUS: Json = {"type": "prometheus", "uid": "${prometheus_datasource}"}
LOKI: Json = {"type": "loki", "uid": "${loki_datasource}"}
SELECTED = 'job=~"$job",instance=~"$instance"'


def data_sources(kind: str) -> Json:
    """The variable that chooses one of a kind."""
    label = f"{kind.title()} data source"
    return {"name": f"{kind}_datasource", "label": label, "type": "datasource", "query": kind}


def variable(name: str, **changes: Any) -> Json:
    query = f"label_values(up, {name})"
    return {
        "name": name,
        "type": "query",
        "label": name.title(),
        "datasource": PROMETHEUS,
        "query": {"query": query, "refId": name},
        "refresh": 2,
        "multi": True,
        "includeAll": True,
        "allValue": ".+",
        **changes,
    }


def panel(**changes: Any) -> Json:
    return {
        "id": 1,
        "type": "timeseries",
        "title": "Requests",
        "description": "Answered by this service each second; none is bad.",
        "gridPos": {"x": 0, "y": 0, "w": 12, "h": 8},
        "datasource": PROMETHEUS,
        "fieldConfig": {
            "defaults": {
                "unit": "reqps",
                "noValue": "Nobody asks",
                "mappings": [],
                "thresholds": {"mode": "absolute", "steps": [{"color": "green", "value": None}]},
            },
            "overrides": [],
        },
        "targets": [target()],
        **changes,
    }


def target(expr: str = "", **changes: Any) -> Json:
    return {
        "refId": "A",
        "datasource": PROMETHEUS,
        "expr": expr
        or f"sum by (path) (rate(http_requests_total{{{SELECTED}}}[$__rate_interval]))",
        "legendFormat": "{{path}}",
        **changes,
    }


def board() -> Json:
    return {
        "uid": "shop",
        "title": "Shop",
        "editable": False,
        "schemaVersion": 42,
        "tags": ["shop"],
        "templating": {
            "list": [
                data_sources("prometheus"),
                data_sources("loki"),
                variable("job"),
                variable("instance", query={"query": 'label_values(up{job=~"$job"}, instance)'}),
            ]
        },
        "links": [{"title": "Service", "url": "/d/one?var-instance=${instance}"}],
        "annotations": {"list": [{"name": "Deploys", "datasource": PROMETHEUS}]},
        "panels": [
            {"id": 9, "type": "row", "title": "All", "gridPos": {"x": 0, "y": 0, "w": 24, "h": 1}},
            panel(gridPos={"x": 0, "y": 1, "w": 12, "h": 8}),
            panel(
                id=2,
                title="Errors",
                datasource=LOKI,
                gridPos={"x": 12, "y": 1, "w": 12, "h": 8},
                targets=[
                    target(
                        'sum by (level) (rate({app="shop"} |= "error" | json [$__auto]))',
                        datasource=LOKI,
                        legendFormat="{{level}}",
                    )
                ],
            ),
        ],
    }


def broken(change: Callable[[Json], object]) -> Json:
    """The board after the change."""
    changed = deepcopy(board())
    change(changed)
    return changed


def findings(*boards: Json, knowledge: Knowledge | None = None) -> list[LintFinding]:
    """What all rules say of the boards."""
    read = [dashboard(f"{index}.json", each) for index, each in enumerate(boards)]
    return list(lint(read, knowledge or Knowledge()).findings)


def of_panel(change: Callable[[Json], object]) -> Json:
    """The board with its first panel of data changed."""
    return broken(lambda json: change(json["panels"][1]))


def of_query(expr: str, **changes: Any) -> Json:
    """The board with its Prometheus query changed; the legend is left out."""
    return of_panel(
        lambda json: json["targets"][0].update({"expr": expr, "legendFormat": "", **changes})
    )


def of_variable(index: int, **changes: Any) -> Json:
    """The board with one of its variables changed: 0 data source, 2 job, 3 instance."""
    return broken(lambda json: json["templating"]["list"][index].update(changes))
