"""Builds a collector from a spec."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from obs import spans
from obs.collector.backfill import fetch
from obs.collector.checking import Checks, checking
from obs.collector.clock import Clock
from obs.collector.collector import Collector
from obs.collector.daemon import Daemon, InCore, Listener, PolledSource, PushedSink
from obs.collector.health import SourceHealth
from obs.collector.leading import Leading
from obs.collector.leftovers import forget_sources
from obs.collector.outputs import Opening, outputs_of, push_healths
from obs.collector.reporting import Reports, reporting
from obs.errors import SourceError
from obs.sources.kind import AnyKind, Change, OpenedSource, SourceClient
from obs.sources.kind import Listener as SourceListener
from obs.sources.kinds import each_source
from obs.spec.source import SourceSpec, stale_after
from obs.spec.sources import SOURCE_KINDS
from obs.spec.system import System
from obs.state import State, open_state

Clients = Mapping[str, tuple[AnyKind, SourceClient]]
"""By the names of their sources."""


@dataclass(frozen=True, slots=True)
class Assembled:
    """What `obs collect` runs."""

    collector: Collector
    daemon: Daemon
    clients: Clients
    sinks: Mapping[str, PushedSink]
    leads: bool = True
    """Whether it polls what costs money, and pushes."""


def assemble(
    system: System,
    kinds: Collection[str] = SOURCE_KINDS,
    *,
    clock: Clock | None = None,
    checks: Checks | None = None,
    reports: Reports | None = None,
    before: "Assembled | None" = None,
    only_try: bool = False,
    leading: Leading | None = None,
) -> Assembled:
    """The collector of this spec, with the sources of these kinds. Sends nothing yet.

    It goes on from that of an earlier spec, which has been closed. `only_try`: it is not to run,
    and its state is in memory, because the file may belong to a collector that does. With
    `leading` it may have to stand by: then it polls what is free, and neither pushes nor checks.

    Raises BadInput where another collector holds the state, or a part of the spec needs an extra
    that is not installed.
    """
    clock = clock or Clock()
    polled = [each for each in each_source(system) if each[0].key in kinds]
    _require_extras(system, polled)
    leads = leading is None or leading.leads
    if not leads:
        polled = [each for each in polled if not each[0].spends(each[2])]
        checks = reports = None
        system = _without_outputs(system)
    clients = _clients(system, polled, clock, before)
    healths = {name: _health(name, kind, spec) for kind, name, spec in polled}
    connections = {
        name: {
            each: _connection_health(f"{name}/{each}", kind, spec, interval)
            for each, interval in kind.connections(spec).items()
        }
        for kind, name, spec in polled
    }
    pushes = push_healths(system)
    traced = before.collector.span_counts if before else None
    if system.outputs.traces is not None and traced is None:
        traced = spans.SpanCounts()
    state_errors: Counter[str] = before.collector.state_errors if before else Counter()
    state = (
        State(Path(system.state_dir), None, lambda _: None)
        if only_try
        else open_state(Path(system.state_dir), lambda reason: state_errors.update([reason]))
    )
    if leading is not None:
        if not only_try:
            leading.begin(state, system, leads=leads)
        for _, paid in clients.values():
            paid.guard(leading.keeper.permit)
    forget_sources(state, system, clock.wall())
    collector = Collector(
        system,
        state,
        [*healths.values(), *(each for of in connections.values() for each in of.values())],
        [*pushes.values()],
        [*clients.values()],
        state_errors=state_errors,
        clock=clock,
        lease=leading.keeper if leading else None,
        span_counts=traced,
    )
    tracer = _tracer(system, traced, only_try)
    sources: list[PolledSource] = []
    listeners: list[Listener] = []
    for kind, name, spec in polled:
        client = clients[name][1] if name in clients else None
        opened = kind.open(name, spec, collector.trackers[name], client, clock)
        of_source = _OfSource(collector, name, connections[name])
        sources.append(_polled(healths[name], opened, of_source))
        listeners += [of_source.run(listener) for listener in opened.listeners]
    of_sources = {name: client for name, (_, client) in clients.items()}
    if checks and system.checks.every is not None:
        listeners.append(
            checking(system.checks.every, checks, of_sources, collector, tracer=tracer)
        )
    if reports:
        listeners.append(reporting(reports, collector))
    if leading and leads:
        listeners.append(leading.leave_forever)
    if before:
        collector.go_on(before.collector)
    earlier = before.sinks if before else {}
    permit = leading.keeper.permit if leading else _always
    sinks: dict[str, PushedSink] = {
        output.name: output.sink(
            Opening(system, pushes[output.name], of_sources, permit, earlier.get(output.name))
        )
        for output in outputs_of(system)
    }
    daemon = Daemon(collector, sources, [*sinks.values()], listeners, tracer)
    return Assembled(collector, daemon, clients, sinks, leads)


def _always() -> None:
    """Permits everything."""


def _without_outputs(system: System) -> System:
    """A spec whose leader pushes."""
    outputs = system.outputs.model_copy(update=dict.fromkeys(system.outputs.pushed))
    return system.model_copy(update={"outputs": outputs})


def _tracer(system: System, counts: spans.SpanCounts | None, only_try: bool) -> spans.Tracer | None:
    if system.outputs.traces is None or counts is None:
        return None
    # Heavy: loaded while a spec is tried, in a thread, and not when it comes into force.
    from obs.sinks.traces import open_tracer  # noqa: PLC0415

    return None if only_try else open_tracer(system, counts)


def _require_extras(system: System, polled: Sequence[tuple[AnyKind, str, SourceSpec]]) -> None:
    for kind, name, _ in polled:
        kind.require_extra(name)
    for output in outputs_of(system):
        output.require_extras(system)


def _clients(
    system: System,
    polled: Sequence[tuple[AnyKind, str, SourceSpec]],
    clock: Clock,
    before: "Assembled | None",
) -> Clients:
    """Of every source that is polled, and of the one that the CloudWatch output writes through.

    Those of sources that stay as they are count on.
    """
    wanted = {name for _, name, _ in polled}
    if system.outputs.cloudwatch:
        wanted.add(system.outputs.cloudwatch.source)
    kept = _unchanged(system, before) if before else {}
    return {
        name: kept.get(name) or (kind, client)
        for kind, name, spec in each_source(system)
        if name in wanted and (client := kind.client(spec, clock.monotonic)) is not None
    }


def _unchanged(system: System, before: Assembled) -> Clients:
    """The clients of sources whose spec is the same now."""
    now = {name: spec for _, name, spec in each_source(system)}
    then = {name: spec for _, name, spec in each_source(before.collector.system)}
    return {name: client for name, client in before.clients.items() if now.get(name) == then[name]}


def _health(name: str, kind: AnyKind, spec: SourceSpec) -> SourceHealth:
    return SourceHealth(name, kind.key, spec.required, spec.poll, stale_after(spec))


def _connection_health(name: str, kind: AnyKind, spec: SourceSpec, interval: float) -> SourceHealth:
    return SourceHealth(
        name,
        kind.key,
        required=False,
        interval=interval,
        stale_after=stale_after(spec),
        lasting=True,
    )


def _polled(health: SourceHealth, opened: OpenedSource, of_source: "_OfSource") -> PolledSource:
    return PolledSource(
        health,
        opened.poll,
        opened.limit,
        past=of_source.past(opened.history) if opened.history is not None else None,
        refine=of_source.run(opened.refine) if opened.refine is not None else None,
    )


@dataclass(frozen=True, slots=True)
class _OfSource:
    """The listeners and refinement of one source, and the health of its connections by name."""

    collector: Collector
    name: str
    connections: Mapping[str, SourceHealth]

    def run(self, listener: SourceListener) -> Listener:
        """The listener of a kind, as the daemon runs it."""

        async def listen(in_core: InCore) -> None:
            await listener(_Updates(self, in_core))

        return listen

    def past(self, history: Any) -> Callable[[], Callable[[], None]]:
        """Reads the past that the source's SLOs lack."""

        def read() -> Callable[[], None]:
            objectives = self.collector.objectives.lacking_history(self.name)
            snapshot = self.collector.trackers[self.name].snapshot
            assert snapshot is not None
            found = list(fetch(objectives, snapshot, history))
            return lambda: self.collector.take_history(found)

        return read


class _Updates:
    """Changes of one source, made in the collector's thread."""

    def __init__(self, of_source: _OfSource, in_core: InCore) -> None:
        self._of = of_source
        self._in_core = in_core
        self._tasks: set[asyncio.Task[None]] = set()  # the event loop holds no references

    async def apply(self, change: Change) -> None:
        """Make a change, save it, and expose the families it returns."""
        await self._in_core(self._of.collector.update, self._of.name, change)

    def apply_soon(self, change: Change) -> None:
        """As `apply`, without waiting for it."""
        self._soon(self._of.collector.update, self._of.name, change)

    def connected(self, error: SourceError | None, connection: str) -> None:
        """One of the source's connections was made, or lost with `error`."""
        self._soon(self._of.collector.connection, self._of.connections[connection], error)

    def _soon(self, call: Callable[..., None], *arguments: object) -> None:
        task = asyncio.ensure_future(self._in_core(call, *arguments))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
