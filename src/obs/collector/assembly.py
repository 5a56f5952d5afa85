"""A collector put together from a spec."""

import asyncio
import os
import socket
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from obs.clients.aws import AwsClient
from obs.clients.http import Http
from obs.collector.backfill import fetch
from obs.collector.checking import Checks, checking
from obs.collector.collector import Clock, Collector
from obs.collector.daemon import Daemon, InCore, Listener, PolledSource, PushedSink
from obs.collector.health import PushHealth, SourceHealth
from obs.collector.state import open_state
from obs.errors import SourceError
from obs.extras import require_extra
from obs.families.family import Family
from obs.sources.eventbridge import EventBridge
from obs.sources.nats_http import NatsHttp
from obs.spec.outputs import CloudWatch, Otlp
from obs.spec.sources import AwsSource, NatsConnection, NatsSource, stale_after
from obs.spec.system import System

if TYPE_CHECKING:
    from obs.sources.arrival_times import ArrivalTimes

if TYPE_CHECKING:
    from obs.sinks.otlp import OtlpSink

Kind = Literal["nats", "aws"]
KINDS: Final[tuple[Kind, ...]] = ("nats", "aws")
CONNECTION_SUFFIX: Final = "/connection"
_ADVISORY_INTERVAL: Final = 15.0


@dataclass(frozen=True, slots=True)
class Assembled:
    """What `obs collect` runs."""

    collector: Collector
    daemon: Daemon


@dataclass(frozen=True, slots=True)
class _Asking:
    """Asks a NATS connection when messages arrived, where the monitoring port leaves it open."""

    connect: Listener
    refine: Listener


def assemble(
    system: System,
    kinds: Sequence[Kind] = KINDS,
    *,
    clock: Clock | None = None,
    checks: Checks | None = None,
) -> Assembled:
    """The collector of this spec, with the sources of these kinds. Sends nothing yet.

    Raises BadInput where another collector holds the state, or a part of the spec needs an extra
    that is not installed.
    """
    clock = clock or Clock()
    nats = system.sources.nats if "nats" in kinds else {}
    aws = system.sources.aws if "aws" in kinds else {}
    _require_extras(system, aws)
    clients = {name: AwsClient(spec, clock.monotonic) for name, spec in aws.items()}
    cloudwatch = system.outputs.cloudwatch
    if cloudwatch and cloudwatch.source not in clients:
        spec = system.sources.aws[cloudwatch.source]
        clients[cloudwatch.source] = AwsClient(spec, clock.monotonic)
    health = {name: _health(name, "nats", spec) for name, spec in nats.items()}
    health |= {name: _health(name, "aws", spec) for name, spec in aws.items()}
    connections = {
        name: _connection_health(name, spec) for name, spec in nats.items() if spec.connection
    }
    pushes = _push_healths(system)
    state_errors: Counter[str] = Counter()
    state = open_state(Path(system.state_dir), lambda reason: state_errors.update([reason]))
    collector = Collector(
        system,
        state,
        [*health.values(), *connections.values()],
        [*pushes.values()],
        [*clients.values()],
        state_errors=state_errors,
        clock=clock,
    )
    asking = {
        name: _asking(name, spec.connection, collector)
        for name, spec in nats.items()
        if spec.connection
    }
    sources = [
        *(_nats_source(health[name], spec, clock, asking.get(name)) for name, spec in nats.items()),
        *(_aws_source(health[name], aws[name], clients[name], collector) for name in aws),
    ]
    listeners = [
        _listener(name, spec.connection, connections[name], collector)
        for name, spec in nats.items()
        if spec.connection
    ]
    listeners += [each.connect for each in asking.values()]
    if checks and system.checks.every is not None:
        listeners.append(checking(system.checks.every, checks, clients, collector))
    return Assembled(
        collector, Daemon(collector, sources, _sinks(system, pushes, clients), listeners)
    )


def _require_extras(system: System, aws: Mapping[str, AwsSource]) -> None:
    for name in aws:
        require_extra("aws", f"sources.aws.{name}")
    if system.outputs.cloudwatch:
        require_extra("aws", "outputs.cloudwatch")
    if system.outputs.otlp:
        require_extra("otlp", "outputs.otlp")


def _health(name: str, kind: Kind, spec: NatsSource | AwsSource) -> SourceHealth:
    return SourceHealth(name, kind, spec.required, spec.poll, stale_after(spec))


def _connection_health(name: str, spec: NatsSource) -> SourceHealth:
    return SourceHealth(
        name + CONNECTION_SUFFIX,
        "nats",
        required=False,
        interval=_ADVISORY_INTERVAL,
        stale_after=stale_after(spec),
        lasting=True,
    )


