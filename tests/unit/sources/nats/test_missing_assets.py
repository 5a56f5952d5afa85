"""Streams and consumers that a poll does not find: deleted, or only not told."""

from pathlib import Path

import msgspec
import pytest

from obs.lag.status import Status
from obs.slis.nats_lag import LagMeasurement
from obs.snapshot.assets import (
    Bucket,
    Consumer,
    ConsumerConfig,
    Origin,
    Stream,
    StreamConfig,
    StreamTraits,
)
from obs.snapshot.nats import NatsSnapshot, Unwatched
from obs.snapshot.servers import IncompleteServer, NatsServer
from obs.sources.nats.consumer_tracker import ConsumerTracker
from obs.sources.nats.server_status import server_rows
from obs.sources.nats.status import consumer_rows, stream_rows
from obs.spec.nats import NatsSource
from obs.spec.slis import NatsLagSli
from obs.state import open_state

START = 1_800_000_000.0
STALE_AFTER = 120.0
ALL = ("n1", "n2", "n3")


class Cluster:
    """Three servers and a tracker; every poll is 15 s after the one before."""

    def __init__(self, folder: Path) -> None:
        spec = NatsSource.model_validate({"monitor": ["http://n1:8222"]})
        state = open_state(folder, pytest.fail)
        self.tracker = ConsumerTracker("main", spec, state, pytest.fail, START)
        self.at = START
        self.set_forward = 0.0  # seconds by which the collector's clock was set
        self.ids = {name: f"{name}-1" for name in ALL}
        self.incomplete: tuple[IncompleteServer, ...] = ()
        self.down: set[str] = set()
        self.without_series: tuple[Unwatched, ...] = ()

    def poll(
        self, *consumers: Consumer, streams: tuple[Stream, ...] = (), after: float = 15.0
    ) -> None:
        self.at += after
        down = tuple(IncompleteServer(f"{n}:1", n, "unreachable", "refused") for n in self.down)
        servers = tuple(
            NatsServer(f"{name}:1", name not in self.down, id=id)
            if name in self.down
            else NatsServer(f"{name}:1", True, name, id=id)
            for name, id in self.ids.items()
        )
        incomplete = (*self.incomplete, *down)
        self.tracker.update(
            NatsSnapshot(
                self.at + self.set_forward,
                servers,
                streams,
                consumers,
                {},
                incomplete,
                unwatched=self.without_series,
                steady=self.at,
            )
        )

    def lags(self) -> dict[str, int | None]:
        """Lag by consumer, as the page shows it."""
        return {row.consumer: row.lag_messages for row in consumer_rows(self.tracker)}

    def missing(self) -> dict[tuple[str, str], int]:
        return {key: number for key, number in self.tracker.missing().items() if number}


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    return Cluster(tmp_path)


def stream(name: str = "S", *, on: str = "n1", holders: tuple[str, ...] = ()) -> Stream:
    config = StreamConfig(replicas=max(len(holders), 1))
    holders = holders or (on,)
    return Stream(
        "A", name, "1", config, 10, 100, 1, 10, START, START, 1, server=on, holders=holders
    )


def consumer(
    name: str = "c",
    *,
    on: str = "n1",
    pending: int = 5,
    config: ConsumerConfig | None = None,
    leader: bool = True,
    unreachable: bool = False,
    of: str = "S",
    at: float | None = None,
) -> Consumer:
    return Consumer(
        "A", of, name, "1", config or ConsumerConfig(), 5, 5, 5, pending, 0, 0, 1,
        leader=leader, leader_unreachable=unreachable, server=on, at=at,
    )  # fmt: skip


def test_a_consumer_that_its_server_no_longer_lists_was_deleted(cluster: Cluster) -> None:
    cluster.poll(consumer(), streams=(stream(),))
    cluster.poll(streams=(stream(),))
    assert (cluster.lags(), cluster.missing()) == ({}, {})


def test_consumers_of_a_dead_server_keep_their_last_values_until_they_are_stale(
    cluster: Cluster,
) -> None:
    other = consumer("b", on="n2", of="T")
    cluster.poll(consumer("a"), other, streams=(stream(), stream("T", on="n2")))
    cluster.down = {"n1"}
    cluster.poll(other, streams=(stream("T", on="n2"),))
    assert cluster.lags() == {"a": 5, "b": 5}
    assert cluster.missing() == {("consumer", "unreachable"): 1, ("stream", "unreachable"): 1}
    cluster.poll(other, streams=(stream("T", on="n2"),), after=STALE_AFTER - 15)
    assert cluster.lags() == {"a": 5, "b": 5}
    cluster.poll(other, streams=(stream("T", on="n2"),), after=1)
    assert cluster.lags() == {"b": 5}
    assert cluster.missing() == {("consumer", "unreachable"): 1, ("stream", "unreachable"): 1}
    assert cluster.tracker.withdrawn() == [
        "1 missing consumer is withdrawn",
        "1 missing stream is withdrawn",
    ]


