"""Every name of the NATS exporters beside ours: its value and our value on the same servers.

`python -m tests.bench.exporters --exporter PATH --surveyor PATH` starts a small system, runs
prometheus-nats-exporter, nats-surveyor and obs beside it, and prints the table. Neither exporter is
part of this repository: build them from their sources.
"""

import argparse
import math
import os
import tempfile
import time
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from obs.catalogue import BY_NAME
from obs.catalogue.metric import Kind
from obs.sandbox.process import Process, free_ports
from tests.bench.exporter_cluster import PASSWORD, System, running
from tests.bench.exporter_names import Peer, PeerName, names
from tests.integration.collector_process import CollectorProcess, spec_of

_FLAGS: Final = "-varz -connz -routez -gatewayz -leafz -subz -accstatz -accountz -healthz -jsz=all"
_SURVEYED: Final = "--accounts --accounts-detailed --gatewayz --raftz --jsz all"
_LABELS: Final = {
    "stream": ("stream_name", "stream"),
    "consumer": ("consumer_name",),
    "gateway": ("remote_gateway_name", "server_gateway_name"),
    "leaf": ("name",),
    "origin": ("mirror_name", "source_name"),
    "account": ("account_name", "account"),
}
"""Our label and the names of the same at the exporters."""
_MOVING: Final = (
    *("_cores", "_resident_memory_bytes", "_round_trip_seconds", "_inactive_seconds"),
    *("_waiters", "_longest_wait_seconds"),
)
"""Ends of names of gauges that vary from second to second; every other gauge has to be equal."""
_MOVES: Final = 0.5
"""Share by which such gauges differ as the programs read one after the other."""
_LINKS_PENDING: Final = ("route_pending_bytes", "gateway_pending_bytes")
_ANSWER: Final = 64 << 10
"""Bytes: what surveyor is told passes the links themselves, where it waits to be sent."""
_INBOXES: Final = 2
"""Subscriptions of surveyor itself while it asks."""
_EVERYWHERE: Final = ("nats_account_subscriptions", "nats_account_store_bytes")
"""Told by each server of all of them: of their values the highest is the one, not the sum."""

Labels = Mapping[str, str]
Series = Mapping[str, Sequence[tuple[Labels, float]]]


@dataclass(frozen=True)
class Compared:
    """A name with the values of one object; `same` of `pairs` objects had the same value."""

    name: PeerName
    theirs: float | None
    ours: float | None
    same: int
    pairs: int


def compare(exporter: Path, surveyor: Path, folder: Path) -> list[Compared]:
    """Run all of it and compare name by name. Raises ProcessFailed where a program does not run."""
    with running(folder / "nats") as system, ExitStack() as stack:
        ports: dict[Peer, int] = dict(zip(("exporter", "surveyor"), free_ports(2), strict=True))
        processes: dict[Peer, Process] = {}
        for peer, command in _commands(exporter, surveyor, system, ports):
            process = processes[peer] = Process(command, folder / f"{peer}.log")
            stack.callback(process.stop)
            process.start()
        source = {"monitor": [each.monitor for each in system.east], "discover": False}
        wanted = sorted({metric for each in names() for metric in each.metrics})
        spec = spec_of(folder / "obs", nats=source) | {"metrics": {"include": wanted}}
        collector = CollectorProcess(folder / "obs", spec)
        stack.callback(collector.stop)
        collector.start()
        collector.polls("nats", 2)
        before = _series(collector.get("/metrics").text)
        theirs = {peer: _until_shown(processes[peer], port) for peer, port in ports.items()}
        collector.polls("nats", 1)
        ours = _series(collector.get("/metrics").text)
    servers = {each.name: each.monitor.partition("://")[2] for each in system.east}
    return [_compared(each, theirs[each.peer], (before, ours), servers) for each in names()]


def _commands(
    exporter: Path, surveyor: Path, system: System, ports: Mapping[Peer, int]
) -> Iterator[tuple[Peer, list[str]]]:
    at = ("-a", "127.0.0.1", "-p")
    monitors = [each.monitor for each in system.east]
    yield "exporter", [str(exporter), *at, str(ports["exporter"]), *_FLAGS.split(), *monitors]
    login = ("-s", system.east[0].url, "--user", "sys", "--password", PASSWORD, "-c", "-1")
    yield "surveyor", [str(surveyor), *at, str(ports["surveyor"]), *login, *_SURVEYED.split()]


def _until_shown(process: Process, port: int) -> Series:
    """What an exporter shows, once it shows streams; nothing where it has ended, as surveyor does
    on servers that tell no snapshot of the meta group (2.10)."""
    ends = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
                found = _series(answer.read().decode())
            if any("stream_total_messages" in name for name in found):
                return found
        except OSError:
            if not process.alive:
                return {}
            if time.monotonic() > ends:
                raise
        time.sleep(0.5)


def _series(text: str) -> Series:
    found: dict[str, list[tuple[Labels, float]]] = defaultdict(list)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name].append((sample.labels, sample.value))
    return found


