"""The collector's memory and state while names are used once and never again, in simulated time."""

import gc
import tracemalloc
from pathlib import Path

import msgspec
import pytest

from obs.collector import counter_starts
from obs.sources.nats import accounts, consumer_tracker, dead_letters, forgetting
from tests.hostile.growth_simulation import Cluster, Simulation, simulation

FEW = 20
CASES = {
    "streams, accounts and servers": Cluster(streams=2, accounts=True),
    "consumers with dead letters": Cluster(consumers=4),
    "consumers created again": Cluster(consumers=4, recreated=True),
}


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is kept by number is full soon."""
    monkeypatch.setattr(forgetting, "ENDED", FEW)
    monkeypatch.setattr(dead_letters, "UNKNOWN", FEW)
    monkeypatch.setattr(accounts, "_UNTOLD", FEW)
    monkeypatch.setattr(accounts, "_ABSENT", FEW)
    monkeypatch.setattr(counter_starts, "GONE", FEW)
    monkeypatch.setattr(consumer_tracker, "LAG_POINTS", FEW)


@pytest.mark.parametrize("what", CASES)
def test_new_names_at_every_poll_make_neither_memory_nor_state_grow(what: str) -> None:
    with simulation(Cluster(**vars(CASES[what])), heard="dead letters" in what) as simulated:

        def polls(times: int) -> tuple[int, int]:
            for _ in range(times):
                if "servers" in what:
                    simulated.cluster.server = f"n{simulated.cluster.poll}"
                simulated.poll(seconds=400.0)
            gc.collect()
            return tracemalloc.get_traced_memory()[0], simulated.state_bytes

        tracemalloc.start(1)
        try:
            memory, state = polls(25)  # more than what is kept by number
            later, state_later = polls(12)
        finally:
            tracemalloc.stop()
    assert later - memory < 40_000
    assert state_later < 1.2 * state + 500


def known(simulated: Simulation) -> tuple[int, int]:
    """Streams and consumers of which something is kept."""
    tracker = simulated.tracker
    return len(tracker._streams), len(tracker._tracked)


def test_what_is_deleted_is_forgotten_soon_also_where_the_collector_is_started_again_often() -> (
    None
):
    with simulation(Cluster(streams=5, lives=1)) as simulated:
        for _ in range(20):
            simulated.poll(5)
            simulated.restart()
        simulated.poll()
        streams, consumers = known(simulated)
    # One not told since a start may be on a server that is down: it is kept for an hour.
    assert streams <= 5 * 65 + 1
    assert consumers <= 5 * 65


def test_counters_of_a_consumer_go_on_when_it_is_created_again_the_next_day() -> None:
    with simulation(Cluster(consumers=1, recreated=True, lives=1)) as simulated:
        simulated.poll(3)
        before = total(simulated)
        simulated.cluster.consumers = 0
        simulated.poll(3, seconds=400.0)
        assert known(simulated)[1] == 0
        simulated.restart()
        simulated.cluster.consumers = 1
        simulated.poll(1, seconds=86_400.0)
        assert before < total(simulated)
        simulated.cluster.consumers = 0
        simulated.poll(6, seconds=86_400.0)
        assert not simulated.tracker._ended.to_state()[0], "but not for ever"


def total(simulated: Simulation) -> int:
    (worker,) = simulated.tracker.present
    return worker.verdict.delivered_total


def test_dead_letters_of_ever_new_consumers_are_counted_up_to_a_number_and_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with simulation(Cluster(consumers=3 * FEW, lives=0), heard=True) as simulated:
        simulated.poll(2)
        heard = simulated.tracker.heard
        assert len(heard._counts) == FEW
        assert heard.dropped == 5 * FEW
        simulated.poll(1)
        assert "dead letters were not counted" in caplog.text
        body = simulated.collector.exposition.body(openmetrics=False, gzip=False).decode()
    assert 'nats_consumer_dead_letters_dropped_total{nats="main"' in body


def test_a_state_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    made = Simulation(Cluster(streams=2), tmp_path)
    made.poll(3)
    made.source.close()
    entry = msgspec.msgpack.decode(made.state.entries("nats_history")["main"])
    for new in ("absent", "absent_streams", "ended_at"):
        del entry[new]
    made.state.put("nats_history", "main", msgspec.msgpack.encode(entry))
    made.state.close()
    made.start()
    assert known(made) == (len(entry["streams"]), len(entry["tracks"]))
    made.poll(1)
    made.source.close()
    made.collector.close()
