"""Which advisories of elections and lost quorums count, and as how many losses."""

from dataclasses import dataclass, field

import pytest

from obs.sources.nats import elections
from obs.sources.nats.elections import SAME_LOSS, Elections
from obs.sources.nats.heard_events import HeardEvents


@dataclass
class Cluster:
    """Says what happens to its streams and consumers."""

    now: float = 0.0
    heard: HeardEvents = field(default_factory=HeardEvents)

    def __post_init__(self) -> None:
        self._elections = Elections(lambda: self.now)

    def says(self, what: str, stream: str = "O", consumer: str = "", after: float = 0.0) -> None:
        self.now += after
        asset = ["CONSUMER", what, stream, consumer] if consumer else ["STREAM", what, stream]
        self._elections.count(self.heard, "$G", asset)

    def counted(self, what: str, asset: str = "STREAM") -> int:
        return self.heard.counts["$G", asset, what, "O"]


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


def test_a_loss_that_several_replicas_tell_of_counts_once(cluster: Cluster) -> None:
    for _ in range(2):
        cluster.says("QUORUM_LOST", after=5)
    assert cluster.counted("QUORUM_LOST") == 1


def test_a_loss_that_lasts_is_counted_about_once_a_minute(cluster: Cluster) -> None:
    for _ in range(16):  # five minutes
        cluster.says("QUORUM_LOST", after=20)
    assert cluster.counted("QUORUM_LOST") == 1 + 300 // SAME_LOSS


def test_a_loss_after_a_leader_was_elected_is_another_one(cluster: Cluster) -> None:
    cluster.says("QUORUM_LOST")
    cluster.says("LEADER_ELECTED", after=5)
    cluster.says("QUORUM_LOST", after=15)
    assert cluster.counted("QUORUM_LOST") == 2
    assert cluster.counted("LEADER_ELECTED") == 1


def test_each_stream_and_each_consumer_has_its_own_losses(cluster: Cluster) -> None:
    cluster.says("QUORUM_LOST")
    cluster.says("QUORUM_LOST", "P")
    for consumer in ("a", "b", "a"):
        cluster.says("QUORUM_LOST", consumer=consumer)
    assert cluster.counted("QUORUM_LOST") == 1
    assert cluster.counted("QUORUM_LOST", "CONSUMER") == 2


def test_only_so_many_without_a_quorum_are_remembered(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elections, "_MOST", 2)
    for stream in ("O", "P", "Q", "O"):
        cluster.says("QUORUM_LOST", stream)
    assert cluster.counted("QUORUM_LOST") == 2
