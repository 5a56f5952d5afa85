"""A made-up dashboard with every kind of panel, and six hours of data for it in a Prometheus."""

import math
import subprocess
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

HOSTILE = "<img src=x onerror=document.title='owned'>"
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
STEP = 30
HOURS = 6
CONSUMERS = ("billing", "invoices", "notifier", "oms-processor", "search", HOSTILE)
GREEN_RED = [{"color": "green", "value": None}, {"color": "orange", "value": 500}]
STEPS = {"mode": "absolute", "steps": [*GREEN_RED, {"color": "red", "value": 1000}]}
STATUSES = [
    {
        "type": "value",
        "options": {
            "0": {"text": "ok", "color": "green", "index": 0},
            "2": {"text": "slow", "color": "yellow", "index": 1},
            "4": {"text": "stopped", "color": "red", "index": 2},
        },
    }
]


def openmetrics(now: float) -> str:
    """The data as OpenMetrics with times, in the order that promtool wants."""
    times = [now - HOURS * 3600 + STEP * number for number in range(HOURS * 3600 // STEP + 1)]
    lines: list[str] = []
    for name, kind, series in _families(times):
        lines.append(f"# TYPE {name.removesuffix('_total')} {kind}")
        lines += (
            f"{name}{labels} {value} {time:.3f}"
            for labels, values in series
            for time, value in zip(times, values, strict=True)
        )
    return "\n".join([*lines, "# EOF", ""])


Series = tuple[str, list[float]]


def _families(times: list[float]) -> Iterator[tuple[str, str, list[Series]]]:
    count = len(times)
    lag: list[Series] = []
    status: list[Series] = []
    for number, consumer in enumerate(CONSUMERS):
        labels = f'{{job="obs",stream="ORDERS",consumer="{consumer}"}}'
        wave = [
            max(0.0, 220 * (number + 1) * (1 + math.sin(place / 40 + number)) - 90 * number)
            for place in range(count)
        ]
        lag.append((labels, [round(value) for value in wave]))
        status.append((labels, [0 if v < 700 else 2 if v < 1500 else 4 for v in wave]))
    yield "app_lag_messages", "gauge", lag
    yield "app_status", "gauge", status
    yield (
        "app_lag_seconds",
        "gauge",
        [(labels, [value / 7 for value in values]) for labels, values in lag],
    )
    yield (
        "app_bytes",
        "gauge",
        [('{job="obs",stream="ORDERS"}', [1_510_000 + 900 * n for n in range(count)])],
    )
    yield (
        "app_objective_ratio",
        "gauge",
        [(f'{{job="obs",slo="{slo}"}}', [ratio] * count) for slo, ratio in _SLOS.items()],
    )
    rate = [[8 + 5 * math.sin(n / 60 + k) for n in range(count)] for k in range(3)]
    yield (
        "app_events_total",
        "counter",
        [
            (f'{{job="obs",rule="rule-{k}"}}', [round(STEP * total) for total in accumulate(each)])
            for k, each in enumerate(rate)
        ],
    )
    yield "app_seconds_bucket", "counter", list(_buckets(count))


_SLOS = {"delivered": 0.9991, "fast": 0.982, "billed": 0.31}


def _buckets(count: int) -> Iterator[Series]:
    for place, bound in enumerate(("0.1", "0.5", "1", "5", "+Inf")):
        share = [0.3 + 0.15 * place + 0.05 * math.sin(n / 90) for n in range(count)]
        total = 0.0
        values: list[float] = []
        for each in share:
            total += STEP * min(each, 1.0)
            values.append(round(total))
        yield f'{{job="obs",le="{bound}"}}', values


def fill(directory: Path, now: float) -> None:
    """Write the data as blocks of a Prometheus whose data is in `directory`/prometheus."""
    file = directory / "data.openmetrics"
    file.write_text(openmetrics(now))
    storage = directory / "prometheus"
    storage.mkdir(exist_ok=True)
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "-q", file, storage]
    subprocess.run(list(map(str, command)), check=True, capture_output=True)


def target(expr: str, ref: str = "A", **more: Any) -> dict[str, Any]:
    return {"datasource": SOURCE, "editorMode": "code", "expr": expr, "refId": ref, **more}


def panel(
    number: int, kind: str, title: str, place: tuple[int, ...], **more: Any
) -> dict[str, Any]:
    x, y, w, h = place
    defaults = {"unit": "short", "thresholds": STEPS, **more.pop("defaults", {})}
    return {
        "id": number,
        "type": kind,
        "title": title,
        "description": f"What {title.lower()} means.",
        "gridPos": {"x": x, "y": y, "w": w, "h": h},
        "datasource": SOURCE,
        "fieldConfig": {"defaults": defaults, "overrides": more.pop("overrides", [])},
        **more,
    }


def query(name: str, text: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "label": name.capitalize(),
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": text, "refId": name},
        "refresh": 2,
        "sort": 1,
        "includeAll": True,
        "multi": True,
        "current": {"text": ["All"], "value": ["$__all"]},
        **more,
    }


LAG = 'max by (stream, consumer) (app_lag_messages{stream=~"$stream",consumer=~"$consumer"})'
TABLE = {"legend": {"displayMode": "table", "placement": "bottom", "calcs": ["lastNotNull", "max"]}}
LAST = {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}}


