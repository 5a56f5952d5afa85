"""The OMS's overview for grafanalib's own command, which writes the same JSON as obs does:

generate-dashboard --output overview.json dashboards/oms.dashboard.py
"""

from pathlib import Path

from obs.dashboards.build_context import build_context_of
from obs.dashboards.normalise import Normalised
from obs.dashboards.page import dashboard as dashboard_of
from obs.dashboards.pages import overview
from obs.spec.load import load

SPEC = Path(__file__).resolve().parents[1] / "collectors" / "oms.yaml"

context = build_context_of(load([SPEC]))
page = overview.page(context)

dashboard = Normalised(dashboard_of(page, context))
