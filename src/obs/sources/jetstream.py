"""One report per stream and consumer into the snapshot's values, as far as the spec wants them."""

from collections import Counter
from dataclasses import dataclass

from obs.snapshot import Consumer, ConsumerConfig, Stream, StreamConfig
from obs.sources.jsz import (
    Cluster,
    ConsumerReport,
    StreamReport,
    consumer_config,
    stream_config,
    unix_seconds,
)
from obs.sources.leaders import Chosen, ConsumerKey, Merged, StreamKey
from obs.sources.selection import chooser
from obs.spec.sources import NatsSource


class Settings:
    """Configurations read earlier; they are asked for rarely because they double the answer."""

    def __init__(self) -> None:
        self._streams: dict[StreamKey, tuple[str, StreamConfig]] = {}
        self._consumers: dict[ConsumerKey, tuple[str, ConsumerConfig]] = {}

    def learn(self, merged: Merged, *, complete: bool) -> None:
        """Take over the configurations in `merged`; forget what is gone where it is complete."""
        streams = {
            key: (chosen.report.created, stream_config(chosen.report.config))
            for key, chosen in merged.streams.items()
            if chosen.report.config is not None
        }
        consumers = {
            key: (chosen.report.created, consumer_config(chosen.report.config))
            for key, chosen in merged.consumers.items()
            if chosen.report.config is not None
        }
        self._streams = streams if complete else {**self._streams, **streams}
        self._consumers = consumers if complete else {**self._consumers, **consumers}

    def know(self, merged: Merged) -> bool:
        """Whether every stream and consumer in `merged` has a known configuration."""
        return all(
            self.stream(key, chosen.report.created) is not None
            for key, chosen in merged.streams.items()
        ) and all(
            self.consumer(key, chosen.report.created) is not None
            for key, chosen in merged.consumers.items()
        )

    def stream(self, key: StreamKey, created: str) -> StreamConfig | None:
        """None where it is not known, or is of an earlier stream of that name."""
        known = self._streams.get(key)
        return known[1] if known is not None and known[0] == created else None

    def consumer(self, key: ConsumerKey, created: str) -> ConsumerConfig | None:
        """None where it is not known, or is of an earlier consumer of that name."""
        known = self._consumers.get(key)
        return known[1] if known is not None and known[0] == created else None


@dataclass(frozen=True, slots=True)
class View:
    """What the spec wants of a cluster; `left_out` counts consumers without a series by reason."""

    streams: tuple[Stream, ...]
    consumers: tuple[Consumer, ...]
    left_out: dict[str, int]


class Scope:
    """Which streams and consumers the spec wants."""

    def __init__(self, spec: NatsSource) -> None:
        self._stream = chooser(spec.streams)
        self._consumer = chooser(spec.consumers)
        self._roll_up = spec.ephemeral == "roll_up"
        self._cap = spec.max_consumers

    def view(self, merged: Merged, settings: Settings) -> View:
        """The streams and consumers wanted, sorted by identity.

        Reasons to be left out: excluded, ephemeral (summed up in its stream), cap, and new (its
        configuration is not known yet). The cap keeps the consumers that exist longest, so that
        a new one never takes the place of another.
        """
        left_out: Counter[str] = Counter()
        seen: Counter[StreamKey] = Counter()
        ephemeral: Counter[StreamKey] = Counter()
        ephemeral_lag: Counter[StreamKey] = Counter()
        consumers: list[Consumer] = []
        for key, chosen in merged.consumers.items():
            stream = key[:2]
            seen[stream] += 1
            if not (self._stream(key[1]) and self._consumer(key[2])):
                left_out["excluded"] += 1
                continue
            config = settings.consumer(key, chosen.report.created)
            if config is None:
                left_out["new"] += 1
            elif self._roll_up and not config.durable:
                left_out["ephemeral"] += 1
                ephemeral[stream] += 1
                ephemeral_lag[stream] += chosen.report.num_pending + chosen.report.num_ack_pending
            else:
                consumers.append(consumer_of(key, chosen, config))
        if len(consumers) > self._cap:
            left_out["cap"] = len(consumers) - self._cap
            consumers = sorted(consumers, key=_age)[: self._cap]
        streams = [
            stream_of(
                key,
                chosen,
                settings.stream(key, chosen.report.created) or StreamConfig(),
                consumers=seen[key],
                ephemeral=(ephemeral[key], ephemeral_lag[key]),
            )
            for key, chosen in merged.streams.items()
            if self._stream(key[1])
        ]
        return View(
            tuple(sorted(streams, key=_stream_identity)),
            tuple(sorted(consumers, key=_identity)),
            dict(left_out),
        )


def _age(consumer: Consumer) -> tuple[str, str, str, str]:
    return (consumer.created, *_identity(consumer))


def _identity(consumer: Consumer) -> ConsumerKey:
    return (consumer.account, consumer.stream, consumer.name)


def _stream_identity(stream: Stream) -> StreamKey:
    return (stream.account, stream.name)


def consumer_of(
    key: ConsumerKey, chosen: Chosen[ConsumerReport], config: ConsumerConfig
) -> Consumer:
    """The snapshot's value of a report."""
    report = chosen.report
    delivered = report.delivered
    return Consumer(
        account=key[0],
        stream=key[1],
        name=key[2],
        created=report.created,
        config=config,
        delivered_consumer_seq=delivered.consumer_seq,
        delivered_stream_seq=delivered.stream_seq,
        ack_floor_stream_seq=report.ack_floor.stream_seq,
        pending=report.num_pending,
        ack_pending=report.num_ack_pending,
        redelivered=report.num_redelivered,
        waiting=report.num_waiting,
        last_delivery=unix_seconds(delivered.last_active),
        paused=report.paused,
        push_bound=report.push_bound,
        leader=chosen.leader,
        replicas_behind=_behind(report.cluster),
    )


def stream_of(
    key: StreamKey,
    chosen: Chosen[StreamReport],
    config: StreamConfig,
    *,
    consumers: int,
    ephemeral: tuple[int, int],
) -> Stream:
    """The snapshot's value of a report.

    `consumers`: those seen on all servers, because a leader does not count unreplicated
    consumers that are elsewhere. `ephemeral`: how many, and their lag in messages.
    """
    report = chosen.report
    state = report.state
    replicas = report.cluster.replicas if report.cluster else ()
    return Stream(
        account=key[0],
        name=key[1],
        created=report.created,
        config=config,
        messages=state.messages,
        bytes=state.bytes,
        first_seq=state.first_seq,
        last_seq=state.last_seq,
        first_time=unix_seconds(state.first_ts) if state.messages else None,
        last_time=unix_seconds(state.last_ts),
        consumers=max(state.consumer_count, consumers),
        leader=chosen.leader,
        replicas_behind=_behind(report.cluster),
        replica_lag=max((replica.lag for replica in replicas), default=0),
        ephemeral_consumers=ephemeral[0],
        ephemeral_lag=ephemeral[1],
    )


def _behind(cluster: Cluster | None) -> int:
    if cluster is None:
        return 0
    return sum(1 for replica in cluster.replicas if replica.offline or not replica.current)