def every_panel() -> dict[str, Any]:
    """The dashboard."""
    return {
        "uid": "every-panel",
        "title": "Every panel",
        "description": "Is the preview able to draw it?",
        "tags": ["obs", "test"],
        "refresh": "",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {
            "list": [
                {"name": "datasource", "type": "datasource", "query": "prometheus", "hide": 0},
                query("stream", "label_values(app_lag_messages, stream)"),
                query("consumer", 'label_values(app_lag_messages{stream=~"$stream"}, consumer)'),
            ]
        },
        "annotations": {
            "list": [
                {
                    "name": "Stopped",
                    "enable": True,
                    "datasource": SOURCE,
                    "expr": 'app_status{consumer="search"} == 4',
                    "iconColor": "red",
                    "step": "60s",
                    "titleFormat": "{{consumer}} stopped",
                    "textFormat": "{{stream}}",
                }
            ]
        },
        "links": [{"type": "dashboards", "tags": ["obs"], "keepTime": True, "includeVars": True}],
        "panels": [*_top(), *_lines(), *_rest()],
    }


def _top() -> list[dict[str, Any]]:
    background = {**LAST, "colorMode": "background", "graphMode": "none", "textMode": "auto"}
    value = {**LAST, "colorMode": "value", "graphMode": "area", "textMode": "auto"}
    ratio = {"unit": "percentunit", "min": 0, "max": 1, "decimals": 2}
    return [
        panel(
            1,
            "stat",
            "Largest lag",
            (0, 0, 4, 4),
            options=value,
            targets=[target(f"max({LAG})")],
        ),
        panel(
            2,
            "stat",
            "Status",
            (4, 0, 4, 4),
            options=background,
            defaults={"mappings": STATUSES},
            targets=[target("max(app_status)", instant=True)],
        ),
        panel(
            3,
            "stat",
            "Objectives",
            (8, 0, 10, 4),
            options=background,
            defaults={
                **ratio,
                "thresholds": {
                    "mode": "absolute",
                    "steps": [
                        {"color": "red", "value": None},
                        {"color": "orange", "value": 0.9},
                        {"color": "green", "value": 0.99},
                    ],
                },
            },
            targets=[target("app_objective_ratio", legendFormat="{{slo}}", instant=True)],
        ),
        panel(
            4,
            "stat",
            "Nothing here",
            (18, 0, 3, 4),
            options=value,
            defaults={"noValue": "No dead letters"},
            targets=[target("app_absent")],
        ),
        panel(
            5,
            "stat",
            "Refused",
            (21, 0, 3, 4),
            options=value,
            targets=[target("sum(")],
        ),
    ]


