"""`outputs.web.compat` beside the exporter itself: every series of both, on the same servers.

`python -m tests.bench.compat --exporter PATH` starts a small system, runs prometheus-nats-exporter
with `-varz -jsz=all` and obs beside it, and prints a line for each name. The exporter is not part
of this repository: build it from its sources. `--golden` writes the names and labels of a single
server that the tests compare with.
"""

import argparse
import asyncio
import json
import os
import tempfile
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import nats
from nats.js.api import ConsumerConfig, StreamSource
from prometheus_client.parser import text_string_to_metric_families

from obs.sandbox.nats_server import NatsServer
from obs.sandbox.process import Process, free_ports
from tests.bench.compat_differences import Difference, difference
from tests.bench.exporter_cluster import System, running
from tests.bench.migration import FOLDER, KEPT, rows, with_tables
from tests.integration.collector_process import CollectorProcess, spec_of
from tests.integration.nats_binary import run_by

GOLDEN: Final = Path(__file__).parents[1] / "golden" / "nats_exporter.json"
PAGE: Final = FOLDER / "prometheus-nats-exporter.md"
EXPORTER: Final = "0.20.1"
FLAGS: Final = ("-varz", "-jsz=all")
_OURS: Final = ("gnatsd_", "jetstream_")

Series = Mapping[str, Mapping[frozenset[tuple[str, str]], float]]


@dataclass(frozen=True)
class Compared:
    """One name: how many series each has, of how many both have the same labels, and of how many
    the same value too. `odd` is one that is not the same, of each."""

    name: str
    theirs: int
    ours: int
    labels: int
    same: int
    odd: str = ""

    @property
    def agrees(self) -> bool:
        """Whether every series of both is the same."""
        return self.theirs == self.ours == self.same

    @property
    def why(self) -> Difference | None:
        """The reason that is declared for the difference; None where there is none of either."""
        found = None if self.agrees else difference(self.name)
        unlike = not self.theirs == self.ours == self.labels
        return None if found and found.only_values and unlike else found


def compare(exporter: Path, folder: Path) -> list[Compared]:
    """Run all of it and compare name by name. Raises ProcessFailed where a program does not run."""
    with running(folder / "nats") as system, ExitStack() as stack:
        monitors = [each.monitor for each in (*system.east, system.leaf)]
        (port,) = free_ports(1)
        at = ("-a", "127.0.0.1", "-p", str(port))
        theirs = Process([str(exporter), *at, *FLAGS, *monitors], folder / "exporter.log")
        stack.callback(theirs.stop)
        theirs.start()
        collector = CollectorProcess(folder / "obs", compat_spec(folder / "obs", system))
        stack.callback(collector.stop)
        collector.start()
        collector.polls("east", 2)
        before = _until_shown(theirs, port)
        for source in ("east", "leaf"):
            collector.polls(source, 1)
        ours = of_exporter(collector.get("/metrics").text)
        after = _until_shown(theirs, port)
    return compared(before, ours, after)


@contextmanager
def one_server(folder: Path) -> Iterator[NatsServer]:
    """A server with a stream, a mirror, a source and a consumer that has delivered and acked."""
    with run_by(NatsServer(folder, name="n1")) as server:
        asyncio.run(_fill(server))
        yield server


async def _fill(server: NatsServer) -> None:
    client = await nats.connect(server.url)
    js = client.jetstream()
    await js.add_stream(name="ORDERS", subjects=["orders.>"], max_msgs=1000)
    await js.add_stream(name="MIRROR", mirror=StreamSource("ORDERS"))
    await js.add_stream(name="COPY", sources=[StreamSource("ORDERS")])
    for number in range(5):
        await js.publish(f"orders.{number}", b"x")
    config = ConsumerConfig(durable_name="worker", description="packs parcels")
    await js.add_consumer("ORDERS", config)
    pulled = await js.pull_subscribe_bind("worker", "ORDERS")
    first, *_ = await pulled.fetch(2, timeout=5)
    await first.ack_sync()
    await client.close()


def golden_of(exporter: Path, folder: Path) -> dict[str, object]:
    """Names and labels of the exporter, of that server."""
    with one_server(folder / "nats") as server:
        (port,) = free_ports(1)
        at = ("-a", "127.0.0.1", "-p", str(port))
        theirs = Process([str(exporter), *at, *FLAGS, server.monitor], folder / "exporter.log")
        theirs.start()
        try:
            shown = _until_shown(theirs, port)
        finally:
            theirs.stop()
        version = server_version(server)
    return {"exporter": EXPORTER, "server": version, "names": names_of(shown)}


