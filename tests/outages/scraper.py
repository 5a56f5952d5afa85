"""A scraper that looks at a collector again and again while something around it fails."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self

from tests.integration.collector_process import CollectorProcess, Scrape, samples

EVERY: Final = 0.25  # seconds


@dataclass(frozen=True)
class Look:
    """One scrape: when it began (monotonic seconds), how long it took, and what it showed."""

    at: float
    seconds: float
    scrape: Scrape | None  # None where there was no answer


class Scraper:
    """Context manager: scrapes `collector` from the beginning of the block to its end."""

    def __init__(self, collector: CollectorProcess) -> None:
        self._collector = collector
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.looks: list[Look] = []

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def first(self, check: Callable[[Scrape], bool]) -> float | None:
        """Seconds from the beginning until a scrape of which `check` is true; None: never."""
        found = (each.at for each in self.looks if each.scrape is not None and check(each.scrape))
        at = next(found, None)
        return None if at is None else at - self._began

    def faults(self) -> list[str]:
        """What no outage around a collector excuses: a scrape without an answer, a counter that
        fell."""
        unanswered = sum(each.scrape is None for each in self.looks)
        fallen = sorted({name for name, _ in self._fallen()})
        return [f"{unanswered} scrapes were not answered"] * bool(unanswered) + [
            f"{name} fell" for name in fallen
        ]

    def _fallen(self) -> set[tuple[str, frozenset[tuple[str, str]]]]:
        highest: Scrape = {}
        fallen = set()
        for look in self.looks:
            for sample, value in (look.scrape or {}).items():
                if sample[0].endswith("_total"):
                    if value < highest.get(sample, value):
                        fallen.add(sample)
                    highest[sample] = value
        return fallen

    def _run(self) -> None:
        while not self._ended.is_set():
            began = time.monotonic()
            answer = self._collector.get("/metrics")
            found = samples(answer.text) if answer.status == 200 else None
            self.looks.append(Look(began, time.monotonic() - began, found))
            self._ended.wait(EVERY)
