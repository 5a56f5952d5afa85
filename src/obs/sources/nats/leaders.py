"""Reports of all servers of a cluster into one per stream and one per consumer.

Every replica reports its copy; only the leader's numbers are authoritative, and the leader of a
consumer may be on another server than the leader of its stream.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from obs.sources.nats.jsz import AccountReport, ConsumerReport, StreamReport


class StreamKey(NamedTuple):
    """What identifies a stream in a cluster; `account` is the account's id."""

    account: str
    stream: str


@dataclass(frozen=True, slots=True)
class ServerReport:
    """All accounts that one server reports.

    `at`: when its numbers were true, by the collector's clock (Unix seconds), which the server's
    is `clock_ahead` seconds ahead of.
    """

    server_name: str
    accounts: tuple[AccountReport, ...]
    at: float | None = None
    clock_ahead: float = 0.0


_NOBODY: Final = ServerReport("", ())


@dataclass(slots=True)
class Reports:
    """The chosen report of a stream, and those of its consumers, by name.

    `leader`: whether the stream's report is from its leader; where not, `named` is the leader that
    it names, which did not report it; empty: there is none. `led`: consumers reported by their
    leaders; `unled`: those for which no server claims to be the leader, of which `unreachable` are
    those for which a report names one. `sources`: who reported what was chosen.
    """

    stream: StreamReport
    leader: bool
    led: dict[str, ConsumerReport] = field(default_factory=dict)
    unled: dict[str, ConsumerReport] = field(default_factory=dict)
    account_name: str = ""
    source: ServerReport = _NOBODY
    sources: dict[str, ServerReport] = field(default_factory=dict)
    named: str = ""
    unreachable: dict[str, str] = field(default_factory=dict)  # consumer → leader


Merged = dict[StreamKey, Reports]


def merge(answers: Iterable[ServerReport]) -> Merged:
    """Choose the leader's report; where no leader reports, the one furthest ahead.

    Two servers may both believe they lead for a moment: again the one furthest ahead. A leader that
    any replica names and that does not report is unreachable; there is none only where all replicas
    say so.
    """
    merged: Merged = {}
    followers: list[tuple[Reports, list[ConsumerReport], ServerReport]] = []
    for answer in answers:
        for account in answer.accounts:
            for stream in account.stream_detail or ():
                key = StreamKey(account.id or account.name, stream.name)
                reports = _offer(merged, key, stream, answer)
                reports.account_name = account.name
                followers.append((reports, _leaders(reports, stream, answer), answer))
    for reports, consumers, answer in followers:
        for consumer in consumers:
            if consumer.name not in reports.led:
                _keep_further(reports.unled, consumer, reports.sources, answer)
                if consumer.cluster and consumer.cluster.leader:
                    reports.unreachable[consumer.name] = consumer.cluster.leader
    return merged


def _offer(merged: Merged, key: StreamKey, stream: StreamReport, answer: ServerReport) -> Reports:
    leader = stream.cluster is None or stream.cluster.leader == answer.server_name
    present = merged.get(key)
    if present is None:
        present = merged[key] = Reports(stream, leader, source=answer)
    elif (leader, stream.state.last_seq) > (present.leader, present.stream.state.last_seq):
        present.stream, present.leader, present.source = stream, leader, answer
    if present.leader:
        present.named = ""
    elif stream.cluster is not None and stream.cluster.leader:
        present.named = stream.cluster.leader
    return present


def _leaders(reports: Reports, stream: StreamReport, answer: ServerReport) -> list[ConsumerReport]:
    """Keep what `answer` reports as a leader; return the rest."""
    rest: list[ConsumerReport] = []
    led, sources, server = reports.led, reports.sources, answer.server_name
    for consumer in stream.consumer_detail or ():
        cluster, name = consumer.cluster, consumer.name
        if cluster is not None and cluster.leader != server:
            rest.append(consumer)
        elif name in led:
            _keep_further(led, consumer, sources, answer)
        else:
            led[name], sources[name] = consumer, answer
    return rest


def _keep_further(
    kept: dict[str, ConsumerReport],
    consumer: ConsumerReport,
    sources: dict[str, ServerReport],
    answer: ServerReport,
) -> None:
    name = consumer.name
    present = kept.get(name)
    if present is None or _position(consumer) > _position(present):
        kept[name] = consumer
        sources[name] = answer


def _position(consumer: ConsumerReport) -> tuple[int, int]:
    return (consumer.delivered.consumer_seq, consumer.ack_floor.stream_seq)
