"""Alerts on objects of a shard that is gone, as Prometheus evaluates them."""

import subprocess
from pathlib import Path

import pytest

from obs.cli.main import main
from tests.integration.promtool import keep_rules, needs_promtool

SPEC = """
version: 1
system: shop
sources: {nats: {main: {monitor: ["http://127.0.0.1:9"]}}}
slos:
  - name: each
    service: shop
    objective: 99
    sli: {metric: {source: main, metric: nats_consumer_pending_messages, by: [consumer], below: 1}}
"""
OURS = 'environment="production",system="shop"'
CONSUMER = 'nats="main",account="$G",stream="S",consumer="c"'
OBJECT = f'{OURS},slo="each",slo_service="shop",slo_object="c",instance="2"'


@needs_promtool
@pytest.mark.parametrize(
    ("other", "up", "held"),
    [("stale", "stale", 1), ("1x60", "0x60", 1), ("1x60", "1x60", 0)],
    ids=["absent", "cannot poll", "the object was deleted"],
)
def test_what_other_shards_tell_ends_no_alert_of_a_shard_that_is_silent(
    tmp_path: Path, other: str, up: str, held: int
) -> None:
    (tmp_path / "obs.yaml").write_text(SPEC)
    command = ["alerts", "build", "--spec", str(tmp_path / "obs.yaml"), "--out", str(tmp_path)]
    assert main(command) == 0
    rules = [tmp_path / "prometheus" / name for name in ("nats.yaml", "slo.yaml")]
    keep_rules(rules, ("NatsConsumerLagHigh", "SloBudgetBurnsFast", "SloNoData"))
    shards = f'{OURS},shards="2"'
    series = {
        f'slo_burn_rate{{{OBJECT},window="1h"}}': "20x20 stale",
        f'slo_burn_rate{{{OBJECT},window="5m"}}': "20x20 stale",
        f'slo_bad_events{{{OBJECT},window="1h"}}': "50x20 stale",
        f"slo_data_watermark_timestamp_seconds{{{OBJECT}}}": "0+60x20 stale",
        f"slo_asked_since_timestamp_seconds{{{OBJECT}}}": "1x20 stale",
        f'slo_objects{{{OURS},slo="each",slo_service="shop",instance="1"}}': "5x80",
        f'nats_consumer_lag_messages{{{OURS},{CONSUMER},instance="2"}}': "2000x20 stale",
        f'obs_source_up{{{OURS},source="main",instance="1"}}': "1x80",
        f'obs_source_up{{{OURS},source="main",instance="2"}}': f"1x20 {up}",
        f'obs_shards{{{OURS},instance="1"}}': "2x80",
        f'obs_shard_info{{{shards},shard="1",instance="1"}}': "1x80",
        f'obs_shard_info{{{shards},shard="2",instance="2"}}': f"1x20 {other}",
        f'obs_shard_source_up{{{OURS},shard="2",source="main",instance="2"}}': f"1x20 {up}",
    }
    given = "".join(f"  - series: '{name}'\n    values: {each}\n" for name, each in series.items())
    asked = "".join(
        f"""  - expr: count(ALERTS{{alertname="{alert}",alertstate="firing"}}) > bool 0 or vector(0)
    eval_time: {at}m
    exp_samples: [{{value: {value}}}]
"""
        for alert, at, value in (
            ("NatsConsumerLagHigh", 15, 1),
            ("NatsConsumerLagHigh", 25, held),
            ("SloBudgetBurnsFast", 15, 1),
            ("SloBudgetBurnsFast", 25, held),
            ("SloNoData", 50, held),
        )
    )
    files = ", ".join(map(str, rules))
    test = f"rule_files: [{files}]\nevaluation_interval: 1m\ntests:\n- interval: 1m\n"
    test += f"  input_series:\n{given}  promql_expr_test:\n{asked}"
    (tmp_path / "test.yaml").write_text(test)
    done = subprocess.run(
        ["promtool", "test", "rules", tmp_path / "test.yaml"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
