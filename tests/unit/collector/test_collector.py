from collections import Counter
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from obs.collector.clock import Clock
from obs.collector.collector import Collector
from obs.collector.health import SourceHealth
from obs.collector.served import ServedCollector
from obs.errors import SourceError
from obs.snapshot.assets import Consumer, ConsumerConfig, Stream, StreamConfig
from obs.snapshot.messages import DeadLetter
from obs.snapshot.nats import NatsSnapshot
from obs.snapshot.servers import IncompleteServer, NatsServer
from obs.sources.nats.consumer_tracker import ConsumerTracker
from obs.sources.nats.hearing import Arrival
from obs.spec.metrics import Metrics
from obs.spec.nats import NatsConnection
from obs.spec.system import System
from obs.state import open_state

START = 1_800_000_000.0
STALE_AFTER = 120.0

SYSTEM = System.model_validate(
    {
        "version": 1,
        "system": "orders",
        "metrics": {"include": ["nats_consumer_*"]},
        "sources": {"nats": {"main": {"monitor": ["http://nats:8222"]}}},
        "slos": [
            {
                "name": "keeps-up",
                "service": "orders",
                "objective": 99,
                "sli": {
                    "nats_lag": {
                        "source": "main",
                        "stream": "ORDERS",
                        "consumer": "worker",
                        "max_messages": 10,
                    }
                },
            }
        ],
    }
)


class SetClock(Clock):
    def __init__(self) -> None:
        self.at, self.since_boot = START, 1000.0
        self.wall = lambda: self.at
        self.monotonic = lambda: self.since_boot

    def pass_(self, seconds: float, *, wall: float | None = None) -> None:
        self.since_boot += seconds
        self.at += seconds if wall is None else wall


def poll(
    at: float, delivered: int, *, leader: bool = True, created: str = "a", pending: int = 5
) -> NatsSnapshot:
    stream = Stream(
        "A", "ORDERS", "a", StreamConfig(3600.0), 100, 1000, 1, 1000, START - 60, START - 1, 1
    )
    consumer = Consumer(
        "A", "ORDERS", "worker", created, ConsumerConfig(), delivered, delivered, delivered,
        pending, 0, 0, 1, at, leader=leader,
    )  # fmt: skip
    return NatsSnapshot(at, (NatsServer("nats:8222", True, "n1"),), (stream,), (consumer,))


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def health() -> SourceHealth:
    return SourceHealth("main", "nats", True, 15.0, STALE_AFTER)


@pytest.fixture
def collector(tmp_path: Path, clock: SetClock, health: SourceHealth) -> Collector:
    return opened(SYSTEM, tmp_path, clock, health)


def opened(system: System, folder: Path, clock: Clock, health: SourceHealth) -> Collector:
    errors: Counter[str] = Counter()
    state = open_state(folder, lambda reason: errors.update([reason]))
    return Collector(system, state, [health], [], [], state_errors=errors, clock=clock)


def connected() -> System:
    """The system with a connection of account A."""
    connection = NatsConnection(servers=("nats://nats:4222",), account="A")
    source = SYSTEM.sources.nats["main"].model_copy(update={"connection": connection})
    sources = SYSTEM.sources.model_copy(update={"nats": {"main": source}})
    return SYSTEM.model_copy(update={"sources": sources})


