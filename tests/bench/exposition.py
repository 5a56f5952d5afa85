"""How long rendering, compressing and answering a scrape take; prints figures, asserts nothing.

Run as `python -m tests.bench.exposition [consumers …]`.
"""

import random
import resource
import sys
import time
from collections.abc import Callable, Sequence

from obs import catalogue
from obs.catalogue import nats
from obs.catalogue.exported import exported
from obs.catalogue.metric import Kind, Metric
from obs.families.family import Family, Rows, Value
from obs.sinks.exposition import Exposition

STREAMS = 100
METRICS = tuple(
    metric
    for metric in catalogue.ALL
    if metric.labels == nats.CONSUMER
    and metric in exported()
    and not metric.rare
    and metric.kind is not Kind.HISTOGRAM
)
_PROTOBUF = {"openmetrics": False, "gzip": True, "protobuf": True}
FRACTIONAL = frozenset(m for m in METRICS if m.unit == "seconds")


def consumers(count: int) -> Rows:
    """Identities as a cluster of STREAMS streams has them."""
    return Rows(
        ("production", "$G", f"ORDERS_{i % STREAMS:03d}", f"worker-{i:06d}") for i in range(count)
    )


def values_of(metric: Metric, count: int, dice: random.Random) -> list[Value]:
    """Numbers as long as real ones are."""
    if metric is nats.DRAIN_SECONDS:
        return [float("inf") if dice.random() < 0.5 else dice.random() * 1e3 for _ in range(count)]
    if metric in FRACTIONAL:
        return [dice.random() * 1e3 for _ in range(count)]
    return [int(dice.paretovariate(0.3)) % 10**7 for _ in range(count)]


def measure(what: str, action: Callable[[], object]) -> None:
    """CPU and wall time of one run."""
    cpu, wall = time.process_time(), time.perf_counter()
    action()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    print(f"  {what:<38} {1000 * cpu:8.2f} ms CPU {1000 * wall:8.2f} ms")


def poll(rows: Rows, changed: Sequence[Metric], before: Sequence[Family]) -> list[Family]:
    """The families of a poll in which only `changed` have other values."""
    dice = random.Random(len(before))
    return [
        Family(m, rows, values_of(m, len(rows), dice))
        if m in changed
        else Family(m, rows, list(old.values))
        for m, old in zip(METRICS, before, strict=True)
    ]


def run(count: int) -> None:
    """All figures for so many consumers."""
    dice = random.Random(1)
    rows = consumers(count)
    exposition = Exposition((("environment", "production"), ("system", "oms")))
    families = [Family(m, rows, values_of(m, count, dice)) for m in METRICS]
    print(f"{count} consumers, {count * len(METRICS)} samples")
    measure("first poll, labels included", lambda: exposition.update("nats", families))
    for what, changed in (
        ("everything changed", METRICS),
        ("a third of the metrics changed", METRICS[::3]),
        ("nothing changed", ()),
    ):
        families = poll(rows, changed, families)
        measure(what, lambda: exposition.update("nats", families))  # noqa: B023  run at once
    for what, openmetrics, gzip in (
        ("scrape: text, gzip, first", False, True),
        ("scrape: OpenMetrics, gzip, first", True, True),
        ("scrape: text, gzip, again", False, True),
        ("scrape: text, plain", False, False),
    ):
        measure(what, lambda: exposition.body(openmetrics=openmetrics, gzip=gzip))  # noqa: B023
    measure("scrape: Protobuf, gzip, first", lambda: exposition.body(**_PROTOBUF))
    families = poll(rows, METRICS, families)
    measure("everything changed, Protobuf too", lambda: exposition.update("nats", families))
    measure("scrape: Protobuf, gzip, after that", lambda: exposition.body(**_PROTOBUF))
    compressed = len(exposition.body(openmetrics=False, gzip=True))
    plain = len(exposition.body(openmetrics=False, gzip=False))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"  {plain / 1e6:.1f} MB plain, {compressed / 1e6:.2f} MB gzip, peak {peak // 1024} MB")


def main(arguments: Sequence[str]) -> None:
    """Measure for each number of consumers given."""
    for count in map(int, arguments or ("10000", "100000")):
        run(count)


if __name__ == "__main__":
    main(sys.argv[1:])
