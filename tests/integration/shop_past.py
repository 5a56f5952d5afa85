"""The past of a service, generated, so that every event of it is known exactly."""

import random
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.integration.collector_process import key

HOURS = 8
SCRAPE = 15
MINUTE = 60
OK, FAILED = "200", "503"


@dataclass
class Instance:
    """One process of a service: its counters begin at 0 when it starts again."""

    name: str
    phase: float  # of its scrapes
    restarts: tuple[float, ...]  # hours after the beginning
    samples: dict[str, list[tuple[float, int]]] = field(
        default_factory=lambda: {OK: [], FAILED: []}
    )


def lived(begin: int, end: int) -> list[Instance]:
    """Instances with 2 requests a second each, of which some fail, in bursts of seconds."""
    chance = random.Random(7)
    instances = [Instance("a", 1.3, ()), Instance("b", 7.9, (2.31, 5.02)), Instance("c", 12.2, ())]
    for instance in instances:
        restarts = [begin + hours * 3600 for hours in instance.restarts]
        count = {OK: 0, FAILED: 0}
        at = begin + instance.phase
        while at < end:
            if restarts and restarts[0] < at:
                restarts.pop(0)
                count = {OK: 0, FAILED: 0}
            failed = 25 if chance.random() < 0.01 else 0
            count[FAILED] += failed
            count[OK] += 30 - failed
            for code, number in count.items():
                instance.samples[code].append((at, number))
            at += SCRAPE
    return instances


def value_at(samples: list[tuple[float, int]], at: float) -> int | None:
    """The last sample by then, as an instant query finds it."""
    known = [number for when, number in samples if when <= at]
    return known[-1] if known else None


def truth(instances: list[Instance], code: str, start: int, end: int) -> int:
    """Events between two ends of minutes, each minute's as the samples at its ends tell."""
    total = 0
    for instance in instances:
        values = [value_at(instance.samples[code], at) for at in range(start, end + MINUTE, MINUTE)]
        for before, after in pairwise(values):
            if before is not None and after is not None:
                total += after - before if after >= before else after
    return total


def openmetrics(instances: list[Instance]) -> str:
    lines = ["# TYPE shop_requests counter"]
    for instance in instances:
        for code, samples in instance.samples.items():
            labels = f'{{instance="{instance.name}",code="{code}"}}'
            lines += [f"shop_requests_total{labels} {number} {at:.3f}" for at, number in samples]
    lines.append("# TYPE shop_up gauge")
    up = instances[0].samples[OK]
    lines += [f"shop_up {int(at % 3600 > 600)} {at:.3f}" for at, _ in up]
    return "\n".join([*lines, "# EOF", ""])


@dataclass(frozen=True)
class Shop:
    url: str
    end: int  # Unix seconds, the end of a minute; nothing is known after it
    instances: list[Instance]


def slo(name: str, **sli: Any) -> dict[str, Any]:
    return {"name": name, "service": "shop", "objective": 99.0, "window": "7d", "sli": sli}


FAILURES = 'shop_requests_total{code="503"}'
ALL = "shop_requests_total"
COUNTED = slo("counted", prometheus={"source": "shop", "bad": FAILURES, "total": ALL})


def spec(folder: Path, url: str, *slos: dict[str, Any]) -> dict[str, Any]:
    source = {"url": url, "poll": "500ms", "timeout": "5s", "delay": "0s"}
    return {
        "version": 1,
        "system": "shop",
        "state_dir": str(folder / "state"),
        "sources": {"prometheus": {"shop": source}},
        "slos": list(slos),
        "outputs": {"web": {"listen": "127.0.0.1:0"}},
    }


def ratio(scrape: Any, name: str, window: str) -> float | None:
    found: float | None = scrape.get(
        key("slo_error_ratio", slo=name, slo_service="shop", window=window)
    )
    return found
