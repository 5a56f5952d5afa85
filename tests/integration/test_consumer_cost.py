"""What a consumer costs: its series on a real server, of usual and of chosen metrics."""

import subprocess
from pathlib import Path

import nats
import pytest
import yaml
from nats.js.api import AckPolicy, ConsumerConfig, StreamConfig

from obs import catalogue
from obs.alerts.targets import build
from obs.catalogue.nats import CONSUMER
from obs.sandbox.nats_server import NatsServer
from obs.spec.system import System
from tests.integration.collector_process import CollectorProcess, Scrape, collectors, spec_of

__all__ = ["collectors"]

pytestmark = pytest.mark.integration

ALERT = "NatsConsumerNoPuller"
BEFORE = {
    "nats_consumer_lag_messages": 1,
    "nats_consumer_lag_seconds": 1,
    "nats_consumer_status": 1,
    "nats_consumer_status_reason": 7,  # of which one is 1, if any
    "nats_consumer_drain_seconds": 1,
    "nats_consumer_eviction_seconds": 1,
    "nats_consumer_delivered_total": 1,
    "nats_consumer_resets_total": 1,
    "nats_consumer_dead_letters_total": 1,
    "nats_consumer_evicted_messages_total": 1,
    "nats_consumer_pending_messages": 1,
    "nats_consumer_ack_pending_messages": 1,
    "nats_consumer_redelivered_messages": 1,
    "nats_consumer_waiting_pulls": 1,
    "nats_consumer_delivered_sequence": 1,
    "nats_consumer_ack_floor_sequence": 1,
    "nats_consumer_last_delivery_timestamp_seconds": 1,
    "nats_consumer_replicas_behind": 1,
    "nats_consumer_max_ack_pending_messages": 1,
    "nats_consumer_max_deliveries": 1,
    "nats_consumer_ack_wait_seconds": 1,
}
"""Series of a usual consumer until obs exported some of them on request only."""
NOW = {
    "nats_consumer_lag_messages": 1,
    "nats_consumer_lag_seconds": 1,
    "nats_consumer_status": 1,
    "nats_consumer_drain_seconds": 1,
    "nats_consumer_eviction_seconds": 1,  # with max_age, while messages wait
    "nats_consumer_delivered_total": 1,
    "nats_consumer_dead_letters_total": 1,  # with a connection
    "nats_consumer_evicted_messages_total": 1,
    "nats_consumer_ack_pending_messages": 1,
    "nats_consumer_redelivered_messages": 1,
    "nats_consumer_max_ack_pending_messages": 1,
    "nats_consumer_info": 1,
}
"""Series of the same consumer while nothing is wrong with it."""


def families(scrape: Scrape, *, rare: bool = False) -> dict[str, int]:
    """Series of the consumer by metric, without those of what is out of the ordinary."""
    found: dict[str, int] = {}
    for name, labels in scrape:
        if ("consumer", "worker") in labels and (rare or not catalogue.BY_NAME[name].rare):
            found[name] = found.get(name, 0) + 1
    return found