def _nats_source(
    health: SourceHealth, spec: NatsSource, clock: Clock, asking: _Asking | None
) -> PolledSource:
    http = Http(spec.tls, timeout=spec.timeout)
    source = NatsHttp(health.name, spec, http, clock.wall)
    # Discovery, server facts, consumers and their settings: four requests one after the other.
    return PolledSource(
        health, source.poll, limit=4 * spec.timeout + 1, refine=asking.refine if asking else None
    )


def _aws_source(
    health: SourceHealth, spec: AwsSource, client: AwsClient, collector: Collector
) -> PolledSource:
    source = EventBridge(health.name, spec, client, collector.clock.wall)

    def past() -> Callable[[], None]:
        snapshot = collector.rules[health.name].snapshot
        assert snapshot is not None
        objectives = collector.objectives.lacking_history(health.name)
        found = list(fetch(objectives, snapshot, source))
        return lambda: collector.take_history(found)

    return PolledSource(health, source.poll, limit=max(4 * spec.timeout, spec.poll), past=past)


def _asking(name: str, connection: NatsConnection, collector: Collector) -> _Asking:
    times: ArrivalTimes | None = None

    async def connect(_: InCore) -> None:
        nonlocal times
        from obs.sources.arrival_times import ArrivalTimes  # noqa: PLC0415  heavy

        times = ArrivalTimes(name, connection, collector.clock.monotonic)
        await times.run()

    async def refine(in_core: InCore) -> None:
        questions = collector.consumers[name].questions
        if times and questions:
            await in_core(collector.take_arrivals, name, await times.ask(questions))

    return _Asking(connect, refine)


def _listener(
    name: str, connection: NatsConnection, health: SourceHealth, collector: Collector
) -> Listener:
    async def listen(in_core: Callable[..., Coroutine[Any, Any, None]]) -> None:
        from obs.sources.advisories import Advisories, Arrival  # noqa: PLC0415  heavy
        from obs.sources.advisory_stream import Position  # noqa: PLC0415

        tasks: set[asyncio.Task[None]] = set()

        def later(call: Callable[..., None], *arguments: Any) -> None:
            task = asyncio.ensure_future(in_core(call, *arguments))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        def take(arrival: Arrival) -> None:
            at = arrival.position
            position = (at.created, at.sequence) if at else None
            later(collector.record_dead_letters, name, arrival.letters, position)

        def report(error: SourceError | None) -> None:
            later(collector.connection, health, error)

        saved = collector.consumers[name].position
        position = Position(*saved) if saved else None
        advisories = Advisories(name, connection, collector.clock.wall, position)
        await advisories.run(take, report)

    return listen


def _push_healths(system: System) -> dict[str, PushHealth]:
    outputs, healths = system.outputs, {}
    if outputs.otlp:
        healths["otlp"] = PushHealth("otlp", outputs.otlp.endpoint, outputs.otlp.every)
    if outputs.cloudwatch:
        of = outputs.cloudwatch
        healths["cloudwatch"] = PushHealth("cloudwatch", of.namespace, of.every)
    return healths


def _sinks(
    system: System, healths: dict[str, PushHealth], clients: dict[str, AwsClient]
) -> list[PushedSink]:
    sinks = []
    if system.outputs.otlp:
        sinks.append(_otlp_sink(system.outputs.otlp, healths["otlp"], system))
    if system.outputs.cloudwatch:
        spec = system.outputs.cloudwatch
        sinks.append(_cloudwatch_sink(spec, healths["cloudwatch"], clients[spec.source]))
    return sinks


def _otlp_sink(spec: Otlp, health: PushHealth, system: System) -> PushedSink:
    """Opened at its first push: its imports take longer than everything before the first scrape."""
    opened: list[OtlpSink] = []

    def push(families: Sequence[Family], at: float) -> int:
        if not opened:
            from obs.sinks.otlp import Identity, open_otlp  # noqa: PLC0415  heavy

            instance = f"{socket.gethostname()}:{os.getpid()}"
            identity = Identity(system.system, system.environment, instance)
            opened.append(open_otlp(spec, identity))
        return opened[0].push(families, at)

    def close() -> None:
        for sink in opened:
            sink.close()

    return PushedSink(health, push, close)


def _cloudwatch_sink(spec: CloudWatch, health: PushHealth, client: AwsClient) -> PushedSink:
    from obs.sinks.cloudwatch import CloudWatchSink  # noqa: PLC0415

    return PushedSink(health, CloudWatchSink(spec, client).push, client.close)