def test_values_of_a_consumer_that_was_created_again_do_not_come_back_when_its_server_is_away(
    cluster: Cluster,
) -> None:
    cluster.poll(consumer(), streams=(stream(),))
    cluster.without_series = (Unwatched("A", "S", "c"),)
    cluster.poll(streams=(stream(),))
    assert (cluster.lags(), cluster.missing()) == ({}, {})
    cluster.without_series, cluster.down = (), {"n1"}
    cluster.poll(streams=(stream(),))
    assert cluster.lags() == {}
    assert ("consumer", "unreachable") in cluster.missing()


def test_a_consumer_that_is_back_is_no_longer_missing(cluster: Cluster) -> None:
    cluster.poll(consumer(), streams=(stream(),))
    cluster.down = {"n1"}
    cluster.poll(after=STALE_AFTER + 1)
    cluster.down = set()
    cluster.poll(consumer(pending=7), streams=(stream(),))
    assert (cluster.lags(), cluster.missing()) == ({"c": 7}, {})


def test_streams_of_a_dead_server_are_kept_and_withdrawn_like_consumers(cluster: Cluster) -> None:
    def streams() -> dict[str, str | None]:
        return {row.stream: row.missing for row in stream_rows(cluster.tracker)}

    cluster.poll(streams=(stream(), stream("T", on="n2")))
    cluster.down = {"n1"}
    cluster.poll(streams=(stream("T", on="n2"),))
    assert streams() == {"T": None, "S": "unreachable"}
    assert cluster.missing() == {("stream", "unreachable"): 1}
    cluster.poll(streams=(stream("T", on="n2"),), after=STALE_AFTER)
    assert streams() == {"T": None}
    assert cluster.tracker.withdrawn() == ["1 missing stream is withdrawn"]
    cluster.down = set()
    cluster.poll(streams=(stream("T", on="n2"),))
    assert cluster.missing() == {}, "its server tells that it was deleted"


@pytest.mark.parametrize("why", ["recovering", "jetstream_off", "incomplete"])
def test_what_a_server_cannot_tell_is_missing_and_says_why(cluster: Cluster, why: str) -> None:
    cluster.poll(consumer(), streams=(stream(),))
    cluster.incomplete = (IncompleteServer("n1:1", "n1", why, "words"),)  # type: ignore[arg-type]
    cluster.poll()
    assert cluster.lags() == {"c": 5}
    assert cluster.missing() == {("consumer", why): 1, ("stream", why): 1}


def test_a_server_that_is_unhealthy_for_one_stream_tells_deletions_of_others(
    cluster: Cluster,
) -> None:
    cluster.poll(consumer(), streams=(stream(), stream("T")))
    only = frozenset({("A", "S")})
    cluster.incomplete = (IncompleteServer("n1:1", "n1", "incomplete", "disk full", only),)
    cluster.poll()
    assert cluster.lags() == {"c": 5}
    assert cluster.missing() == {("consumer", "incomplete"): 1, ("stream", "incomplete"): 1}


def test_an_account_that_is_not_told_is_missing_with_all_its_streams(cluster: Cluster) -> None:
    cluster.poll(consumer(), streams=(stream(),))
    only = frozenset({("A", "")})
    cluster.incomplete = (IncompleteServer("n1:1", "n1", "incomplete", "no account", only),)
    cluster.poll()
    assert cluster.lags() == {"c": 5}


def test_what_a_restarted_server_no_longer_has_is_gone_without_a_deletion(
    cluster: Cluster,
) -> None:
    cluster.poll(consumer(), streams=(stream(),))
    cluster.ids["n1"] = "n1-2"
    cluster.poll()
    assert cluster.lags() == {"c": 5}
    assert cluster.missing() == {("consumer", "restarted"): 1, ("stream", "restarted"): 1}
    (row,) = consumer_rows(cluster.tracker)
    problem = row.problem()
    assert problem is not None
    assert problem.level == "critical"
    assert problem.text == ("S/c is missing: its server was restarted and no longer has it")
    cluster.poll(after=1800)
    assert cluster.missing() == {("consumer", "restarted"): 1, ("stream", "restarted"): 1}
    cluster.poll(after=1800)
    assert cluster.missing() == {}, "after an hour it counts as deleted"


def test_a_consumer_that_was_deleted_stays_so_when_its_server_dies_later(cluster: Cluster) -> None:
    cluster.poll(consumer(), streams=(stream(),))
    cluster.poll(streams=(stream(),))
    cluster.down = {"n1"}
    cluster.poll()
    assert cluster.lags() == {}
    assert cluster.missing() == {("stream", "unreachable"): 1}


