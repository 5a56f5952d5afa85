"""SLOs of pyrra in our words."""

from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from obs.imports.findings import Findings, Section
from obs.imports.formats import FORMATS, Import, import_files
from obs.imports.imported import Options
from obs.imports.pyrra_windows import tiers_of
from obs.spec.load import load
from obs.spec.tree import Fields, FilePlace

PYRRA: Final = """
apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata:
  name: query-errors
  namespace: monitoring
  labels: {role: alert-rules, pyrra.dev/team: search, pyrra.dev/domain: query}
  annotations: {pyrra.dev/runbook: "https://runbooks/query"}
spec:
  target: "99.5"
  window: 4w
  description: Few queries fail.
  indicator:
    ratio:
      errors: {metric: 'http_requests_total{job="query",code=~"5.."}'}
      total: {metric: 'http_requests_total{job="query"}'}
      grouping: [handler]
  alerting:
    name: QueryErrors
    absent: false
    severities: {fastBurn: critical, mediumBurn: critical, slowBurn: page}
---
apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjectiveList
items:
  - apiVersion: pyrra.dev/v1alpha1
    kind: ServiceLevelObjective
    metadata: {name: latency, namespace: monitoring}
    spec:
      target: "90"
      window: 4w
      indicator:
        latency:
          success: {metric: 'http_seconds_bucket{job="query",le="0.05"}'}
          total: {metric: 'http_seconds_count{job="query"}'}
  - apiVersion: pyrra.dev/v1alpha1
    kind: ServiceLevelObjective
    metadata: {name: native, namespace: monitoring}
    spec:
      target: "99"
      window: 2w
      indicator:
        latencyNative: {latency: 200ms, total: {metric: 'http_seconds{job="query"}'}}
      alerting: {disabled: true}
  - apiVersion: pyrra.dev/v1alpha1
    kind: ServiceLevelObjective
    metadata: {name: probe, namespace: monitoring}
    spec:
      target: "99"
      window: 4w
      indicator: {bool_gauge: {metric: probe_success}}
"""


@pytest.fixture
def found(tmp_path: Path) -> Import:
    """All four, imported."""
    file = tmp_path / "pyrra.yaml"
    file.write_text(PYRRA)
    return import_files(FORMATS["pyrra"], [file], Options("metrics", "http://p:9090"))


def slos(found: Import) -> dict[str, dict[str, Any]]:
    """By name, as the spec has them."""
    return {each["name"]: each for each in yaml.safe_load(found.text or "")["slos"]}


def test_each_indicator_becomes_an_sli(found: Import, tmp_path: Path) -> None:
    slis = {name: slo["sli"] for name, slo in slos(found).items()}
    assert slis == {
        "query-errors": {
            "prometheus": {
                "source": "metrics",
                "bad": 'http_requests_total{job="query",code=~"5.."}',
                "total": 'http_requests_total{job="query"}',
            }
        },
        "latency": {
            "prometheus": {
                "source": "metrics",
                "good": 'http_seconds_bucket{job="query",le="0.05"}',
                "total": 'http_seconds_count{job="query"}',
            }
        },
        "native": {
            "prometheus_latency": {
                "source": "metrics",
                "histogram": 'http_seconds{job="query"}',
                "below": "200ms",
                "native": True,
            }
        },
        "probe": {
            "prometheus": {
                "source": "metrics",
                "good": "sum(sum_over_time(probe_success[$window]))",
                "total": "sum(count_over_time(probe_success[$window]))",
                "range": "1m",
            }
        },
    }
    file = tmp_path / "obs.yaml"
    file.write_text(found.text or "")
    assert len(load([file]).slos) == 4


def test_whose_it_is_and_its_alerts_are_taken_over(found: Import) -> None:
    slo = slos(found)["query-errors"]
    assert (slo["service"], slo["team"]) == ("monitoring", "search")
    assert slo["labels"] == {"domain": "query"}
    assert slo["links"] == {"runbook": "https://runbooks/query"}
    assert [tier["long"] for tier in slo["tiers"]] == ["1h", "6h", "1d", "4d"]
    tuned = yaml.safe_load(found.text or "")["alerts"]
    off = {"slo": "native", "slo_service": "monitoring", "enabled": False}
    assert off in tuned["SloBudgetBurnsFast"]["overrides"]
    assert {each["slo"] for each in tuned["SloNoData"]["overrides"]} == {"query-errors", "native"}
    fast = tuned["SloBudgetBurnsFast"]["overrides"][0]
    assert (fast["slo"], fast["severity"]) == ("query-errors", "critical")


def test_what_is_lost_is_told_with_its_line(found: Import) -> None:
    told = [str(each).rpartition("/")[2] for each in found.findings if each.lost]
    lost = ((17, "handler"), (19, "QueryErrors"), (21, "'page'"), (41, "3m → 5m"))
    for line, (number, word) in zip(told, lost, strict=True):
        assert line.startswith(f"pyrra.yaml:{number}: ")
        assert word in line


def test_windows_that_obs_has_not_are_longer_and_too_short_ones_left_out() -> None:
    findings = Findings()
    section = Section(Fields(FilePlace("a", 1, ()), {}, {}), findings)
    week = tiers_of(section, 7 * 86_400.0)
    assert [tier["short"] for tier in week] == ["5m", "10m", "30m", "1h30m"]
    assert tiers_of(section, 3_600.0) == []
    assert findings.losses == 2
