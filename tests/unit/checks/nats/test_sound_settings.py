"""Replicas, limits, consumers and servers: what each check finds wrong, and what it does not."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from obs.catalogue import nats_server
from obs.checks.catalogue import BY_NAME
from obs.checks.finding import CheckFinding, Outcome
from obs.checks.nats.consumer_settings import ack_waits
from obs.snapshot.assets import (
    Consumer,
    ConsumerConfig,
    OddThreshold,
    Stream,
    StreamConfig,
    Thresholds,
)
from obs.snapshot.nats import NatsSnapshot
from obs.snapshot.servers import NatsServer
from obs.spec.system import System
from tests.unit.checks.nats.test_jetstream import system

NOW = 1_700_000_000.0
DAY = 86_400.0
GIB = 1 << 30
SERVERS = tuple(
    NatsServer(f"{name}:8222", up=True, name=name, version="2.12.1", store_limit=GIB)
    for name in ("n1", "n2", "n3")
)
THREE = {"replicas": 3}


def stream(name: str = "ORDERS", *, config: dict[str, Any] | None = None, **told: Any) -> Stream:
    """100 messages of 10 bytes, the oldest a minute old; at most an hour is kept."""
    settings = StreamConfig(**{"max_age": 3600.0, "discard_new": False, **(config or {})})
    base = Stream("A", name, "c", settings, 100, 1000, 1, 100, NOW - 60, NOW, 1)
    return msgspec.structs.replace(base, holders=("n1", "n2", "n3"), server="n1", **told)


def consumer(*, config: dict[str, Any] | None = None, **told: Any) -> Consumer:
    """It has received all but 10 messages, 2 of them are in flight, and was used just now."""
    settings = ConsumerConfig(**{"max_deliver": 3, "max_ack_pending": 1000, **(config or {})})
    created = "2023-01-01T00:00:00Z"
    base = Consumer("A", "ORDERS", "worker", created, settings, 90, 90, 88, 10, 2, 0, 1)
    return msgspec.structs.replace(base, **{"last_delivery": NOW - 1, **told})


def snapshot(*of: Stream | Consumer, servers: Iterable[NatsServer] = SERVERS) -> NatsSnapshot:
    streams = tuple(one for one in of if isinstance(one, Stream))
    consumers = tuple(one for one in of if isinstance(one, Consumer))
    return NatsSnapshot(NOW, tuple(servers), streams or (stream(),), consumers)


def found(check: str, seen: NatsSnapshot, of: System | None = None) -> list[CheckFinding]:
    """What a check finds that is not right."""
    read: object = (seen, {}) if check == "jetstream-ack-wait" else seen  # no collector runs
    findings = list(BY_NAME[check].judge(of or system(), "main", read))
    assert findings, "a check says what is right, too"
    return [each for each in findings if each.outcome in (Outcome.FAILED, Outcome.WARNED)]


LED = [stream(f"S{i}", config=THREE) for i in range(6)]
SPREAD = [msgspec.structs.replace(s, server=f"n{i % 3 + 1}") for i, s in enumerate(LED)]
FULL = {"max_messages": 100, "discard_new": True}
AT_THE_OLDEST: dict[str, Any] = {"delivered_stream_seq": 0, "pending": 100}
IN_FLIGHT: dict[str, Any] = {"ack_pending": 40, "redelivered": 12}
IDLE: dict[str, Any] = {"last_delivery": NOW - 9 * DAY, "waiting": 0}
RESERVED = {nats_server.RESERVED_STORE.name: 2.0 * GIB}
OVER = (msgspec.structs.replace(SERVERS[0], facts=RESERVED), *SERVERS[1:])
OLD = (msgspec.structs.replace(SERVERS[0], version="2.10.25"), *SERVERS[1:])
ODD = Thresholds(odd=(OddThreshold("io.nats.monitor.lag-critical", 'is "x", no number', "200"),))

BAD = {
    "jetstream-replica-count": (
        snapshot(stream(config={"replicas": 1})),
        "has 1 replica on 3 servers: it stops with the one server that holds it",
        "nats stream edit ORDERS --replicas 3 -f",
    ),
    "jetstream-consumer-replicas": (
        snapshot(stream(config=THREE), consumer(config={"replicas": 1})),
        "has 1 of the 3 replicas of its stream",
        "nats consumer edit ORDERS worker --replicas 3 -f",
    ),
    "jetstream-leaders": (
        snapshot(*LED),
        "leads 6 of 6 replicated streams",
        "nats stream cluster step-down S0\nnats stream cluster step-down S1",
    ),
    "jetstream-bounded": (
        snapshot(stream(config={"max_age": None})),
        "has no max_age, max_bytes or max_msgs: it grows until its storage is full (100 messages, "
        "1000 bytes so far)",
        f"nats stream edit ORDERS --max-bytes {GIB} -f",
    ),
    "jetstream-refusing": (
        snapshot(stream(config=FULL)),
        "refuses new messages: it holds 100 of max_msgs 100 (discard new)",
        "nats stream edit ORDERS --max-msgs 200 -f",
    ),
    "jetstream-evictions": (
        snapshot(stream(first_time=NOW - 3000), consumer(**AT_THE_OLDEST)),
        "loses messages: 100 are pending, the next is the stream's oldest, and it is 50m old; "
        "max_age is 1h",
        "nats stream edit ORDERS --max-age 2h -f",
    ),
    "jetstream-replaced": (
        snapshot(stream(config={"max_per_subject": 5}), consumer()),
        "its stream keeps the last 5 of each subject (max_msgs_per_subject)",
        "nats stream edit ORDERS --max-msgs-per-subject=-1 -f",
    ),
    "jetstream-unheard": (
        snapshot(stream(config={"retention": "interest"}, consumers=0)),
        "has no consumer: with retention interest, each message is dropped as it arrives",
        "nats consumer add ORDERS CONSUMER --pull --defaults",
    ),
    "jetstream-ack-wait": (
        snapshot(consumer(**IN_FLIGHT)),
        "12 of its 40 messages in flight are redelivered: processing takes longer than ack_wait "
        "(30s), or fails",
        "nats consumer edit ORDERS worker --wait 1m -f",
    ),
    "jetstream-max-ack-pending": (
        snapshot(consumer(ack_pending=80, config={"max_ack_pending": 100})),
        "is held back by max_ack_pending: 80 of 100 messages are in flight, and 10 are pending",
        "nats consumer edit ORDERS worker --max-pending 200 -f",
    ),
    "jetstream-unused": (
        snapshot(stream(config={"retention": "workqueue"}), consumer(**IDLE)),
        "is unused for 9d: no client asks for messages, and its stream keeps 12 messages for it",
        "nats consumer rm ORDERS worker -f",
    ),
    "jetstream-thresholds": (
        snapshot(stream(config={"thresholds": ODD})),
        'io.nats.monitor.lag-critical in its metadata is "x", no number',
        "nats stream edit ORDERS --config ORDERS.json -f",
    ),
    "jetstream-reserved": (
        snapshot(servers=OVER),
        f"{2 * GIB} bytes of file storage are promised to streams and accounts, more than",
        f"set jetstream.max_file_store of the server to {2 * GIB} or more",
    ),
    "nats-versions": (
        snapshot(servers=OLD),
        "its servers have different versions: 2.10.25 on n1; 2.12.1 on n2, n3",
        "upgrade them to one version",
    ),
}
GOOD = {
    "jetstream-replica-count": [
        snapshot(stream(config=THREE)),
        snapshot(stream(config={"replicas": 1}), servers=SERVERS[:1]),
    ],
    "jetstream-consumer-replicas": [
        snapshot(stream(config=THREE), consumer()),
        snapshot(stream(config=THREE), consumer(config={"replicas": 3})),
    ],
    "jetstream-leaders": [snapshot(*SPREAD), snapshot(*LED[:5])],
    "jetstream-bounded": [
        snapshot(stream()),
        snapshot(stream("KV_a", config={"max_age": None, "max_per_subject": 1})),
    ],
    "jetstream-refusing": [
        snapshot(stream(config={**FULL, "max_messages": 101})),
        snapshot(stream(config={**FULL, "discard_new": False})),
    ],
    "jetstream-evictions": [
        snapshot(stream(first_time=NOW - 2000), consumer(**AT_THE_OLDEST)),
        snapshot(stream(first_time=NOW - 3000), consumer()),
        snapshot(stream(config=FULL), consumer(**AT_THE_OLDEST)),
        # With a filter it cannot be told whether the oldest message is one that it wants.
        snapshot(
            stream(first_time=NOW - 3000), consumer(**AT_THE_OLDEST, config={"filters": ("a",)})
        ),
    ],
    "jetstream-replaced": [
        snapshot(stream(), consumer()),
        snapshot(
            stream(config={"max_per_subject": 1}),
            consumer(config={"deliver_policy": "last_per_subject"}),
        ),
    ],
    "jetstream-unheard": [
        snapshot(stream(config={"retention": "interest"})),
        snapshot(stream(consumers=0)),
    ],
    "jetstream-ack-wait": [
        snapshot(consumer(ack_pending=40, redelivered=3)),
        # What the server goes on counting after it gave the messages up.
        snapshot(consumer(ack_pending=2, redelivered=500)),
        snapshot(consumer(**IN_FLIGHT, config={"ack_policy": "none"})),
    ],
    "jetstream-max-ack-pending": [
        snapshot(consumer(ack_pending=79, config={"max_ack_pending": 100})),
        snapshot(consumer(ack_pending=100, pending=0, config={"max_ack_pending": 100})),
        snapshot(consumer(ack_pending=100, config={"max_ack_pending": -1})),
    ],
    "jetstream-unused": [
        snapshot(consumer()),
        snapshot(consumer(**{**IDLE, "waiting": 1})),
        snapshot(consumer(**{**IDLE, "last_delivery": NOW - 6 * DAY})),
        snapshot(consumer(**IDLE, paused=True)),
    ],
    "jetstream-thresholds": [snapshot(stream())],
    "jetstream-reserved": [snapshot()],
    "nats-versions": [snapshot()],
}


@pytest.mark.parametrize("check", BAD)
def test_what_is_wrong_is_told_with_its_figure_and_a_remedy(check: str) -> None:
    seen, words, remedy = BAD[check]
    (finding,) = found(check, seen)
    assert words in finding.what
    assert remedy in finding.advice
    assert "\n" not in finding.what


@pytest.mark.parametrize(
    ("check", "seen"), [(check, seen) for check, each in GOOD.items() for seen in each]
)
def test_what_is_right_is_not_reported(check: str, seen: NatsSnapshot) -> None:
    assert found(check, seen) == []


def test_each_check_of_settings_has_a_good_and_a_bad_value() -> None:
    older = {"jetstream-limits", "jetstream-dead-letters", "nats-servers", "jetstream-replicas"}
    ours = {name for name in BY_NAME if name.startswith(("jetstream-", "nats-"))} - older
    assert set(BAD) == set(GOOD) == ours


def test_a_pair_of_replicas_is_no_safer_than_one() -> None:
    (finding,) = found("jetstream-replica-count", snapshot(stream(config={"replicas": 2})))
    assert "of which 2 must be up" in finding.what


def test_an_account_does_not_tell_how_many_servers_there_are_unless_streams_do() -> None:
    account = (NatsServer("account A", up=True, name="account A", is_account=True),)
    alone = msgspec.structs.replace(stream(config={"replicas": 1}), holders=("n1",))
    judge = BY_NAME["jetstream-replica-count"].judge
    (unknown,) = judge(system(), "main", snapshot(alone, servers=account))
    assert unknown.outcome is Outcome.SKIPPED
    (known,) = judge(
        system(), "main", snapshot(alone, stream("SAFE", config=THREE), servers=account)
    )
    assert known.resource == "ORDERS"
    assert known.outcome is Outcome.WARNED


def test_a_full_stream_that_discards_its_oldest_evicts_with_each_new_message() -> None:
    full = stream(config={"max_bytes": 1005, "max_age": None})
    (finding,) = found("jetstream-evictions", snapshot(full, consumer(**AT_THE_OLDEST)))
    assert "it holds 1000 of max_bytes 1005" in finding.what
    assert "nats stream edit ORDERS --max-bytes 2010 -f" in finding.advice


def test_limits_of_streams_together_beyond_the_storage_of_a_server_are_told_with_the_largest() -> (
    None
):
    large = stream("LARGE", config={"max_bytes": GIB})
    small = stream("SMALL", config={"max_bytes": 10})
    findings = found("jetstream-reserved", snapshot(large, small))
    assert [each.resource for each in findings] == ["n1", "n2", "n3"]
    assert "the largest is LARGE" in findings[0].advice


def test_a_measured_processing_time_beyond_ack_wait_is_told_without_any_redelivery() -> None:
    seen = snapshot(consumer())
    key = ("A", "ORDERS", "worker")
    (finding,) = ack_waits("main", seen, {key: 45.0})
    assert "processing takes up to 45s, longer than ack_wait (30s)" in finding.what
    (finding,) = ack_waits("main", seen, {key: 29.0})
    assert finding.outcome is Outcome.PASSED


def test_each_step_of_a_backoff_is_doubled() -> None:
    (finding,) = found(
        "jetstream-ack-wait", snapshot(consumer(**IN_FLIGHT, config={"backoff": (1.0, 5.0)}))
    )
    assert ".backoff = [2000000000, 10000000000]" in finding.advice


def test_a_spec_that_ignores_thresholds_in_metadata_has_no_odd_ones() -> None:
    seen = snapshot(stream(config={"thresholds": ODD}))
    (finding,) = BY_NAME["jetstream-thresholds"].judge(system(monitor_metadata=False), "main", seen)
    assert finding.outcome is Outcome.SKIPPED


def test_what_an_account_cannot_tell_of_servers_is_skipped() -> None:
    seen = replace(snapshot(), servers=(NatsServer("a", up=True, is_account=True),))
    for check in ("jetstream-reserved", "nats-versions"):
        (finding,) = BY_NAME[check].judge(system(), "main", seen)
        assert finding.outcome is Outcome.SKIPPED