def test_a_replica_tells_that_a_consumer_was_deleted_while_its_leader_is_down(
    cluster: Cluster,
) -> None:
    replicated = stream(on="n2", holders=ALL)
    cluster.poll(consumer(), streams=(replicated,))
    cluster.down = {"n1"}
    cluster.poll(streams=(replicated,))
    assert (cluster.lags(), cluster.missing()) == ({}, {})


@pytest.mark.parametrize("down", [{"n1"}, set[str]()])
def test_a_server_that_the_same_poll_found_tells_that_a_consumer_was_deleted(
    cluster: Cluster, down: set[str]
) -> None:
    replicated = stream(on="n2", holders=ALL)
    answered = START + 14.5  # before the poll ended
    cluster.poll(consumer(at=answered), streams=(replicated,))
    cluster.down = down
    cluster.poll(streams=(replicated,))
    assert (cluster.lags(), cluster.missing()) == ({}, {})


def test_a_server_that_restarted_tells_of_deletions_after_a_clock_was_set(
    cluster: Cluster,
) -> None:
    cluster.poll(consumer(), streams=(stream(),))
    cluster.set_forward = 3000.0
    cluster.ids["n1"] = "n1-2"
    cluster.poll(consumer(), streams=(stream(),))
    cluster.poll(streams=(stream(),))
    assert (cluster.lags(), cluster.missing()) == ({}, {})


def test_a_consumer_without_series_on_a_restarted_server_is_not_missing_until_its_server_is(
    cluster: Cluster,
) -> None:
    cluster.poll(consumer(), streams=(stream(),))
    cluster.ids["n1"] = "n1-2"
    cluster.without_series = (Unwatched("A", "S", "c"),)  # it was created again
    cluster.poll(streams=(stream(),))
    assert (cluster.lags(), cluster.missing()) == ({}, {}), "its values are of the earlier one"
    cluster.down, cluster.without_series = {"n1"}, ()
    cluster.poll()
    assert cluster.missing() == {("consumer", "unreachable"): 1, ("stream", "unreachable"): 1}
    cluster.down = set()
    cluster.poll(streams=(stream(),))
    assert cluster.missing() == {}, "the run that had it tells that it was deleted"


def test_a_stream_that_cannot_be_read_on_a_restarted_server_is_not_missing(
    cluster: Cluster,
) -> None:
    cluster.poll(consumer(), streams=(stream(),))
    cluster.ids["n1"] = "n1-2"
    cluster.without_series = (Unwatched("A", "S"), Unwatched("A", "S", "c"))
    cluster.poll()
    assert (cluster.lags(), cluster.missing()) == ({}, {})
    assert list(stream_rows(cluster.tracker)) == []
    cluster.without_series = ()
    cluster.poll()
    assert cluster.missing() == {}, "the run that had it tells that it was deleted"


def test_a_consumer_that_only_followers_named_is_missing_until_one_tells_that_it_was_deleted(
    cluster: Cluster,
) -> None:
    replicated = stream(on="n2", holders=("n2", "n3"))
    cluster.down = {"n1"}
    cluster.poll(
        consumer(on="n2", leader=False, unreachable=True), consumer("d"), streams=(replicated,)
    )
    assert cluster.missing() == {("consumer", "unreachable"): 1}
    cluster.down = set(ALL)
    cluster.poll()
    assert cluster.missing()["consumer", "unreachable"] == 2
    cluster.down = {"n1"}
    cluster.poll(streams=(replicated,))
    assert cluster.missing() == {}


def test_a_consumer_of_one_replica_is_told_by_its_own_server_only(cluster: Cluster) -> None:
    replicated = stream(on="n2", holders=ALL)
    cluster.poll(consumer(config=ConsumerConfig(replicas=1)), streams=(replicated,))
    cluster.down = {"n1"}
    cluster.poll(streams=(replicated,))
    assert cluster.lags() == {"c": 5}


def test_a_consumer_whose_leader_is_unreachable_keeps_its_status_and_is_then_unknown(
    cluster: Cluster,
) -> None:
    streams = (stream(on="n2", holders=ALL),)
    cluster.poll(consumer(), streams=streams)
    follower = consumer(on="n2", pending=0, leader=False, unreachable=True)
    cluster.poll(follower, streams=streams)
    (row,) = consumer_rows(cluster.tracker)
    assert (row.status, row.lag_messages, row.reasons) == ("ok", 5, ("leader_unreachable",))
    assert cluster.missing() == {("consumer", "unreachable"): 1}
    cluster.poll(follower, streams=streams, after=STALE_AFTER)
    (row,) = consumer_rows(cluster.tracker)
    assert (row.status, row.lag_messages, row.last_seen) == ("unknown", None, START + 15)
    cluster.poll(consumer(pending=3), streams=streams)
    (row,) = consumer_rows(cluster.tracker)
    assert (row.status, row.lag_messages, row.reasons) == ("ok", 3, ())