def server_version(server: NatsServer) -> str:
    """What the server says of itself."""
    with urllib.request.urlopen(f"{server.monitor}/varz", timeout=20) as answer:
        return str(json.load(answer)["version"])


def names_of(shown: Series) -> dict[str, list[str]]:
    """The names, and the labels that their series have."""
    return {
        name: sorted({label for labels in series for label, _ in labels})
        for name, series in sorted(shown.items())
    }


def compat_spec(folder: Path, system: System) -> dict[str, object]:
    """The two clusters as two sources, with the exporter's names."""
    spec = spec_of(folder, nats={"monitor": [each.monitor for each in system.east]})
    east = {**spec["sources"]["nats"].pop("nats"), "discover": False}
    spec["sources"]["nats"] = {
        "east": east,
        "leaf": {**east, "monitor": [system.leaf.monitor]},
    }
    spec["outputs"]["web"]["compat"] = ["nats-exporter"]
    return spec


def of_exporter(text: str) -> Series:
    """The series of the exporter's own names in an exposition."""
    found: dict[str, dict[frozenset[tuple[str, str]], float]] = defaultdict(dict)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name.startswith(_OURS):
                found[sample.name][frozenset(sample.labels.items())] = sample.value
    return found


def compared(before: Series, ours: Series, after: Series) -> list[Compared]:
    """Ours were read between the two readings of theirs."""
    return [
        _compared(name, before.get(name, {}), ours.get(name, {}), after.get(name, {}))
        for name in sorted({*after, *ours})
    ]


def _compared(
    name: str,
    before: Mapping[frozenset[tuple[str, str]], float],
    ours: Mapping[frozenset[tuple[str, str]], float],
    after: Mapping[frozenset[tuple[str, str]], float],
) -> Compared:
    both = {labels for labels in ours if labels in after}
    same = {
        each for each in both if _between(before.get(each, after[each]), ours[each], after[each])
    }
    odd = [
        f"{dict(sorted(labels))} {after.get(labels)} {ours.get(labels)}"
        for labels in sorted({*after, *ours} - same, key=sorted)
    ]
    return Compared(name, len(after), len(ours), len(both), len(same), odd[0] if odd else "")


def _between(one: float, value: float, other: float) -> bool:
    low, high = sorted((one, other))
    return low - 1e-5 <= value <= high + 1e-5


def _until_shown(process: Process, port: int) -> Series:
    """What the exporter shows, once it shows consumers."""
    ends = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
                found = of_exporter(answer.read().decode())
            if "jetstream_consumer_num_pending" in found:
                return found
        except urllib.error.URLError:
            if not process.alive or time.monotonic() > ends:
                raise
        time.sleep(0.2)


def table(found: Sequence[Compared]) -> Iterator[str]:
    """A line for each name, and what they add up to."""
    yield f"{'name':60} theirs ours same"
    for each in found:
        told = each.why.why if each.why else each.odd
        yield f"{each.name:60} {each.theirs:6} {each.ours:4} {each.same:4}  {told}".rstrip()
    agreed = sum(each.agrees for each in found)
    series = sum(each.same for each in found)
    yield (
        f"{len(found)} names: {agreed} the same in each of their series, "
        f"{sum(each.why is not None for each in found)} differ for a reason that is declared; "
        f"{series} of {sum(each.theirs for each in found)} series of theirs are the same"
    )


def page_of(found: Sequence[Compared]) -> str:
    """The table for the page."""
    *_, summary = table(found)
    shown = [(f"`{each.name}`", str(each.theirs), str(each.ours), str(each.same)) for each in found]
    head = ("name", "series of the exporter", "of obs", "the same in labels and value")
    return f"{summary}.\n\n{rows(head, shown)}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--exporter", type=Path, default=os.environ.get("NATS_EXPORTER"))
    parser.add_argument("--page", action="store_true", help="write the table into the page")
    parser.add_argument("--golden", action="store_true", help="write names and labels")
    arguments = parser.parse_args()
    if arguments.exporter is None:
        print("skipped: NATS_EXPORTER names no built exporter to compare with")
        return
    if arguments.golden:
        with tempfile.TemporaryDirectory(prefix="obs-compat-") as folder:
            found = golden_of(arguments.exporter, Path(folder))
        GOLDEN.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        return
    with tempfile.TemporaryDirectory(prefix="obs-compat-") as folder:
        compared_names = compare(arguments.exporter, Path(folder))
    print("\n".join(table(compared_names)))
    if arguments.page:
        made = with_tables(
            PAGE.read_text(encoding="utf-8"), {KEPT: lambda: page_of(compared_names)}
        )
        PAGE.write_text(made, encoding="utf-8")


if __name__ == "__main__":
    main()