def _lines() -> list[dict[str, Any]]:
    dashed = {"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [8, 6]}}
    red = {"id": "color", "value": {"mode": "fixed", "fixedColor": "red"}}
    return [
        {
            "id": 10,
            "type": "row",
            "title": "Symptoms",
            "gridPos": {"x": 0, "y": 4, "w": 24, "h": 1},
            "collapsed": False,
            "panels": [],
        },
        panel(
            11,
            "timeseries",
            "Lag of $consumer",
            (0, 5, 12, 9),
            options=TABLE,
            defaults={
                "color": {"mode": "palette-classic-by-name"},
                "custom": {
                    "fillOpacity": 10,
                    "lineWidth": 1,
                    "thresholdsStyle": {"mode": "dashed+area"},
                },
            },
            targets=[target(LAG, legendFormat="{{consumer}}")],
        ),
        panel(
            12,
            "timeseries",
            "Events a second, stacked",
            (12, 5, 12, 9),
            options={"legend": {"displayMode": "list", "placement": "bottom"}},
            defaults={
                "unit": "cps",
                "color": {"mode": "palette-classic"},
                "custom": {"fillOpacity": 40, "stacking": {"mode": "normal", "group": "A"}},
            },
            overrides=[
                {
                    "matcher": {"id": "byName", "options": "target"},
                    "properties": [
                        dashed,
                        red,
                        {"id": "custom.stacking", "value": {"mode": "none"}},
                        {"id": "custom.fillOpacity", "value": 0},
                    ],
                },
            ],
            targets=[
                target(
                    "sum by (rule) (rate(app_events_total[$__rate_interval]))",
                    "A",
                    legendFormat="{{rule}}",
                ),
                target("vector(45)", "B", legendFormat="target"),
            ],
        ),
    ]


def _rest() -> list[dict[str, Any]]:
    link = {
        "title": "This consumer",
        "url": "/d/every-panel?${__url_time_range}&${stream:queryparam}"
        "&var-consumer=${__data.fields.consumer}",
    }
    text = "## Read me\n\nThe **worst** first; see [the list](/). <b>Not bold</b>\n\n- one\n- `two`"

    def column(name: str, *properties: tuple[str, Any]) -> dict[str, Any]:
        return {
            "matcher": {"id": "byName", "options": name},
            "properties": [{"id": key, "value": value} for key, value in properties],
        }

    return [
        {
            "id": 20,
            "type": "row",
            "title": "Causes",
            "gridPos": {"x": 0, "y": 14, "w": 24, "h": 1},
            "collapsed": False,
            "panels": [],
        },
        panel(
            21,
            "table",
            "Consumers",
            (0, 15, 14, 9),
            targets=[
                target(LAG, "A", instant=True, format="table"),
                target(
                    "max by (stream, consumer) (app_lag_seconds)", "B", instant=True, format="table"
                ),
                target("max by (stream, consumer) (app_status)", "C", instant=True, format="table"),
            ],
            transformations=[
                {"id": "merge", "options": {}},
                {
                    "id": "organize",
                    "options": {
                        "excludeByName": {"Time": True},
                        "renameByName": {
                            "Value #A": "Lag",
                            "Value #B": "Behind",
                            "Value #C": "Status",
                            "consumer": "Consumer",
                            "stream": "Stream",
                        },
                    },
                },
                {"id": "sortBy", "options": {"sort": [{"field": "Lag", "desc": True}]}},
            ],
            overrides=[
                column("Consumer", ("links", [link])),
                column("Stream", ("custom.width", 110)),
                column(
                    "Lag", ("custom.cellOptions", {"type": "gauge", "mode": "basic"}), ("min", 0)
                ),
                column(
                    "Behind",
                    ("unit", "s"),
                    ("custom.cellOptions", {"type": "color-text"}),
                    ("custom.width", 110),
                ),
                column(
                    "Status",
                    ("mappings", STATUSES),
                    ("custom.cellOptions", {"type": "color-background"}),
                    ("custom.width", 110),
                ),
            ],
        ),
        panel(
            22,
            "bargauge",
            "Worst consumers",
            (14, 15, 10, 9),
            options={**LAST, "orientation": "horizontal", "displayMode": "gradient"},
            defaults={
                "min": 0,
                "unit": "s",
                "thresholds": {
                    "mode": "absolute",
                    "steps": [
                        {"color": "green", "value": None},
                        {"color": "orange", "value": 60},
                        {"color": "red", "value": 150},
                    ],
                },
            },
            targets=[
                target("sort_desc(app_lag_seconds)", instant=True, legendFormat="{{consumer}}")
            ],
        ),
        panel(
            23,
            "state-timeline",
            "Status over time",
            (0, 24, 12, 8),
            options={
                "showValue": "auto",
                "rowHeight": 0.9,
                "mergeValues": True,
                "legend": {"displayMode": "list", "placement": "bottom"},
            },
            defaults={"mappings": STATUSES, "custom": {"fillOpacity": 80, "lineWidth": 0}},
            targets=[target("max by (consumer) (app_status)", legendFormat="{{consumer}}")],
        ),
        panel(
            24,
            "heatmap",
            "Latency",
            (12, 24, 12, 8),
            options={
                "calculate": False,
                "yAxis": {"unit": "s"},
                "color": {"mode": "scheme", "scheme": "Oranges", "steps": 64},
            },
            targets=[
                target(
                    "sum by (le) (increase(app_seconds_bucket[$__rate_interval]))",
                    format="heatmap",
                    legendFormat="{{le}}",
                )
            ],
        ),
        panel(
            25,
            "text",
            "About",
            (0, 32, 6, 6),
            options={"mode": "markdown", "content": text},
        ),
        panel(
            26,
            "timeseries",
            "Stored",
            (6, 32, 9, 6),
            options={"legend": {"showLegend": False}},
            defaults={"unit": "bytes", "color": {"mode": "fixed", "fixedColor": "purple"}},
            targets=[target("app_bytes")],
        ),
        panel(
            27,
            "heatmap",
            "Lag, counted",
            (15, 32, 9, 6),
            options={
                "calculate": True,
                "yAxis": {"unit": "short"},
                "color": {"mode": "scheme", "scheme": "Blues", "steps": 64},
            },
            targets=[target("app_lag_messages")],
        ),
    ]
