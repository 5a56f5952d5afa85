"""Collectors of two parts of a spec, each with a lease: a leader of one is none of the other."""

from pathlib import Path

import pytest

from obs.alerts.targets import build
from obs.artifacts import write, yaml_text
from obs.spec.load import load
from tests.integration.promtool import needs_promtool, said_of

pytestmark = [pytest.mark.integration, needs_promtool]

SPEC = """
version: 1
system: shop
sources:
  nats: {main: {monitor: [http://nats:8222], connection: {servers: [nats://nats:4222]}}}
  aws: {cloud: {region: us-east-1, buses: [{name: shop}]}}
ha: {lease: {nats: {source: main, bucket: obs-lease}}}
"""
SYSTEM = 'environment="production",system="shop"'
SERIES = {  # of a minute each
    f'obs_leader{{part="aws",instance="a",{SYSTEM}}}': "0x10",
    f'obs_leader{{part="aws",instance="b",{SYSTEM}}}': "0x10",
    f'obs_leader{{part="nats",instance="c",{SYSTEM}}}': "0x10",
    f'obs_leader{{part="nats",instance="d",{SYSTEM}}}': "1x10",
}


def test_a_part_without_a_leader_alerts_where_another_part_has_one(tmp_path: Path) -> None:
    spec = tmp_path / "shop.yaml"
    spec.write_text(SPEC)
    write(tmp_path, build(load([spec], variables={}), ["prometheus"]))
    test = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in SERIES.items()],
        "promql_expr_test": [
            {
                "expr": 'count by (part) (ALERTS{alertname="ObsNoLeader",alertstate="firing"})',
                "eval_time": "5m",
                "exp_samples": [{"labels": '{part="aws"}', "value": 1}],
            }
        ],
    }
    document = {
        "rule_files": ["prometheus/high_availability.yaml"],
        "evaluation_interval": "1m",
        "tests": [test],
    }
    (tmp_path / "test.yml").write_text(yaml_text(document))
    said = said_of(tmp_path, "test.yml")
    assert "SUCCESS" in said, said
