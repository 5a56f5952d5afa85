"""Pinned clients, pauses and rare settings, as servers from 2.10 on tell them."""

import json

from obs.catalogue import nats_events
from obs.families.events import state_families
from obs.families.family import RowCache
from obs.snapshot.assets import Consumer, ConsumerConfig, PriorityGroup
from obs.sources.nats.asset_config import consumer_config, priority_groups
from obs.sources.nats.jsz import ConsumerReport
from obs.sources.nats.jsz_answer import decode_jsz

CONFIG = {
    "durable_name": "w",
    "priority_policy": "pinned_client",
    "priority_groups": ["A", "B"],
    "pause_until": "2030-01-01T00:00:00Z",
    "inactive_threshold": 5_000_000_000,
    "headers_only": True,
    "sample_freq": "30%",
}
GROUPS = [
    {"group": "A", "pinned_client_id": "x1", "pinned_ts": "2026-01-01T00:00:00Z"},
    {"group": "B"},
]


def report(**fields: object) -> ConsumerReport:
    consumer = {"name": "w", "created": "c", **fields}
    detail = [{"name": "$G", "stream_detail": [{"name": "O", "consumer_detail": [consumer]}]}]
    answer = decode_jsz(json.dumps({"server_id": "s", "account_details": detail}).encode(), "s")
    (account,) = answer.account_details or ()
    (stream,) = account.stream_detail or ()
    (found,) = stream.consumer_detail or ()
    return found


def families(consumer: Consumer) -> dict[str, list[object]]:
    return {
        each.metric.name: list(each.values)
        for each in state_families("main", [consumer], RowCache())
        if len(each)
    }


def test_a_pinned_client_is_told_without_its_id() -> None:
    found = report(config=CONFIG, priority_groups=GROUPS, paused=True)
    groups = priority_groups(found)
    assert groups == (PriorityGroup("A", True, 1_767_225_600.0), PriorityGroup("B", False, None))
    assert found.config is not None
    config = consumer_config(found.config)
    consumer = Consumer(
        "$G", "O", "w", "c", config, 0, 0, 0, 0, 0, 0, 0, paused=True, groups=groups
    )
    assert families(consumer) == {
        nats_events.PINNED.name: [1, 0],
        nats_events.PINNED_SINCE.name: [1_767_225_600.0, None],
        nats_events.PAUSED_UNTIL.name: [1_893_456_000.0],
        nats_events.INACTIVE_THRESHOLD.name: [5.0],
        nats_events.HEADERS_ONLY.name: [1],
    }
    assert config.sampled


def test_an_old_server_tells_nothing_of_it() -> None:
    found = report(config={"durable_name": "w"})
    assert found.config is not None
    config = consumer_config(found.config)
    assert priority_groups(found) == ()
    assert not config.sampled
    assert families(Consumer("$G", "O", "w", "c", config, 0, 0, 0, 0, 0, 0, 0)) == {}


def test_an_overflow_group_pins_nobody() -> None:
    config = ConsumerConfig(priority_policy="overflow")
    groups = (PriorityGroup("A", False, None),)
    consumer = Consumer("$G", "O", "w", "c", config, 0, 0, 0, 0, 0, 0, 0, groups=groups)
    assert families(consumer) == {}
