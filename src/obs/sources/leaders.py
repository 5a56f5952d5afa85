"""Reports of all servers of a cluster into one entry per stream and one per consumer.

Every replica reports what it holds; only the leader's numbers are true, and the leader of a
consumer may be on another server than the leader of its stream.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from obs.sources.jsz import AccountReport, ConsumerReport, StreamReport

StreamKey = tuple[str, str]  # account, stream
ConsumerKey = tuple[str, str, str]  # account, stream, consumer
K = TypeVar("K")
R = TypeVar("R", ConsumerReport, StreamReport)


@dataclass(frozen=True, slots=True)
class Answer:
    """The accounts that one server reports, over all pages."""

    server_name: str
    accounts: tuple[AccountReport, ...]


@dataclass(slots=True)
class Chosen(Generic[R]):
    """The report that stands for a stream or a consumer; `leader`: it is its own leader's."""

    report: R
    leader: bool


@dataclass(slots=True)
class Merged:
    """One report per stream and per consumer of the whole cluster."""

    streams: dict[StreamKey, Chosen[StreamReport]] = field(default_factory=dict)
    consumers: dict[ConsumerKey, Chosen[ConsumerReport]] = field(default_factory=dict)


def merge(answers: Iterable[Answer]) -> Merged:
    """Choose the leader's report; where no leader reports, the one furthest ahead.

    Two servers may both believe they lead for a moment: again the one furthest ahead.
    """
    merged = Merged()
    streams, consumers = merged.streams, merged.consumers
    for answer in answers:
        server = answer.server_name
        for account in answer.accounts:
            for stream in account.stream_detail or ():
                _offer(streams, (account.name, stream.name), stream, server, _stream_position)
                for consumer in stream.consumer_detail or ():
                    key = (account.name, stream.name, consumer.name)
                    _offer(consumers, key, consumer, server, _consumer_position)
    return merged


def _offer(
    chosen: dict[K, Chosen[R]],
    key: K,
    report: R,
    server: str,
    position: Callable[[R], tuple[int, ...]],
) -> None:
    cluster = report.cluster
    leader = cluster is None or cluster.leader == server
    present = chosen.get(key)
    if present is None:
        chosen[key] = Chosen(report, leader)
    elif (leader, position(report)) > (present.leader, position(present.report)):
        present.report, present.leader = report, leader


def _stream_position(report: StreamReport) -> tuple[int, ...]:
    return (report.state.last_seq,)


def _consumer_position(report: ConsumerReport) -> tuple[int, ...]:
    return (report.delivered.consumer_seq, report.ack_floor.stream_seq)
