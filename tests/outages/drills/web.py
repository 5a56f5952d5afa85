"""Many clients of the web side at once: what the one good scraper and the polls make of it."""

import gzip
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.hostile.web_process import (
    WebCollector,
    connected,
    in_threads,
    read_whole,
    web_collector,
)
from tests.outages.outage import Outage, Recovery

_CONSUMERS: Final = 2_000
_FILES: Final = 1024  # that the collector may open, the usual limit of a service
_LASTS: Final = 5.0  # seconds
_EVERY: Final = 0.5  # seconds, of polls and of the good scraper
_TIMEOUT: Final = 10.0  # seconds, Prometheus' own for a scrape
_OLDEST: Final = 15.0  # seconds, the usual interval of scrapes: each brings what is newer
_ANSWERED: Final = re.compile(
    r"^obs_source_last_success_timestamp_seconds\{[^}]*} ([\d.e+]+)", re.MULTILINE
)
_FAILED: Final = re.compile(r"^obs_source_errors_total\{[^}]*} ([1-9]\d*)", re.MULTILINE)
_PAUSE: Final = 2.0  # seconds between two scrapes of each of the many
_REQUEST: Final = b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"

Attack = Callable[[WebCollector], AbstractContextManager[None]]


@dataclass
class GoodScraper:
    """Scrapes as Prometheus does, each time on a new connection."""

    collector: WebCollector
    seconds: list[float] = field(default_factory=list)
    failed: int = 0
    oldest: float = 0.0  # seconds since the last poll, at most
    errors: int = 0  # polls that failed

    def scrape(self) -> float:
        """One scrape; how long it took."""
        began = time.monotonic()
        try:
            text = gzip.decompress(self.collector.get("/metrics", _TIMEOUT)).decode()
        except OSError:
            self.failed += 1
        else:
            (answered,) = _ANSWERED.findall(text)
            self.oldest = max(self.oldest, time.time() - float(answered))
            self.errors = sum(int(number) for number in _FAILED.findall(text))
        self.seconds.append(time.monotonic() - began)
        return self.seconds[-1]

    def scrape_for(self, seconds: float) -> None:
        """One scrape each interval."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(max(_EVERY - self.scrape(), 0))


def _attacked(folder: Path, attack: Attack) -> Recovery:
    with web_collector(folder, consumers=_CONSUMERS, files=_FILES) as collector:
        before, meanwhile, after = (GoodScraper(collector) for _ in range(3))
        before.scrape_for(3)
        usual = 1.5 * max(before.seconds)
        with attack(collector):
            meanwhile.scrape_for(_LASTS)
        ended = time.monotonic()
        while after.scrape() > usual and time.monotonic() - ended < 60:
            time.sleep(0.02)
        seconds = time.monotonic() - ended
    lost = [f"{meanwhile.failed} good scrapes failed or took {_TIMEOUT:g} s"] * bool(
        meanwhile.failed
    )
    lost += [f"{meanwhile.errors} polls failed"] * bool(meanwhile.errors)
    lost += [f"no poll for {meanwhile.oldest:.1f} s"] * (meanwhile.oldest > _OLDEST)
    seen = (
        f"{len(meanwhile.seconds)} good scrapes, the slowest in {max(meanwhile.seconds):.2f} s "
        f"(before: {max(before.seconds):.2f} s), of polls at most {meanwhile.oldest:.1f} s old"
    )
    return Recovery("; ".join(lost), seconds, seen)


def _scrapers(count: int, encoding: str) -> Attack:
    """So many at once, each of which scrapes again two seconds after its answer."""

    @contextmanager
    def attack(collector: WebCollector) -> Iterator[None]:
        stop = threading.Event()

        def scrape() -> None:
            while not stop.is_set():
                read_whole(collector.port, "/metrics", accepted=encoding)
                stop.wait(_PAUSE)

        calls = [threading.Thread(target=scrape) for _ in range(count)]
        in_threads(calls)
        try:
            yield
        finally:
            stop.set()
            for call in calls:
                call.join()

    return attack


@contextmanager
def _idle(collector: WebCollector) -> Iterator[None]:
    """1 400 that connect and say nothing: more than the collector may open files."""
    with connected(collector.port, 1_400, b""):
        yield


@contextmanager
def _slow(collector: WebCollector) -> Iterator[None]:
    """200 that ask for everything and read 64 bytes ten times a second."""
    with connected(collector.port, 200, _REQUEST, buffer=4096) as clients:
        stop = threading.Event()
        reader = threading.Thread(target=_sip, args=(clients, stop), daemon=True)
        reader.start()
        try:
            yield
        finally:
            stop.set()
            reader.join()


def _sip(clients: list[socket.socket], stop: threading.Event) -> None:
    for client in clients:
        client.setblocking(False)
    while not stop.wait(0.1):
        for client in clients:
            with suppress(OSError):
                client.recv(64)


def _drill(attack: Attack) -> Callable[[Path], Recovery]:
    return lambda folder: _attacked(folder, attack)


DRILLS: tuple[Outage, ...] = (
    Outage("200 scrapers without gzip", 5, _drill(_scrapers(200, "identity"))),
    Outage("200 scrapers with gzip", 5, _drill(_scrapers(200, "gzip"))),
    Outage("1 400 clients that say nothing", 5, _drill(_idle)),
    Outage("200 clients that hardly read", 5, _drill(_slow)),
)
