"""A page of ours with panels of your own: the OMS's overview, and what its API does.

generate-dashboard --output oms-api.json dashboards/examples/oms_api.dashboard.py

Panels come from our builders, in our style, or directly from grafanalib: both become what
Grafana 12 expects. A key such as `oms_api/requests` gives a panel its id, which links to it use.
"""

from dataclasses import replace
from pathlib import Path

from grafanalib import core

from obs.catalogue import nats
from obs.dashboards.build_context import build_context_of
from obs.dashboards.expressions import VariableScope
from obs.dashboards.field_options import DATASOURCE, FieldOptions, Query
from obs.dashboards.layout import Band, Section
from obs.dashboards.normalise import Normalised
from obs.dashboards.page import dashboard as dashboard_of
from obs.dashboards.pages import overview
from obs.dashboards.panels import lines, stat
from obs.ids import panel_id
from obs.spec.load import load

SPEC = Path(__file__).resolve().parents[2] / "collectors" / "oms.yaml"

context = build_context_of(load([SPEC]))
ours = overview.page(context)

deliveries = lines(
    "oms_api/deliveries",
    "Deliveries",
    "Messages that consumers were given, a second.",
    [Query(VariableScope().rate(nats.DELIVERED), "{{consumer}}")],
    FieldOptions("cps", none="No consumer is known: is the collector running?"),
)
requests = stat(
    "oms_api/requests",
    "Requests",
    "Requests that the OMS's API answers, a second.",
    [Query('sum(rate(http_requests_total{job="oms-api"}[$__rate_interval]))')],
    FieldOptions("reqps", none="The API is not scraped"),
)
slowest = core.TimeSeries(
    title="Slowest requests",
    description="What 99 of 100 requests to the OMS's API are faster than.",
    id=panel_id("oms_api/slowest"),
    dataSource=DATASOURCE,
    unit="s",
    targets=[
        core.Target(
            expr="histogram_quantile(0.99, sum by (le) "
            '(rate(http_request_duration_seconds_bucket{job="oms-api"}[$__rate_interval])))',
            legendFormat="99 %",
        )
    ],
)

page = replace(
    ours,
    name="oms_api",
    title="Overview with the API",
    sections=[*ours.sections, Section("The OMS's API", [Band(8, [deliveries, requests, slowest])])],
)

dashboard = Normalised(dashboard_of(page, context))