def test_of_a_consumer_whose_leader_was_never_reached_only_that_is_exported(
    cluster: Cluster,
) -> None:
    streams = (stream(on="n2", holders=ALL),)
    follower = consumer("f", on="n2", leader=False, unreachable=True)
    cluster.at += 15
    server = NatsServer("n2:1", True, "n2", id="n2-1")
    snapshot = NatsSnapshot(cluster.at, (server,), streams, (follower, consumer(on="n2")))
    families = cluster.tracker.update(snapshot)
    exported = {
        (family.metric.name, row[4:]): value
        for family in families
        for row, value in zip(family.rows.values, family.values, strict=True)
        if "f" in row and value is not None
    }
    assert exported == {("nats_consumer_status_reason", ("leader_unreachable",)): 1}
    assert cluster.tracker.absent.unknown


def test_a_consumer_without_a_leader_stays_leaderless(cluster: Cluster) -> None:
    streams = (stream(on="n2", holders=ALL),)
    cluster.poll(consumer(), streams=streams)
    cluster.poll(consumer(on="n2", leader=False), streams=streams)
    (tracked,) = cluster.tracker.present
    assert tracked.verdict.status is Status.LEADERLESS
    assert cluster.missing() == {}


def test_a_kept_value_is_no_good_minute(cluster: Cluster) -> None:
    sli = NatsLagSli(source="main", account="A", stream="S", consumer="c", max_messages=10)
    measurement = LagMeasurement(sli)
    minutes: list[int] = []

    def poll(*consumers: Consumer) -> None:
        cluster.poll(*consumers, streams=(stream(),) if consumers else ())
        if observed := measurement.observe(cluster.tracker):
            minutes.extend(observed.minutes)

    for _ in range(8):
        poll(consumer())
    cluster.down = {"n1"}
    for _ in range(20):
        poll()
    cluster.down = set()
    for _ in range(8):
        poll(consumer())
    lost = set(range(int(START), int(cluster.at) - 60, 60)) - set(minutes)
    assert len(lost) == 4, "the minutes between are no events"


def test_readiness_and_page_name_the_server_that_is_the_cause(cluster: Cluster) -> None:
    cluster.poll(consumer(), streams=(stream(),))
    cluster.down = {"n1"}
    cluster.poll()
    assert cluster.tracker.partial() == ["server n1 (n1:1) does not respond (refused)"]
    assert cluster.tracker.snapshot is not None
    problems = [each.problem() for each in server_rows("main", cluster.tracker.snapshot)]
    assert [(p.level, p.text) for p in problems if p] == [
        ("critical", "Server n1 (n1:1) does not respond (refused)")
    ]


def test_a_server_that_is_known_by_name_only_comes_with_the_advice_to_list_it(
    cluster: Cluster,
) -> None:
    cluster.incomplete = (IncompleteServer("", "n4", "unreachable"),)
    cluster.poll()
    assert cluster.tracker.snapshot is not None
    *_, row = server_rows("main", cluster.tracker.snapshot)
    problem = row.problem()
    assert problem is not None
    assert (problem.level, problem.text) == (
        "unknown",
        "Server n4 is not polled: add the monitoring address of server n4 to "
        "sources.nats.main.monitor",
    )


def test_a_stream_shows_its_bucket_and_why_it_does_not_copy(cluster: Cluster) -> None:
    traits = StreamTraits("file", bucket=Bucket("kv", "owners"))
    failing = Origin("ORDERS", 0, 1.0, (), "stream not found")
    copy = msgspec.structs.replace(
        stream("KV_owners"),
        config=StreamConfig(traits=traits),
        sources=(Origin("CRM", 0, 1.0), failing),
    )
    cluster.poll(streams=(copy, stream("T")))
    owners, plain = stream_rows(cluster.tracker)
    assert (owners.kv_bucket, owners.object_bucket) == ("owners", None)
    problem = owners.problem()
    assert problem is not None
    assert problem.text == "KV_owners does not copy ORDERS: stream not found"
    assert (plain.kv_bucket, plain.problem()) == (None, None)


def test_a_stream_tells_its_limits_and_whether_it_refuses_messages(cluster: Cluster) -> None:
    full = StreamConfig(max_messages=7, discard_new=True)
    cluster.poll(streams=(msgspec.structs.replace(stream("S"), config=full),))
    (row,) = stream_rows(cluster.tracker)
    assert (row.max_messages, row.discard_new) == (full.max_messages, True)
