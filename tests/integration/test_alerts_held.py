"""Alerts that fire on while their source is silent, as promtool judges them."""

from pathlib import Path

import pytest

from obs.alerts.targets import build
from obs.artifacts import write, yaml_text
from obs.spec.load import load
from tests.integration.promtool import keep_rules, needs_promtool, said_of

pytestmark = [pytest.mark.integration, needs_promtool]

SPEC = """
version: 1
system: held
sources:
  nats: {main: {monitor: [http://nats:8222]}}
alerts: {NatsConsumerNoPuller: {for: 5s}}
"""
OBJECT = 'nats="main",account="A",stream="S",consumer="C"'
SYSTEM = 'environment="production",system="held"'
SERIES = {  # a value a second: the server falls silent after 105 s, 20 s after the last puller left
    f"nats_consumer_status{{{OBJECT},{SYSTEM}}}": "0x85 4x19 stale",
    f'nats_consumer_status_reason{{{OBJECT},reason="no_puller",{SYSTEM}}}': "_x86 1x19 stale",
    f'obs_source_up{{source="main",{SYSTEM}}}': "1x105 0x100",
}
EXPECTED = {"80s": False, "100s": True, "110s": True, "170s": True}


def test_an_alert_that_held_for_seconds_outlives_the_source_that_said_so(tmp_path: Path) -> None:
    spec = tmp_path / "held.yaml"
    spec.write_text(SPEC)
    write(tmp_path, build(load([spec], variables={}), ["prometheus"]))
    keep_rules([tmp_path / "prometheus" / "nats.yaml"], ("NatsConsumerNoPuller",))
    series = [{"series": name, "values": values} for name, values in SERIES.items()]
    firing = 'count(ALERTS{alertname="NatsConsumerNoPuller",alertstate="firing"})'
    asked = [
        {
            "expr": firing,
            "eval_time": at,
            "exp_samples": [{"labels": "{}", "value": 1}] if fires else [],
        }
        for at, fires in EXPECTED.items()
    ]
    test = {"interval": "1s", "input_series": series, "promql_expr_test": asked}
    document = {
        "rule_files": ["prometheus/nats.yaml"],
        "evaluation_interval": "1s",
        "tests": [test],
    }
    (tmp_path / "test.yml").write_text(yaml_text(document))
    said = said_of(tmp_path, "test.yml")
    assert "SUCCESS" in said, said
