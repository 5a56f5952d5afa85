"""One report per stream and consumer into the snapshot's values, as far as the spec wants them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from obs.snapshot.assets import Consumer, ConsumerConfig, Stream, StreamConfig
from obs.sources.nats.accounts import AccountLabels
from obs.sources.nats.asset_config import consumer_config, origin, priority_groups, stream_config
from obs.sources.nats.jsz import (
    MOST,
    Cluster,
    ConsumerReport,
    ElsewhereStream,
    Replica,
    StreamReport,
    UnreadableConsumer,
    UnreadableStream,
    unix_seconds,
)
from obs.sources.nats.leaders import Merged, Reports, StreamKey
from obs.sources.nats.selection import chooser
from obs.spec.nats import NatsSource

REASONS: Final = ("excluded", "ephemeral", "cap", "new", "unreadable")
"""Why a consumer has no series: a glob, summed up in its stream, beyond the cap, new, which is
that its configuration is not known yet, or unreadable: a value in its report is odd."""


class Unreadable(NamedTuple):
    """A stream, or with a name one of its consumers, that is left out; `why` names the value."""

    account: str
    stream: str
    consumer: str
    why: str


@dataclass(slots=True)
class Known:
    """Configurations of one stream and of its consumers by name, each with its `created`.

    `why`, or a string in place of a configuration, says why it cannot be read.
    """

    created: str
    config: StreamConfig
    consumers: dict[str, tuple[str, ConsumerConfig | str]]
    why: str = ""


_NOT_KNOWN: Final[tuple[str, ConsumerConfig | str | None]] = ("", None)
_PER_SECOND: Final = 1e9  # nanoseconds
_INCOMPLETE_READS: Final = 120  # in a row, after which what is not reported is forgotten


class KnownSettings:
    """Configurations read earlier; they are read rarely because they double the response."""

    def __init__(self, metadata: Sequence[str] = ()) -> None:
        """`metadata`: its keys that are kept."""
        self._metadata = metadata
        self._known: dict[StreamKey, Known] = {}
        self._incomplete = 0  # reads in a row

    def learn(self, merged: Merged, *, complete: bool) -> None:
        """Take over the configurations in `merged`; forget what is gone where it is complete.

        Where it never is, because some server is never reached, they are forgotten now and then, so
        that consumers that come and go do not fill the memory.
        """
        self._incomplete = 0 if complete else self._incomplete + 1
        if self._incomplete == _INCOMPLETE_READS:
            complete, self._incomplete = True, 0
        learned = {
            key: known
            for key, reports in merged.items()
            if (known := _known(reports, self._metadata))
        }
        if not complete:
            for key, known in learned.items():
                if earlier := self._known.get(key):
                    known.consumers = {**earlier.consumers, **known.consumers}
            learned = {**self._known, **learned}
        self._known = learned

    def stream(self, key: StreamKey, reports: Reports) -> Known | None:
        """None where it is not known, or is of an earlier stream of that name."""
        known = self._known.get(key)
        return known if known is not None and known.created == reports.stream.created else None

    def had_series(self, key: StreamKey, name: str, *, ephemeral: bool) -> bool:
        """Whether an earlier consumer of that name had a series; `ephemeral`: those have, too."""
        known = self._known.get(key)
        _, config = known.consumers.get(name, ("", "")) if known else ("", "")
        return isinstance(config, ConsumerConfig) and (config.durable or ephemeral)


def _known(reports: Reports, metadata: Sequence[str]) -> Known | None:
    stream, consumers = reports.stream, dict[str, tuple[str, ConsumerConfig | str]]()
    why = stream.why if isinstance(stream, UnreadableStream) and stream.created else ""
    if stream.config is None and not why:
        return None
    for name, report in (reports.unled | reports.led).items():
        if isinstance(report, UnreadableConsumer):
            consumers[name] = (report.created, report.why)
        elif report.config is not None:
            consumers[name] = (report.created, consumer_config(report.config, metadata))
    config = stream_config(stream.config, metadata) if stream.config else StreamConfig()
    return Known(stream.created, config, consumers, why)


@dataclass(frozen=True, slots=True)
class ClusterView:
    """What the spec wants of a cluster.

    `left_out` counts the consumers without a series of their own, for each of REASONS, and the
    unreadable streams. `configured`: the configuration of all that is wanted is known; `again`:
    that of a consumer is not which had a series before it was created again. `labels`: what the
    accounts are called, by id.
    """

    streams: tuple[Stream, ...]
    consumers: tuple[Consumer, ...]
    left_out: dict[str, int]
    configured: bool
    again: bool = False
    unreadable: tuple[Unreadable, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Seen:
    """What was seen so far of a cluster."""

    streams: list[Stream] = field(default_factory=list)
    consumers: list[Consumer] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(REASONS, 0)))
    configured: bool = True
    again: bool = False
    unreadable: list[Unreadable] = field(default_factory=list)

    def leave_out(self, odd: Unreadable, number: int = 1) -> None:
        """Count what a value that cannot be read leaves out."""
        self.left_out["unreadable"] += number
        self.unreadable.append(odd)


class SourceSelection:
    """Which streams and consumers the spec wants."""

    def __init__(self, spec: NatsSource, accounts: AccountLabels | None = None) -> None:
        """`accounts` says what accounts are called."""
        self._stream = chooser(spec.streams)
        self._consumer = chooser(spec.consumers)
        self._roll_up = spec.ephemeral == "roll_up"
        self._cap = spec.max_consumers
        self._accounts = accounts or AccountLabels()

    def view(
        self, merged: Merged, settings: KnownSettings, *, complete: bool = True
    ) -> ClusterView:
        """The streams and consumers wanted, sorted by identity; `complete`: every server answered.

        The cap keeps the consumers that exist longest, so that a new one never takes the place
        of another.
        """
        labels = self._accounts.of(merged, complete=complete)
        seen = _Seen()
        for key in sorted(merged):
            reports = merged[key]
            if isinstance(reports.stream, ElsewhereStream):
                continue
            if self._stream(key.stream):
                self._see(key, labels[key.account], reports, settings, seen)
            else:
                seen.left_out["excluded"] += len(reports.led) + len(reports.unled)
        consumers, left_out = seen.consumers, seen.left_out
        if len(consumers) > self._cap:
            left_out["cap"] = len(consumers) - self._cap
            kept = set(sorted(map(_by_age, consumers))[: self._cap])
            consumers = [consumer for consumer in consumers if _by_age(consumer) in kept]
        return ClusterView(
            tuple(seen.streams),
            tuple(consumers),
            dict(left_out),
            seen.configured and not left_out["new"],
            seen.again,
            tuple(seen.unreadable),
            labels,
        )

    def _see(
        self, key: StreamKey, account: str, reports: Reports, settings: KnownSettings, seen: _Seen
    ) -> None:
        """Add a stream and its consumers, its ephemeral ones summed up."""
        known = settings.stream(key, reports)
        if unreadable := _why_unreadable(reports.stream, known):
            number = 1 + len(reports.led) + len(reports.unled)
            return seen.leave_out(Unreadable(account, key.stream, "", unreadable), number)
        seen.configured = seen.configured and known is not None
        ephemeral = ephemeral_lag = 0
        led, wanted, configs = reports.led, self._consumer, known.consumers if known else {}
        for name in sorted([*led, *reports.unled]):
            leader = name in led
            report = led[name] if leader else reports.unled[name]
            created, config = configs.get(name, _NOT_KNOWN)
            if created != report.created:  # of an earlier consumer of that name
                config = None
            if not wanted(name):
                seen.left_out["excluded"] += 1
            elif config is None or isinstance(config, str):
                if why := report.why if isinstance(report, UnreadableConsumer) else config:
                    seen.leave_out(Unreadable(account, key.stream, name, why))
                else:
                    seen.left_out["new"] += 1
                    seen.again |= settings.had_series(key, name, ephemeral=not self._roll_up)
            elif self._roll_up and not config.durable:
                seen.left_out["ephemeral"] += 1
                ephemeral += 1
                ephemeral_lag += report.num_pending + report.num_ack_pending
            else:
                seen.consumers.append(
                    _consumer(key, account, reports, report, config, leader=leader)
                )
        seen.streams.append(_stream(key, account, reports, known, (ephemeral, ephemeral_lag)))
        return None


def _why_unreadable(report: StreamReport, known: Known | None) -> str:
    if isinstance(report, UnreadableStream):
        return report.why
    return known.why if known is not None else ""


def _by_age(consumer: Consumer) -> tuple[str, str, str, str]:
    return (consumer.created, consumer.account, consumer.stream, consumer.name)


def _consumer(
    key: StreamKey,
    account: str,
    reports: Reports,
    report: ConsumerReport,
    config: ConsumerConfig,
    *,
    leader: bool,
) -> Consumer:
    name, delivered = report.name, report.delivered
    source = reports.sources.get(name, reports.source)
    # By position: the names would make it six times slower.
    return Consumer(
        account,
        key.stream,
        name,
        report.created,
        config,
        delivered.consumer_seq,
        delivered.stream_seq,
        report.ack_floor.stream_seq,
        report.num_pending,
        report.num_ack_pending,
        report.num_redelivered,
        report.num_waiting,
        unix_seconds(delivered.last_active),
        report.paused,
        report.push_bound,
        leader,
        _behind(report.cluster) if report.cluster else 0,
        not leader and name in reports.unreachable,
        source.server_name,
        source.at,
        key.account,
        # Asked for by thresholds only: reading it of all would make polls slower.
        unix_seconds(report.ack_floor.last_active) if config.thresholds.limits else None,
        priority_groups(report) if report.priority_groups else (),
    )


def _stream(
    key: StreamKey, account: str, reports: Reports, known: Known | None, ephemeral: tuple[int, int]
) -> Stream:
    """`ephemeral`: how many ephemeral consumers there are, and their lag in messages."""
    report = reports.stream
    state = report.state
    replicas = report.cluster.replicas if report.cluster else ()
    lags = [replica.lag for replica in replicas]
    return Stream(
        account=account,
        name=key.stream,
        created=report.created,
        config=known.config if known else StreamConfig(mirrors=report.mirror is not None),
        messages=state.messages,
        bytes=state.bytes,
        first_seq=state.first_seq,
        last_seq=state.last_seq,
        first_time=unix_seconds(state.first_ts) if state.messages else None,
        last_time=unix_seconds(state.last_ts),
        # The leader does not count consumers without replicas that are on other servers.
        consumers=max(state.consumer_count, len(reports.led) + len(reports.unled)),
        leader=reports.leader,
        replicas_behind=_behind(report.cluster),
        replica_lag=max(lags, default=0) if all(0 <= lag <= MOST for lag in lags) else None,
        ephemeral_consumers=ephemeral[0],
        ephemeral_lag=ephemeral[1],
        mirror=origin(report.mirror) if report.mirror else None,
        sources=tuple(origin(source) for source in report.sources or ()),
        leader_unreachable=not reports.leader and bool(reports.named),
        server=reports.source.server_name,
        at=reports.source.at,
        clock_ahead=reports.source.clock_ahead,
        holders=(reports.source.server_name, *(replica.name for replica in replicas)),
        subjects=_number(state.num_subjects),
        deleted=_number(state.num_deleted),
        replica_silent=_silent(replicas),
    )


def _number(told: int) -> int | None:
    return told if 0 <= told <= MOST else None


def _silent(replicas: Sequence[Replica]) -> float | None:
    heard = [replica.active for replica in replicas if replica.active is not None]
    return max(heard) / _PER_SECOND if heard else None


def _behind(cluster: Cluster | None) -> int:
    behind = 0
    for replica in cluster.replicas if cluster else ():
        if replica.offline or not replica.current:
            behind += 1
    return behind
