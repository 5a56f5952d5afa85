"""One collector over one system: scrapes before and during the fault, and what it says then."""

import json
import re
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.broken_systems.replay import Firing, Scrape, firing
from tests.integration.collector_process import CollectorProcess, spec_of
from tests.integration.waiting import eventually

POLL = 0.5
STALE_AFTER = 4.0
"""Seconds after which the values of a source that fails are withdrawn."""
SCRAPE_EVERY = 1.0
POLLS = 8
"""A fault lasts for as many at least, unless the source is down; a minute has 4 by default."""
HOLDS = 20
"""Minutes for which no alert that fired before may resolve."""
FIRST_SCRAPES = 2
_TOLD = re.compile(
    r"_up$|_ready$|_healthy$|_ok$|health|missing|unreach|incomplete|partial|unknown|expected|absent"
    r"|disabled|found|failed|errors_total$"
)
_GOOD_AT_ONE = re.compile(r"_up$|_ready$|_healthy$|_ok$|_health$|_found$")
_TIMES = re.compile(r"^\S+T\S+ |^\[?\d{4}-\d\d-\d\d \S+ ")


@dataclass(frozen=True)
class Outcome:
    """What obs says of one system."""

    name: str
    level: str
    headline: str
    ready: tuple[int, str]
    log: list[str]
    metrics: list[str]
    new: dict[str, int]
    """Alerts that only the fault raises, and after how many minutes."""
    held: list[str]
    resolved: list[str]
    """Alerts that fired before the fault and stopped during it."""

    @property
    def wrong(self) -> list[str]:
        """What must not be."""
        found = []
        if self.level == "ok" or "well" in self.headline.lower():
            found.append(f"the headline is {self.headline!r}")
        if not self.new:
            found.append("no alert tells it")
        found += [f"{alert} resolves" for alert in self.resolved]
        return found


@dataclass
class Watched:
    """A collector on a spec, and its scrapes."""

    name: str
    folder: Path
    nats: Mapping[str, Any] | None = None
    aws: Mapping[str, Any] | None = None
    slos: tuple[Mapping[str, Any], ...] = ()
    stale_after: float = STALE_AFTER
    environment: Mapping[str, str] = field(default_factory=dict)
    before: list[Scrape] = field(default_factory=list)
    during: list[Scrape] = field(default_factory=list)

    def __post_init__(self) -> None:
        quick = {"poll": f"{POLL}s", "timeout": "1s", "stale_after": f"{self.stale_after}s"}
        spec = spec_of(
            self.folder,
            nats=None if self.nats is None else quick | dict(self.nats),
            aws=None if self.aws is None else {**quick, "poll": "1s", "timeout": "3s", **self.aws},
            slos=self.slos,
        )
        if self.nats is not None:
            spec["alerts"] = {"NatsConsumerLagHigh": {"above": 3}}
        self.collector = CollectorProcess(self.folder, spec, environment=self.environment)
        self._logged = 0
        self._usual: set[str] | None = None

    def start(self) -> None:
        """Start it, and wait until it has polled."""
        self.collector.start(ready=False)
        self._polled(1)

    def well(self) -> None:
        """Scrapes of the system as it should be; the fault follows."""
        for _ in range(FIRST_SCRAPES):
            self._polled(1)
            self.before.append(self._scrape())
        self._logged = len(self.collector.log)

    def broken(self) -> None:
        """Scrapes of the broken system, until its old values have become stale."""
        since, polls = time.monotonic(), self._polls()

        def over() -> bool:
            self.during.append(self._scrape())
            is_down = self._sample("obs_source_up", self.during[-1]) == 0
            enough = is_down or self._polls() >= polls + POLLS
            return enough and time.monotonic() > since + self.stale_after + SCRAPE_EVERY * 4

        while not over():
            time.sleep(SCRAPE_EVERY)

    def outcome(self, reference: "Watched | None" = None) -> Outcome:
        """What it says now; `reference` is the same system unbroken, unless it was so before."""
        status = json.loads(self.collector.get("/api/v1/status").text)
        ready = self.collector.get("/readyz")
        fired = self._firing(self.before or self.during[:1], self.during)
        usual = (reference or self).usual()
        earlier = fired.at(-1) if self.before else set()
        return Outcome(
            self.name,
            status["verdict"]["level"],
            status["verdict"]["headline"],
            (ready.status, ready.text.strip()),
            self._log(),
            self._metrics(),
            {
                alert: min(minutes)
                for alert, minutes in sorted(fired.minutes.items())
                if alert not in usual
            },
            sorted(earlier),
            sorted(a for a in earlier if not {*range(HOLDS)} <= fired.minutes[a]),
        )

    def usual(self) -> set[str]:
        """Alerts that the unbroken system raises."""
        if self._usual is None:
            self._usual = {*self._firing(self.before[:1], self.before).minutes}
        return self._usual

    def stop(self) -> None:
        """End the collector."""
        self.collector.kill()

    def _firing(self, before: list[Scrape], during: list[Scrape]) -> Firing:
        folder = self.folder / f"replay-{len(during)}-{len(before)}"
        return firing(folder, self.collector.spec_file, before, during)

    def _polled(self, count: int) -> None:
        """Wait for so many polls, well or not; what is under way counts as well."""
        wanted = self._polls() + count
        eventually(lambda: self._polls() >= wanted, 60)

    def _polls(self) -> float:
        return self._sample("obs_source_polls_total", self._scrape()) or 0.0

    def _sample(self, name: str, scrape: Scrape) -> float | None:
        label = f'source="{"aws" if self.nats is None else "nats"}"'
        found = scrape.samples.items()
        return next((v for k, v in found if k.startswith(f"{name}{{") and label in k), None)

    def _scrape(self) -> Scrape:
        return Scrape.of(time.time(), self.collector.get("/metrics").text)

    def _log(self) -> list[str]:
        lines = self.collector.log[self._logged :].splitlines()
        told = [line for line in lines if "WARNING" in line or "ERROR" in line]
        return list(dict.fromkeys(_TIMES.sub("", line) for line in told))

    def _metrics(self) -> list[str]:
        last = self.during[-1].samples
        return [f"{name} {value:g}" for name, value in sorted(last.items()) if _tells(name, value)]


def _tells(name: str, value: float) -> bool:
    plain = name.partition("{")[0]
    if not _TOLD.search(plain) or plain.startswith(("obs_state", "process_")):
        return False
    return (value == 0) if _GOOD_AT_ONE.search(plain) else value != 0


def all_at_once(*does: Callable[[], None]) -> None:
    """Do them in threads; raises the first error."""
    with ThreadPoolExecutor(len(does)) as pool:
        for done in [pool.submit(each) for each in does]:
            done.result()


def running(*watched: Watched) -> ExitStack:
    """All of them, started and stopped with the context."""
    stack = ExitStack()
    for each in watched:
        stack.callback(each.stop)
    try:
        all_at_once(*(each.start for each in watched))
    except BaseException:
        stack.close()
        raise
    return stack