def samples(collector: Collector) -> dict[str, list[float]]:
    text = collector.exposition.body(openmetrics=False, gzip=False).decode()
    found: dict[str, list[float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append(sample.value)
    return found


def test_before_the_first_answer_a_source_is_down_and_has_no_series(collector: Collector) -> None:
    seen = samples(collector)
    assert seen["obs_source_up"] == [0]
    assert "nats_consumer_lag_messages" not in seen
    assert "obs_source_last_success_timestamp_seconds" not in seen
    assert seen["obs_source_asked_since_timestamp_seconds"] == [collector.started]


def test_a_fault_leaves_the_series_until_they_are_stale(
    collector: Collector, health: SourceHealth, clock: SetClock
) -> None:
    collector.record_poll(health, poll(START, 995), clock.monotonic())
    clock.pass_(STALE_AFTER - 1)
    collector.fail(health, SourceError("timeout", "no answer"), clock.monotonic())
    collector.expire_stale()
    seen = samples(collector)
    assert seen["obs_source_up"] == [0]
    assert seen["nats_consumer_lag_messages"] == [5]

    clock.pass_(2)
    collector.expire_stale()
    seen = samples(collector)
    assert not [name for name in seen if name.startswith("nats_")]
    assert seen["obs_source_series"] == [0]
    assert seen["obs_source_last_success_timestamp_seconds"] == [START]


def test_objectives_go_with_the_source_they_are_measured_at(
    collector: Collector, health: SourceHealth, clock: SetClock
) -> None:
    for second in range(0, 181, 15):
        collector.record_poll(health, poll(START + second, 995), clock.monotonic())
    assert samples(collector)["slo_error_budget_remaining_ratio"] == [1]
    clock.pass_(STALE_AFTER + 1)
    collector.expire_stale()
    left = [name for name in samples(collector) if name.startswith("slo_")]
    assert left == ["slo_asked_since_timestamp_seconds"]
    assert b'"state":"no_data"' in ServedCollector(collector).status()


FAULT = SourceError("unavailable", "JetStream is off")


def faulty(at: float) -> NatsSnapshot:
    """The server answers and its JetStream is off."""
    off = (IncompleteServer("nats:8222", "n1", "jetstream_off"),)
    server = NatsServer("nats:8222", True, "n1", healthy=True)
    return NatsSnapshot(at, (server,), (), (), {}, off, FAULT)


def test_a_poll_that_tells_nothing_is_no_success_and_keeps_what_was_told(
    collector: Collector, health: SourceHealth, clock: SetClock
) -> None:
    collector.record_poll(health, poll(START, 995), clock.monotonic())
    clock.pass_(15)
    collector.record_poll(health, faulty(START + 15), clock.monotonic())
    seen = samples(collector)
    assert seen["obs_source_up"] == [0]
    assert seen["obs_source_last_success_timestamp_seconds"] == [START]
    assert seen["nats_consumer_lag_messages"] == [5]
    assert seen["nats_server_up"] == [1]
    assert sum(seen["nats_missing_assets"]) == 2
    assert health.errors["unavailable"] == 1


def test_while_nothing_is_told_servers_are_and_consumers_go_once_they_are_stale(
    collector: Collector, health: SourceHealth, clock: SetClock
) -> None:
    served = ServedCollector(collector)
    collector.record_poll(health, poll(START, 995), clock.monotonic())
    for seconds in range(15, int(STALE_AFTER) + 31, 15):
        clock.pass_(15)
        collector.record_poll(health, faulty(START + seconds), clock.monotonic())
        collector.expire_stale()
    seen = samples(collector)
    assert "nats_consumer_lag_messages" not in seen
    assert {n for n in seen if n.startswith("slo_")} <= {"slo_asked_since_timestamp_seconds"}
    assert seen["nats_server_up"] == [1]
    assert sum(seen["nats_missing_assets"]) == 2
    assert health.failures == 1, "a server that answers is polled as often as ever"
    ready, reasons = served.readiness()
    assert not ready
    assert reasons == [
        "source main: stale, JetStream is off",
        "source main: 1 missing consumer is withdrawn",
        "source main: 1 missing stream is withdrawn",
        "source main: JetStream is off on server n1 (nats:8222)",
    ]


def test_a_collector_that_keeps_last_values_is_ready_and_says_what_is_partial(
    collector: Collector, health: SourceHealth, clock: SetClock
) -> None:
    served = ServedCollector(collector)
    collector.record_poll(health, poll(START, 995), clock.monotonic())
    clock.pass_(15)
    down = IncompleteServer("nats:8222", "n1", "unreachable", "refused")
    partial = NatsSnapshot(START + 15, (NatsServer("nats:8222", up=False),), (), (), {}, (down,))
    collector.record_poll(health, partial, clock.monotonic())
    assert served.readiness() == (
        True,
        ["source main: server n1 (nats:8222) does not respond (refused)"],
    )


def test_a_collector_whose_consumers_are_withdrawn_without_deletion_is_not_ready(
    collector: Collector, health: SourceHealth, clock: SetClock
) -> None:
    served = ServedCollector(collector)
    collector.record_poll(health, poll(START, 995), clock.monotonic())
    down = IncompleteServer("nats:8222", "n1", "unreachable", "refused")
    partial = NatsSnapshot(START + 121, (NatsServer("nats:8222", up=False),), (), (), {}, (down,))
    clock.pass_(121)
    collector.record_poll(health, partial, clock.monotonic())
    ready, reasons = served.readiness()
    assert (ready, health.up) == (False, True)
    assert "source main: 1 missing consumer is withdrawn" in reasons
    assert b"Source main: 1 missing consumer is withdrawn" in served.status()


def test_a_source_that_is_back_has_its_series_back_and_no_counter_fell(
    collector: Collector, health: SourceHealth, clock: SetClock
) -> None:
    collector.record_poll(health, poll(START, 995), clock.monotonic())
    clock.pass_(STALE_AFTER + 1)
    collector.expire_stale()
    collector.record_poll(health, poll(START + 121, 998), clock.monotonic())
    assert samples(collector)["nats_consumer_delivered_total"] == [998]


def test_a_wall_clock_set_back_keeps_fresh_what_is_fresh(
    collector: Collector, health: SourceHealth, clock: SetClock
) -> None:
    collector.record_poll(health, poll(START, 990), clock.monotonic())
    clock.pass_(15, wall=-3600)
    collector.record_poll(health, poll(START - 3600, 995), clock.monotonic())
    collector.expire_stale()
    seen = samples(collector)
    assert seen["obs_source_up"] == [1]
    assert seen["nats_consumer_lag_seconds"][0] >= 0
    assert seen["nats_consumer_delivered_total"] == [995]
    assert seen["nats_consumer_resets_total"] == [0]
    assert collector.stale_sources() == []


def test_a_followers_numbers_are_not_taken_and_the_consumer_is_leaderless(
    collector: Collector, health: SourceHealth, clock: SetClock
) -> None:
    collector.record_poll(health, poll(START, 995), clock.monotonic())
    behind = poll(START + 15, 900, leader=False, pending=100)
    collector.record_poll(health, behind, clock.monotonic())
    seen = samples(collector)
    assert seen["nats_consumer_status"] == [5]
    assert seen["nats_consumer_delivered_total"] == [995]
    assert seen["nats_consumer_pending_messages"] == [5]
    assert seen["nats_consumer_lag_messages"] == [5]


def test_a_consumer_created_again_is_a_reset_and_its_deliveries_add_to_those_before(
    collector: Collector, health: SourceHealth, clock: SetClock
) -> None:
    collector.record_poll(health, poll(START, 995), clock.monotonic())
    collector.record_poll(health, poll(START + 15, 7, created="b"), clock.monotonic())
    seen = samples(collector)
    assert seen["nats_consumer_resets_total"] == [1]
    assert seen["nats_consumer_delivered_total"] == [995 + 7]


def test_dead_letters_are_zero_from_the_moment_they_are_heard_and_absent_while_they_are_not(
    tmp_path: Path, clock: SetClock, health: SourceHealth
) -> None:
    collector = opened(connected(), tmp_path, clock, health)
    tracker = collector.trackers["main"]
    assert isinstance(tracker, ConsumerTracker)

    def dead_letters() -> list[float] | None:
        return samples(collector).get("nats_consumer_dead_letters_total")

    collector.record_poll(health, poll(START, 995), clock.monotonic())
    assert dead_letters() is None
    heard = Arrival(heard_until=START, begins=True)
    collector.update("main", lambda: tracker.hear("A", [heard]))
    assert dead_letters() == [0]
    dead_letter = DeadLetter("A", "ORDERS", "worker", 994, START, "max_deliveries")
    arrival = Arrival((dead_letter,), received=START + 1)
    collector.update("main", lambda: tracker.hear("A", [arrival]))
    assert dead_letters() == [1]
    collector.update("main", lambda: tracker.hear("A", [None]))
    assert dead_letters() is None
    collector.record_poll(health, poll(START + 15, 995), clock.monotonic())
    assert dead_letters() is None
    again = Arrival(heard_until=START + 16, begins=True)
    collector.update("main", lambda: tracker.hear("A", [again]))
    assert dead_letters() == [1]


def test_readiness_says_which_source_and_why(
    collector: Collector, health: SourceHealth, clock: SetClock
) -> None:
    served = ServedCollector(collector)
    assert served.readiness() == (False, ["source main: no successful poll yet"])
    collector.fail(health, SourceError("connection", "nats:8222: refused"), clock.monotonic())
    assert served.readiness() == (False, ["source main: nats:8222: refused"])
    collector.record_poll(health, poll(START, 995), clock.monotonic())
    assert served.readiness() == (True, [])


def test_a_loop_that_hangs_is_not_healthy(collector: Collector, clock: SetClock) -> None:
    served = ServedCollector(collector)
    assert served.health()
    clock.pass_(61)
    assert not served.health()
    collector.expire_stale()
    assert served.health()


def test_what_the_spec_excludes_is_in_no_output(
    tmp_path: Path, clock: SetClock, health: SourceHealth
) -> None:
    chosen = Metrics(exclude=("nats_consumer_[!l]*", "slo_*", "obs_source_*", "nats_stream_bytes"))
    system = SYSTEM.model_copy(update={"metrics": chosen})
    collector = opened(system, tmp_path, clock, health)
    collector.record_poll(health, poll(START, 990), clock.monotonic())
    seen = samples(collector)
    assert {name for name in seen if name.startswith(("nats_consumer_", "slo_"))} == {
        "nats_consumer_lag_messages",
        "nats_consumer_lag_seconds",
        "nats_consumer_lag_uncertainty_seconds",
        "slo_objective_ratio",
    }
    assert "nats_stream_bytes" not in seen
    assert seen["obs_source_up"] == [1], "rules need it to tell what is there"
    assert {each.metric.name for each in collector.families() if len(each)} <= set(seen)
    shown = [each for each in collector.families() if each.metric.name.startswith("nats_")]
    assert health.series == sum(map(len, shown))
    for minute in range(1, 5):
        clock.pass_(60)
        collector.record_poll(health, poll(START + 60 * minute, 990), clock.monotonic())
    (objective,) = collector.shown_objectives()
    assert objective.evaluated().events, "an SLI needs no metric"
