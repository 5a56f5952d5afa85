"""A collector that is scraped all the time, and what its scrapers saw."""

import http.client
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.integration.collector_process import CollectorProcess, Sample, Scrape, samples

COUNTED = ("nats_consumer_", "nats_stream_", "eventbridge_", "sqs_", "slo_")
"""Counters of these prefixes never fall, whatever becomes of the collector and what it watches."""


@dataclass(frozen=True)
class Sight:
    """What one scrape saw; None where nothing answered."""

    at: float  # monotonic seconds
    scrape: Scrape | None
    ready: int  # status of /readyz; 0 where nothing answered


@dataclass
class Seen:
    """All that scrapers saw, in order."""

    sights: list[Sight] = field(default_factory=list)

    @property
    def scrapes(self) -> list[Scrape]:
        """Those that were answered."""
        return [each.scrape for each in self.sights if each.scrape is not None]

    def fallen(self) -> list[str]:
        """Counters that were lower than before, also over a gap, in words."""
        highest: dict[Sample, float] = {}
        found = []
        for scrape in self.scrapes:
            for sample, value in scrape.items():
                name = sample[0]
                if not name.endswith("_total") or not name.startswith(COUNTED):
                    continue
                before = highest.get(sample, value)
                if value < before:
                    found.append(f"{name} fell from {before:g} to {value:g}")
                highest[sample] = max(before, value)
        return found

    def after(self, since: float, is_so: Callable[[Sight], bool]) -> float | None:
        """Seconds from `since` (monotonic) until something was so first; None: never."""
        return next((s.at - since for s in self.sights if s.at >= since and is_so(s)), None)


@contextmanager
def scraping(collector: CollectorProcess, pause: float = 0.0) -> Iterator[Seen]:
    """Scrape one time after the other, `pause` seconds apart, as long as the context lasts."""
    seen, ended = Seen(), threading.Event()

    def scrape() -> None:
        while not ended.wait(pause):
            seen.sights.append(_sight(collector))

    thread = threading.Thread(target=scrape)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()


def _sight(collector: CollectorProcess) -> Sight:
    at = time.monotonic()
    try:
        answer, ready = collector.get("/metrics"), collector.get("/readyz").status
    except (http.client.HTTPException, ValueError):  # killed in the middle of its answer
        return Sight(at, None, 0)
    return Sight(at, samples(answer.text) if answer.status == 200 else None, ready)
