"""A collector that is scraped through an outage, and what it says compared with what is true."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Any, Final

from tests.integration.collector_process import CollectorProcess, Scrape, Spec, key, spec_of
from tests.integration.orders import DEAD_LETTERS, Orders
from tests.integration.scraping import Seen, Sight, scraping
from tests.outages.outage import Recovery

ROUNDED: Final = 1e-6
"""Events that are spread over minutes sum up to whole numbers but for this."""
POLL: Final = 0.5
STALE_AFTER: Final = 2.0
LONGEST_PAUSE: Final = 63.0
"""Seconds between two polls after many that failed, at the intervals of these drills."""
PATIENCE: Final = 120.0
"""Seconds after which a recovery is given up."""
UP: Final = key("obs_source_up", source="nats")
EVENTS: Final = key("slo_events_total", slo="delivery", slo_service="oms")
GOOD: Final = key("slo_good_events_total", slo="delivery", slo_service="oms")
DELIVERY: Final[Mapping[str, Any]] = {
    "name": "delivery",
    "service": "oms",
    "objective": 50,
    "window": "7d",
    "sli": {"nats_delivery": {"source": "nats", "stream": "ORDERS", "consumer": "worker"}},
}
Truth = Callable[[], Scrape]
"""What really is so, by the series that say it."""


@dataclass
class Watch:
    """One collector through one outage."""

    collector: CollectorProcess
    seen: Seen
    truth: Truth
    budget: Truth | None = None  # as it is once the present minute is over
    began: float = 0.0  # the fault, in monotonic seconds
    ended: float = 0.0
    notes: list[str] = field(default_factory=list)  # of what scrapers saw meanwhile
    wrong: list[str] = field(default_factory=list)  # what must not be

    def begin(self) -> None:
        """The fault begins now."""
        self.began = time.monotonic()

    def end(self) -> None:
        """The fault is over now."""
        self.ended = time.monotonic()

    def answers(self) -> None:
        """Wait until it is ready."""
        within(lambda: self.collector.get("/readyz").status == 200)

    def sees(self, is_so: Callable[[Sight], bool]) -> None:
        """Wait until a scraper has seen something since the fault began."""
        if not within(lambda: self.seen.after(self.began, is_so) is not None):
            self.wrong.append("no scraper saw the fault")

    def lasts(self, seconds: float, until: Callable[[Sight], bool]) -> None:
        """Let the fault last so many seconds, and until a scraper has seen something."""
        self.sees(until)
        time.sleep(max(self.began + seconds - time.monotonic(), 0.0))

    def right_already(self, expected: Scrape, what: str) -> None:
        """Note when scrapers saw what is expected while the fault goes on still."""
        since = time.monotonic()

        def right(sight: Sight) -> bool:
            return not difference(sight.scrape, expected)

        seconds = within(lambda: self.seen.after(since, right))
        if seconds is None:
            self.wrong.append(difference(self.seen.sights[-1].scrape, expected))
        else:
            self.notes.append(f"{what} after {since + seconds - self.began:.1f} s")

    def heard(self, orders: Orders) -> None:
        """Once dead letters are heard; from now on they and the error budget are compared, too."""
        self.collector.until(lambda scrape: DEAD_LETTERS in scrape)
        self.collector.polls("nats", 2)
        told = self.truth
        self.truth = lambda: told() | {DEAD_LETTERS: float(orders.given_up)}
        self.budget = lambda: {
            EVENTS: float(orders.delivered),
            GOOD: float(orders.delivered - orders.given_up),
        }

    def recovery(self) -> Recovery:
        """Wait until all is right; what was lost until then, and in the polls after it."""
        expected = self.truth()

        def right(sight: Sight) -> bool:
            return sight.ready == 200 and not difference(sight.scrape, expected)

        recovered = within(lambda: self.seen.after(self.ended, right))
        seconds = PATIENCE if recovered is None else recovered
        late = self.seen.sights[-1].scrape if recovered is None else self.collector.polls("nats", 2)
        lost = [difference(late, expected), *self.wrong, *dict.fromkeys(self.seen.fallen())]
        if self.budget is not None:
            lost.append(self._settled(self.budget()))
        said = "; ".join([*self.meanwhile(seconds), *self.notes])
        return Recovery("; ".join(filter(None, lost)), seconds, said)

    def _settled(self, expected: Scrape) -> str:
        """What the error budget lacks, once the minute is over."""

        def right() -> bool:
            return not difference(self.collector.scrape(), expected)

        for _ in range(3):
            self.collector.clock.turn()
            if within(right, 10.0):
                return difference(self.collector.polls("nats", 2), expected)
        return difference(self.collector.scrape(), expected)

    def meanwhile(self, seconds: float) -> list[str]:
        """What scrapers saw from the fault's beginning until all was right again."""
        until = self.ended + seconds
        sights = [each for each in self.seen.sights if self.began <= each.at <= until]
        whole = Seen(sights)
        facts: dict[str, Callable[[Sight], bool]] = {
            "no answer": lambda sight: sight.scrape is None,
            "obs_source_up 0": lambda sight: sight.scrape is not None and not sight.scrape.get(UP),
            "nats_server_up 0 of one": lambda sight: _servers(sight) == {0.0, 1.0},
            "nats_* gone": is_stale,
            "/readyz 503": lambda sight: sight.ready == 503,
        }
        found = {what: whole.after(self.began, is_so) for what, is_so in facts.items()}
        told = [f"{what} after {at:.1f} s" for what, at in found.items() if at is not None]
        return told or ["nothing seen"]


def is_stale(sight: Sight) -> bool:
    """Whether what NATS tells is withdrawn."""
    return sight.scrape is not None and not any(
        name.startswith(("nats_consumer_", "nats_stream_")) for name, _ in sight.scrape
    )


def _servers(sight: Sight) -> set[float]:
    return {v for (name, _), v in (sight.scrape or {}).items() if name == "nats_server_up"}


def difference(scrape: Scrape | None, expected: Scrape) -> str:
    """Where a scrape is not as it should be, in words; empty where it is."""
    if scrape is None:
        return "no answer"
    return "; ".join(
        f"{sample[0]} {scrape.get(sample, 'absent')} and not {value:g}"
        for sample, value in expected.items()
        if not abs(scrape.get(sample, inf) - value) < ROUNDED
    )


def within(check: Callable[[], float | bool | None], seconds: float = PATIENCE) -> float | None:
    """The first value of `check` that is neither None nor False; None after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if (value := check()) is not None and value is not False:
            return value
        time.sleep(0.05)
    return None


@contextmanager
def watching(collector: CollectorProcess, truth: Truth, pause: float = 0.1) -> Iterator[Watch]:
    """A collector that runs, and is scraped until the context ends; it is killed then."""
    try:
        collector.start()
        with scraping(collector, pause) as seen:
            yield Watch(collector, seen, truth)
    finally:
        collector.kill()


def orders_spec(folder: Path, **source: Any) -> Spec:
    """A spec for a source of orders; one with a connection has an SLO of their delivery, too."""
    quick = {"poll": f"{POLL}s", "timeout": "1s", "stale_after": f"{STALE_AFTER}s"}
    slos = [DELIVERY] if "connection" in source else []
    spec = spec_of(folder, nats=quick | source, slos=slos)
    return spec | {"metrics": {"include": ["nats_consumer_resets_total"]}}