async def test_a_usual_consumer_has_12_series_and_a_reason_only_while_it_holds(
    tmp_path_factory: pytest.TempPathFactory,
    nats_server: NatsServer,
    collectors: list[CollectorProcess],
) -> None:
    source = {
        "monitor": [nats_server.monitor],
        "status_window": "3s",
        "connection": {"servers": [nats_server.url], "account": "$G"},
    }
    chosen: tuple[dict[str, list[str]], ...]
    chosen = ({}, {"include": ["nats_consumer_*"]}, {"exclude": ["nats_consumer_[!l]*"]})
    for metrics in chosen:
        folder = tmp_path_factory.mktemp("obs")
        spec = spec_of(folder, nats=source) | {"metrics": metrics}
        collectors.append(CollectorProcess(folder, spec))
    client = await nats.connect(nats_server.url)
    js = client.jetstream()
    await js.add_stream(StreamConfig(name="S", subjects=["s"], max_age=3600))
    await js.add_consumer(
        "S",
        ConsumerConfig(
            durable_name="worker", ack_policy=AckPolicy.EXPLICIT, max_deliver=3, ack_wait=30
        ),
    )
    for _ in range(5):
        await js.publish("s", b"")
    usual, everything, few = (each.start() for each in collectors)

    def is_told(scrape: Scrape) -> bool:
        """Nobody pulls what waits; the connection has heard of the account."""
        found = families(scrape, rare=True)
        return (
            "nats_consumer_status_reason" in found and "nats_consumer_dead_letters_total" in found
        )

    waiting = usual.until(is_told)
    (reason,) = [dict(labels) for name, labels in waiting if name == "nats_consumer_status_reason"]
    assert reason["reason"] == "no_puller"
    subscription = await js.pull_subscribe_bind("worker", "S")
    messages = await subscription.fetch(5)
    now = usual.until(
        lambda scrape: "nats_consumer_status_reason" not in families(scrape, rare=True)
    )
    assert families(now) == NOW
    assert sum(NOW.values()) == 12

    of_everything = everything.until(
        lambda scrape: "nats_consumer_last_delivery_timestamp_seconds" in families(scrape)
    )
    held = {name for name in BEFORE if name != "nats_consumer_status_reason"}
    assert set(families(of_everything)) == held | {"nats_consumer_info"}
    assert sum(BEFORE.values()) == 27

    lagging = few.scrape()
    assert set(families(lagging)) == {"nats_consumer_lag_messages", "nats_consumer_lag_seconds"}
    (info,) = [dict(labels) for name, labels in now if name == "nats_consumer_info"]
    assert info.items() >= {"mode": "pull", "max_deliver": "3", "ack_wait": "30s"}.items()
    for message in messages:
        await message.ack()
    await client.flush()
    done = usual.until(lambda scrape: "nats_consumer_eviction_seconds" not in families(scrape))
    assert sum(families(done).values()) == 11
    assert {name for name in BEFORE if catalogue.BY_NAME[name].labels == CONSUMER} == held
    await client.close()


def test_a_reason_that_ceased_ends_its_alert_while_other_objects_are_withdrawn(
    tmp_path: Path,
) -> None:
    """Its absence says so where the consumer's status is there, and nothing where that is not."""
    sources = {"nats": {"nats": {"monitor": ["http://nats:8222"]}}}
    system = System.model_validate({"version": 1, "system": "oms", "sources": sources})
    rules = yaml.safe_load(build(system, ["prometheus"])["prometheus"]["prometheus/nats.yaml"])
    for group in rules["groups"]:
        group["rules"] = [each for each in group["rules"] if each["alert"] == ALERT]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(rules))

    def series(name: str, labels: str, values: str) -> dict[str, str]:
        both = f'{labels},environment="production",system="oms"'
        return {"series": f"{name}{{{both}}}", "values": values}

    told = [
        series("obs_source_up", 'source="nats"', "1x40"),
        series("obs_source_withdrawn_objects", 'source="nats"', "1x40"),
    ]
    for consumer, status in (("ceased", "4x40"), ("withdrawn", "4x20 stale")):
        labels = f'nats="nats",account="A",stream="S",consumer="{consumer}"'
        reason = f'{labels},reason="no_puller"'
        told += [
            series("nats_consumer_status", labels, status),
            series("nats_consumer_status_reason", reason, "1x20 stale"),
        ]
    firing = f'count by (consumer) (ALERTS{{alertname="{ALERT}",alertstate="firing"}})'

    def at(minute: int, *consumers: str) -> dict[str, object]:
        samples = [{"labels": f'{{consumer="{each}"}}', "value": 1} for each in consumers]
        return {"eval_time": f"{minute}m", "expr": firing, "exp_samples": samples}

    test = {
        "interval": "1m",
        "input_series": told,
        "promql_expr_test": [at(20, "ceased", "withdrawn"), at(22, "withdrawn")],
    }
    document = {"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": [test]}
    (tmp_path / "test.yaml").write_text(yaml.safe_dump(document))
    command = ["promtool", "test", "rules", str(tmp_path / "test.yaml")]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
