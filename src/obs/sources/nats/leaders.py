"""Reports of all servers of a cluster into one per stream and one per consumer.

Every replica reports its copy; only the leader's numbers are authoritative, and the leader of a
consumer may be on another server than the leader of its stream.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from obs.sources.nats.jsz import AccountReport, ConsumerReport, StreamReport


class StreamKey(NamedTuple):
    """What identifies a stream in a cluster; `account` is the account's id."""

    account: str
    stream: str


@dataclass(frozen=True, slots=True)
class ServerReport:
    """The accounts that one server reports, over all pages."""

    server_name: str
    accounts: tuple[AccountReport, ...]


@dataclass(slots=True)
class Reports:
    """The chosen report of a stream, and those of its consumers, by name.

    `leader`: whether the stream's report is from its leader. `led`: consumers reported by
    their leaders; `unled`: those for which no server claims to be the leader.
    """

    stream: StreamReport
    leader: bool
    led: dict[str, ConsumerReport] = field(default_factory=dict)
    unled: dict[str, ConsumerReport] = field(default_factory=dict)
    account_name: str = ""


Merged = dict[StreamKey, Reports]


def merge(answers: Iterable[ServerReport]) -> Merged:
    """Choose the leader's report; where no leader reports, the one furthest ahead.

    Two servers may both believe they lead for a moment: again the one furthest ahead.
    """
    merged: Merged = {}
    followers: list[tuple[Reports, list[ConsumerReport]]] = []
    for answer in answers:
        for account in answer.accounts:
            for stream in account.stream_detail or ():
                key = StreamKey(account.id or account.name, stream.name)
                reports = _offer(merged, key, stream, answer.server_name)
                reports.account_name = account.name
                followers.append((reports, _leaders(reports, stream, answer.server_name)))
    for reports, consumers in followers:
        for consumer in consumers:
            if consumer.name not in reports.led:
                _keep_further(reports.unled, consumer)
    return merged


def _offer(merged: Merged, key: StreamKey, stream: StreamReport, server: str) -> Reports:
    leader = stream.cluster is None or stream.cluster.leader == server
    present = merged.get(key)
    if present is None:
        present = merged[key] = Reports(stream, leader)
    elif (leader, stream.state.last_seq) > (present.leader, present.stream.state.last_seq):
        present.stream, present.leader = stream, leader
    return present


def _leaders(reports: Reports, stream: StreamReport, server: str) -> list[ConsumerReport]:
    """Keep what `server` reports as a leader; return the rest."""
    rest: list[ConsumerReport] = []
    for consumer in stream.consumer_detail or ():
        cluster = consumer.cluster
        if cluster is None or cluster.leader == server:
            _keep_further(reports.led, consumer)
        else:
            rest.append(consumer)
    return rest


def _keep_further(kept: dict[str, ConsumerReport], consumer: ConsumerReport) -> None:
    present = kept.setdefault(consumer.name, consumer)
    if present is not consumer and _position(consumer) > _position(present):
        kept[consumer.name] = consumer


def _position(consumer: ConsumerReport) -> tuple[int, int]:
    return (consumer.delivered.consumer_seq, consumer.ack_floor.stream_seq)
