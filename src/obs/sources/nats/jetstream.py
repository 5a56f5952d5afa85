"""One report per stream and consumer into the snapshot's values, as far as the spec wants them."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from obs.snapshot import Consumer, ConsumerConfig, Stream, StreamConfig
from obs.sources.nats.jsz import (
    Cluster,
    ConsumerReport,
    consumer_config,
    stream_config,
    unix_seconds,
)
from obs.sources.nats.leaders import Merged, Reports, StreamKey
from obs.sources.nats.selection import chooser
from obs.spec.nats import NatsSource

REASONS: Final = ("excluded", "ephemeral", "cap", "new")
"""Why a consumer has no series: a glob, summed up in its stream, beyond the cap, or new, which is
that its configuration is not known yet."""


@dataclass(slots=True)
class Known:
    """Configurations of one stream and of its consumers by name, each with its `created`."""

    created: str
    config: StreamConfig
    consumers: dict[str, tuple[str, ConsumerConfig]]

    def consumer(self, report: ConsumerReport) -> ConsumerConfig | None:
        """None where it is not known, or is of an earlier consumer of that name."""
        known = self.consumers.get(report.name)
        return known[1] if known is not None and known[0] == report.created else None


_INCOMPLETE_READS: Final = 120  # in a row, after which what is not reported is forgotten


class KnownSettings:
    """Configurations read earlier; they are read rarely because they double the response."""

    def __init__(self) -> None:
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
        learned = {key: known for key, reports in merged.items() if (known := _known(reports))}
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


def _known(reports: Reports) -> Known | None:
    if reports.stream.config is None:
        return None
    consumers = {
        name: (report.created, consumer_config(report.config))
        for name, report in (reports.unled | reports.led).items()
        if report.config is not None
    }
    return Known(reports.stream.created, stream_config(reports.stream.config), consumers)


@dataclass(frozen=True, slots=True)
class ClusterView:
    """What the spec wants of a cluster.

    `left_out` counts the consumers without a series of their own, for each of REASONS.
    `configured`: the configuration of all that is wanted is known.
    """

    streams: tuple[Stream, ...]
    consumers: tuple[Consumer, ...]
    left_out: dict[str, int]
    configured: bool


class SourceSelection:
    """Which streams and consumers the spec wants."""

    def __init__(self, spec: NatsSource) -> None:
        self._stream = chooser(spec.streams)
        self._consumer = chooser(spec.consumers)
        self._roll_up = spec.ephemeral == "roll_up"
        self._cap = spec.max_consumers

    def view(self, merged: Merged, settings: KnownSettings) -> ClusterView:
        """The streams and consumers wanted, sorted by identity.

        The cap keeps the consumers that exist longest, so that a new one never takes the place
        of another.
        """
        left_out = Counter(dict.fromkeys(REASONS, 0))
        configured = True
        streams: list[Stream] = []
        consumers: list[Consumer] = []
        for key in sorted(merged):
            reports = merged[key]
            if self._stream(key.stream):
                known = settings.stream(key, reports)
                configured = configured and known is not None
                streams.append(self._add(key, reports, known, consumers, left_out))
            else:
                left_out["excluded"] += len(reports.led) + len(reports.unled)
        if len(consumers) > self._cap:
            left_out["cap"] = len(consumers) - self._cap
            kept = set(sorted(map(_by_age, consumers))[: self._cap])
            consumers = [consumer for consumer in consumers if _by_age(consumer) in kept]
        configured = configured and not left_out["new"]
        return ClusterView(tuple(streams), tuple(consumers), dict(left_out), configured)

    def _add(
        self,
        key: StreamKey,
        reports: Reports,
        known: Known | None,
        consumers: list[Consumer],
        left_out: Counter[str],
    ) -> Stream:
        """Append the stream's consumers; return the stream with its ephemeral ones summed up."""
        ephemeral = ephemeral_lag = 0
        for name in sorted([*reports.led, *reports.unled]):
            led = reports.led.get(name)
            report = led or reports.unled[name]
            if not self._consumer(name):
                left_out["excluded"] += 1
            elif known is None or (config := known.consumer(report)) is None:
                left_out["new"] += 1
            elif self._roll_up and not config.durable:
                left_out["ephemeral"] += 1
                ephemeral += 1
                ephemeral_lag += report.num_pending + report.num_ack_pending
            else:
                consumers.append(_consumer(key, reports, report, config, leader=led is not None))
        return _stream(key, reports, known, ephemeral, ephemeral_lag)


def _by_age(consumer: Consumer) -> tuple[str, str, str, str]:
    return (consumer.created, consumer.account, consumer.stream, consumer.name)


def _consumer(
    key: StreamKey,
    reports: Reports,
    report: ConsumerReport,
    config: ConsumerConfig,
    *,
    leader: bool,
) -> Consumer:
    source = reports.sources.get(report.name, reports.source)
    # By position: the names would make it six times slower.
    return Consumer(
        key.account,
        key.stream,
        report.name,
        report.created,
        config,
        report.delivered.consumer_seq,
        report.delivered.stream_seq,
        report.ack_floor.stream_seq,
        report.num_pending,
        report.num_ack_pending,
        report.num_redelivered,
        report.num_waiting,
        unix_seconds(report.delivered.last_active),
        report.paused,
        report.push_bound,
        leader,
        _behind(report.cluster),
        not leader and report.name in reports.unreachable,
        source.server_name,
        source.at,
    )


def _stream(
    key: StreamKey, reports: Reports, known: Known | None, ephemeral: int, ephemeral_lag: int
) -> Stream:
    report = reports.stream
    state = report.state
    replicas = report.cluster.replicas if report.cluster else ()
    return Stream(
        account=key.account,
        name=key.stream,
        created=report.created,
        config=known.config if known else StreamConfig(),
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
        replica_lag=max((replica.lag for replica in replicas), default=0),
        ephemeral_consumers=ephemeral,
        ephemeral_lag=ephemeral_lag,
        leader_unreachable=not reports.leader and bool(reports.named),
        server=reports.source.server_name,
        at=reports.source.at,
        clock_ahead=reports.source.clock_ahead,
        holders=(reports.source.server_name, *(replica.name for replica in replicas)),
    )


def _behind(cluster: Cluster | None) -> int:
    behind = 0
    for replica in cluster.replicas if cluster else ():
        if replica.offline or not replica.current:
            behind += 1
    return behind
