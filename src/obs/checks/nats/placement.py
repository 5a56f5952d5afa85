"""Replicas and leaders: what one server's failure would stop."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from obs.catalogue import nats_server
from obs.checks.advice import nats
from obs.checks.finding import CheckFinding, doubtful, right, skipped
from obs.snapshot.assets import Stream
from obs.snapshot.nats import NatsSnapshot
from obs.spec.system import System

_LEAST_SERVERS: Final = 3  # for replicas that outlive one of them
_LEAST_STREAMS: Final = 6  # fewer have one leader by chance now and then
_MOST_LED: Final = 0.75
_MOST_COMMANDS: Final = 10


def judge_replica_count(
    system: System, source: str, snapshot: NatsSnapshot
) -> Iterator[CheckFinding]:
    """On a cluster each stream has replicas that outlive one server."""
    size = cluster_size(snapshot)
    if size is None:
        yield skipped(source, "an account does not tell how many servers its cluster has")
        return
    if size < _LEAST_SERVERS:
        yield right(source, f"servers with JetStream: {size}; replicas need {_LEAST_SERVERS}")
        return
    wrongs = [each for each in snapshot.streams if each.config.replicas in (1, 2, 4)]
    for stream in wrongs:
        yield doubtful(
            stream.name,
            _few(stream.config.replicas, size),
            nats("stream", "edit", stream.name, "--replicas", _enough(stream, size), "-f"),
        )
    if not wrongs:
        yield right(source, f"streams that outlive one server: {len(snapshot.streams)}")


def judge_consumer_replicas(
    system: System, source: str, snapshot: NatsSnapshot
) -> Iterator[CheckFinding]:
    """No consumer has fewer replicas than its stream."""
    replicas = {(each.account, each.name): each.config.replicas for each in snapshot.streams}
    wrongs = 0
    for consumer in snapshot.consumers:
        of_stream = replicas.get((consumer.account, consumer.stream), 1)
        own = consumer.config.replicas
        if own is None or own >= of_stream:
            continue
        wrongs += 1
        yield doubtful(
            f"{consumer.stream}/{consumer.name}",
            f"has {own} of the {of_stream} replicas of its stream: it stops with a server that "
            "the stream outlives",
            nats(
                *("consumer", "edit", consumer.stream, consumer.name),
                *("--replicas", str(of_stream), "-f"),
            ),
        )
    if not wrongs:
        yield right(source, f"consumers with the replicas of their stream: {_all(snapshot)}")


def judge_leaders(system: System, source: str, snapshot: NatsSnapshot) -> Iterator[CheckFinding]:
    """The leaders of replicated streams are spread over the servers."""
    servers = {each.name for each in snapshot.servers if each.up and not each.is_account}
    led = [
        each
        for each in snapshot.streams
        if each.leader and each.config.replicas > 1 and each.server in servers
    ]
    counts = Counter(each.server for each in led)
    worst, most = max(counts.items(), key=lambda each: each[1], default=("", 0))
    if len(led) < _LEAST_STREAMS or most <= _MOST_LED * len(led):
        yield right(source, f"servers that lead replicated streams: {len(counts)}")
        return
    yield doubtful(
        worst,
        f"leads {most} of {len(led)} replicated streams: all their work is its own, and all of "
        "them elect a leader when it stops",
        *_step_downs([each for each in led if each.server == worst], most - len(led) // 3),
    )


def cluster_size(snapshot: NatsSnapshot) -> int | None:
    """Servers with JetStream, as far as anything tells; None where nothing does."""
    told = [each for each in snapshot.servers if not each.is_account]
    names = {name for each in snapshot.streams for name in each.holders if name}
    with_jetstream = [each for each in told if each.store_limit is not None]
    group = [int(each.facts.get(nats_server.META_SIZE.name, 0)) for each in told]
    size = max(len(with_jetstream), *group, 0) if told else 0
    if size:
        return size
    return len(names) if len(names) >= _LEAST_SERVERS else None


def _few(replicas: int, size: int) -> str:
    if replicas == 1:
        return f"has 1 replica on {size} servers: it stops with the one server that holds it"
    return (
        f"has {replicas} replicas, of which {replicas // 2 + 1} must be up: no more of its servers "
        f"may stop than with {replicas - 1}"
    )


def _enough(stream: Stream, size: int) -> str:
    return "5" if stream.config.replicas > _LEAST_SERVERS and size >= 5 else "3"


def _step_downs(streams: list[Stream], number: int) -> Iterator[str]:
    for stream in streams[: min(number, _MOST_COMMANDS)]:
        yield nats("stream", "cluster", "step-down", stream.name)


def _all(snapshot: NatsSnapshot) -> int:
    return len(snapshot.consumers)
