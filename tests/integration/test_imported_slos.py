"""An imported SLO counts what sloth's own rules count, on the same series of a real Prometheus."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from obs.cli.main import main
from obs.clients.prometheus import Prometheus as Client
from obs.sandbox.prometheus import prometheus_binary
from tests.integration.collector_process import CollectorProcess, collectors
from tests.integration.shop_past import Shop, ratio
from tests.integration.test_prometheus_slis import shop, started

__all__ = ["collectors", "shop"]

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        prometheus_binary() is None or shutil.which("promtool") is None,
        reason="no Prometheus is installed",
    ),
]

ERRORS = 'sum(rate(shop_requests_total{code="503"}[{{.window}}]))'
ALL = "sum(rate(shop_requests_total[{{.window}}]))"
SLOTH = f"""\
version: prometheus/v1
service: shop
slos:
  - name: events
    objective: 99
    sli: {{events: {{error_query: '{ERRORS}', total_query: '{ALL}'}}}}
  - name: raw
    objective: 99
    sli: {{raw: {{error_ratio_query: '1 - ({ALL} - {ERRORS}) / {ALL}'}}}}
"""
WITHIN = {"events": 0.05, "raw": 0.05, "raw--selectors": 0.05, "events--selectors": 0.02}
"""Of the ratio. sloth extrapolates once, at the ends of the window. An expression does in each five
minutes: a burst between two samples counts 1.05 times, or 0.84 times where a minute ends between
them. A selector counts each event once. The second query of `raw` is no selector."""


def imported(folder: Path, shop: Shop, *options: str) -> list[dict[str, Any]]:
    """The SLOs of the spec that an import with these options writes, with names of their own."""
    theirs, ours = folder / "sloth.yml", folder / "obs.yaml"
    theirs.write_text(SLOTH, encoding="utf-8")
    words = ["import", "sloth", str(theirs), "--out", str(ours), "--force", *options]
    assert main([*words, "--source", "shop", "--url", shop.url]) == 0
    slos = yaml.safe_load(ours.read_text(encoding="utf-8"))["slos"]
    return [{**slo, "name": slo["name"] + "".join(options)} for slo in slos]


def test_an_imported_slo_has_the_error_ratio_of_sloth_s_own_rule(
    tmp_path: Path, shop: Shop, collectors: list[CollectorProcess]
) -> None:
    slos = [*imported(tmp_path, shop), *imported(tmp_path, shop, "--selectors")]
    made = started(tmp_path / "imported", shop, shop.end, collectors, *slos)
    names = [slo["name"] for slo in slos]
    assert set(names) == WITHIN.keys()
    scrape = made.until(lambda found: all(ratio(found, name, "6h") is not None for name in names))
    client = Client(shop.url)
    try:
        for window in ("1h", "6h"):
            rule = f"({ERRORS}) / ({ALL})".replace("{{.window}}", window)
            (recorded,) = client.query(rule, shop.end)
            ((_, expected),) = recorded.points
            for name, within in WITHIN.items():
                found = ratio(scrape, name, window)
                assert found == pytest.approx(expected, rel=within), (name, window)
    finally:
        client.close()