def _compared(
    name: PeerName, peer: Series, ours: tuple[Series, Series], servers: Labels
) -> Compared:
    """Ours were read before theirs and after; `servers`: the addresses of those that are read."""
    told = peer.get(name.name) or peer.get(f"{name.name}_total", ())
    theirs = [row for row in told if row[0].get("server_name", "") in ("", *servers)]
    earlier, mine = (_ours(name, each) for each in ours)
    if not name.is_compared:
        return Compared(name, _first(theirs), _first(mine), 0, 0)
    labels = [label for label in (mine[0][0] if mine else ()) if label in (*_LABELS, "server")]
    one = max if name.ours in _EVERYWHERE else sum
    here, there = _by_object(mine, labels, {}, one), _by_object(theirs, labels, servers, one)
    were = _by_object(earlier, labels, {}, one)
    pairs = {key: (name.factor * there[key], value) for key, value in here.items() if key in there}
    both = list(pairs.values())
    same = [pair for key, pair in pairs.items() if _is_same(name, were.get(key, 0.0), *pair)]
    if not both:
        return Compared(name, _first(theirs), _first(mine), 0, 0)
    its, our = next((pair for pair in both if pair not in same), both[0])
    return Compared(name, its, our, len(same), len(both))


def _ours(name: PeerName, series: Series) -> list[tuple[Labels, float]]:
    every = (row for metric in name.metrics for row in series.get(metric, ()))
    return [row for row in every if set(name.where) <= set(row[0].items())]


def _first(rows: Sequence[tuple[Labels, float]]) -> float | None:
    return rows[0][1] if rows else None


def _by_object(
    rows: Sequence[tuple[Labels, float]],
    labels: Sequence[str],
    servers: Labels,
    one: Callable[[list[float]], float],
) -> dict[tuple[str, ...], float]:
    """The value of each object: of a stream or consumer its leader's, else `one` of its rows."""
    found: dict[tuple[str, ...], list[float]] = defaultdict(list)
    for row, value in rows:
        if _is_of_leader(row):
            found[tuple(_label(row, label, servers) for label in labels)].append(value)
    return {key: one(values) for key, values in found.items()}


def _is_of_leader(row: Labels) -> bool:
    for what in ("consumer", "stream"):
        if f"is_{what}_leader" in row:
            return row[f"is_{what}_leader"] == "true"
        if f"{what}_leader" in row and "server_name" in row:
            return row[f"{what}_leader"] == row["server_name"]
    return True


def _label(row: Labels, label: str, servers: Labels) -> str:
    if label == "server":
        at = row.get("server_id", "")
        known = servers.get(row.get("server_name", ""))
        return row.get("server") or known or at.partition("://")[2]
    return next((row[each] for each in (label, *_LABELS[label]) if each in row), "")


def _is_same(name: PeerName, before: float, theirs: float, ours: float) -> bool:
    """A counter of theirs lies between ours before and after; a gauge is ours, unless it moves."""
    if BY_NAME[name.metrics[0]].kind is Kind.COUNTER:
        return before <= theirs <= ours or math.isclose(theirs, ours)
    if name.ours.endswith(_LINKS_PENDING):
        return abs(theirs - ours) <= _ANSWER
    if name.ours == "nats_account_subscriptions":
        return abs(theirs - ours) <= _INBOXES
    near = max(_MOVES * abs(theirs), 1) if name.ours.endswith(_MOVING) else 0.0
    return math.isclose(theirs, ours, abs_tol=near)


def table(found: Sequence[Compared]) -> Iterator[str]:
    """A line for each name, and what they add up to."""
    for each in found:
        verdict = each.name.why
        if each.name.is_compared:
            verdict = f"same {each.same} of {each.pairs}" if each.pairs else "nothing to compare"
        values = "  ".join("-" if x is None else f"{x:.10g}" for x in (each.theirs, each.ours))
        yield f"{each.name.name:58} {each.name.ours or '-':52} {values:30} {verdict}"
    compared = [each for each in found if each.name.is_compared]
    agreed = [each for each in compared if each.pairs and each.same == each.pairs]
    yield (
        f"{len(found)} names: {len(agreed)} of {len(compared)} compared ones agree, "
        f"{len(found) - len(compared)} told in words"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--exporter", type=Path, default=os.environ.get("NATS_EXPORTER"))
    parser.add_argument("--surveyor", type=Path, default=os.environ.get("NATS_SURVEYOR"))
    arguments = parser.parse_args()
    if arguments.exporter is None or arguments.surveyor is None:
        print("skipped: NATS_EXPORTER and NATS_SURVEYOR name no binaries to compare with")
        return
    with tempfile.TemporaryDirectory(prefix="obs-exporters-") as folder:
        found = compare(arguments.exporter, arguments.surveyor, Path(folder))
    print("\n".join(table(found)))


if __name__ == "__main__":
    main()
