"""`obs collect` as a real child process, what it serves read as a scraper would, its end forced."""

import base64
import json
import mmap
import os
import re
import signal
import ssl
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from obs.sandbox.process import Process
from tests.integration.waiting import PATIENCE, eventually

Sample = tuple[str, frozenset[tuple[str, str]]]
Scrape = dict[Sample, float]
Spec = dict[str, Any]

# The command itself, with a wall clock that a test sets.
_LAUNCH = """
import mmap, struct, sys, time
with open(sys.argv[1], "r+b") as file:
    shift = mmap.mmap(file.fileno(), 8)
real = time.time
time.time = lambda: real() + struct.unpack("d", shift[:8])[0]
from obs.cli.main import main
sys.exit(main(sys.argv[2:]))
"""
OF_ALL = ("environment", "system")
_KNOWN: dict[str, Sample] = {}
_KNOWN_ABOUT: set[str] = set()
_SERVING = re.compile(r"serving (\S+?)/?$", re.MULTILINE)


def key(name: str, **labels: str) -> Sample:
    """A sample's name and labels, as `Scrape` is looked up by."""
    return name, frozenset(labels.items())


def own_labels(labels: Iterable[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    """The labels without those that all samples have, and empty ones: Prometheus drops them."""
    return frozenset((name, value) for name, value in labels if value and name not in OF_ALL)


def samples(text: str) -> Scrape:
    """Every sample of an exposition in Prometheus text, without the labels that all have.

    The parser of Prometheus' own client reads each exposition that has a line unlike those before.
    It takes most of the time of waiting for a scrape, so what it said of a line is kept.
    """
    lines = [line.rpartition(" ") for line in text.splitlines() if line and line[0] != "#"]
    about = [line for line in text.splitlines() if line[:1] == "#"]
    if not (_KNOWN.keys() >= {series for series, _, _ in lines} and _KNOWN_ABOUT.issuperset(about)):
        read = [
            ((sample.name, own_labels(sample.labels.items())), sample.value)
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        ]
        for (series, _, value), (sample, number) in zip(lines, read, strict=True):
            assert repr(float(value)) == repr(float(number)), (series, value, number)
            _KNOWN[series] = sample
        _KNOWN_ABOUT.update(about)
    return {_KNOWN[series]: float(value) for series, _, value in lines}


def named(scrape: Scrape, prefix: str) -> Scrape:
    """The samples whose names begin with `prefix`."""
    return {sample: value for sample, value in scrape.items() if sample[0].startswith(prefix)}


class WallClock:
    """What the collector takes for the time: the true one, and `shift` seconds."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.write_bytes(struct.pack("d", 0.0))
        with path.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), 8)

    @property
    def shift(self) -> float:
        return float(struct.unpack("d", self._shared[:8])[0])

    @shift.setter
    def shift(self, seconds: float) -> None:
        self._shared[:8] = struct.pack("d", seconds)

    @property
    def now(self) -> float:
        return time.time() + self.shift

    @property
    def minute(self) -> int:
        """Start of the present minute."""
        return int(self.now) // 60 * 60

    def turn(self, minutes: int = 1) -> int:
        """Go forward to the beginning of a later minute; gives its start.

        For the rest of it, nearly 60 s, a test need not fear that the minute ends.
        """
        start = self.minute + 60 * minutes
        self.shift = start - time.time() + 1
        return start


@dataclass(frozen=True)
class Answer:
    """One HTTP answer."""

    status: int
    text: str
    content_type: str


@dataclass
class CollectorProcess:
    """One collector with a folder of its own; started again it has the state it left."""

    folder: Path
    spec: Spec
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    login: tuple[str, str] | None = None
    within: tuple[str, ...] = ()  # a command that runs it elsewhere, for example `ip netns exec`
    url: str = ""

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.clock = WallClock(self.folder / "clock")
        self.spec_file = self.folder / "spec.yaml"
        self.process = self._child()

    @property
    def state_file(self) -> Path:
        return Path(self.spec["state_dir"]) / "obs.sqlite3"

    @property
    def log(self) -> str:
        """All that this and earlier runs have written."""
        return self.process.log.read_text() if self.process.log.exists() else ""

    def logged(self, text: str, times: int | None = None) -> None:
        """Wait until the log holds a text, and so many times and no more where `times` says so.

        A thread of its own writes the log, so a scrape may tell first.
        """
        eventually(lambda: self.log.count(text) >= (times or 1))
        assert times is None or self.log.count(text) == times

    def start(self, *, ready: bool = True) -> "CollectorProcess":
        """Start it; returns once it serves, and unless `ready` is False once /readyz agrees."""
        before = len(self.log)
        self.launch()
        self.process.wait_until(lambda: _SERVING.search(self.log[before:]) is not None, PATIENCE)
        found = _SERVING.search(self.log[before:])
        assert found is not None
        self.url = found.group(1)
        if ready:
            self.process.wait_until(lambda: self.get("/readyz").status == 200, PATIENCE)
        return self

    def launch(self) -> None:
        """Start it, without waiting for anything."""
        self.spec_file.write_text(json.dumps(self.spec))
        self.process = self._child()
        self.process.start()

    def hang_up(self) -> None:
        """SIGHUP: the spec is read again at once."""
        assert self.process.pid is not None
        os.kill(self.process.pid, signal.SIGHUP)

    def output(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """What the command itself says with these arguments, until it ends by itself."""
        self.spec_file.write_text(json.dumps(self.spec))
        command = [sys.executable, "-m", "obs", "collect", "--spec", str(self.spec_file)]
        return subprocess.run(
            [*command, *arguments], capture_output=True, text=True, timeout=120, check=False
        )

    def output_of(self, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """What another command says of the same spec."""
        whole = [sys.executable, "-m", "obs", command, "--spec", str(self.spec_file), *arguments]
        return subprocess.run(whole, capture_output=True, text=True, timeout=120, check=False)

    def wait(self, timeout: float = 10.0) -> int:
        """Its exit status; negative where a signal ended it."""
        status = self.process.wait(timeout)
        assert status is not None
        return status

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()

    def terminate(self) -> None:
        """SIGTERM, without waiting."""
        self.process.terminate()

    def stop(self) -> int:
        """SIGTERM; gives the exit status."""
        self.terminate()
        return self.wait()

    def get(self, path: str, **headers: str) -> Answer:
        """What it answers; status 0 where it does not."""
        request = urllib.request.Request(self.url + path, headers=headers)
        if self.login:
            token = base64.b64encode(":".join(self.login).encode()).decode()
            request.add_header("Authorization", f"Basic {token}")
        try:
            with urllib.request.urlopen(request, timeout=20, context=self.tls) as answer:
                return _answer(answer)
        except urllib.error.HTTPError as error:
            return _answer(error)
        except OSError as error:
            return Answer(0, str(error), "")

    def scrape(self) -> Scrape:
        """What /metrics holds now."""
        answer = self.get("/metrics")
        assert answer.status == 200, answer
        return samples(answer.text)

    def value(self, name: str, **labels: str) -> float | None:
        """One sample of /metrics; None where it is absent."""
        return self.scrape().get(key(name, **labels))

    def status(self) -> Any:
        """The status document."""
        return json.loads(self.get("/api/v1/status").text)

    def polls(self, source: str, count: int = 1) -> Scrape:
        """Wait for `count` polls that begin from now on, and give what they left.

        One more is waited for, because one may be under way.
        """
        sample = key("obs_source_polls_total", source=source)
        first = self.scrape()[sample]
        return self.until(lambda scrape: scrape[sample] > first + count)

    def until(self, check: Any, timeout: float = PATIENCE) -> Scrape:
        """The first scrape of which `check` is true."""

        def look() -> Scrape | None:
            scrape = self.scrape()
            return scrape if check(scrape) else None

        found = eventually(look, timeout)
        assert found is not None
        return found

    def _child(self) -> Process:
        command = ["collect", "--spec", str(self.spec_file), *self.arguments]
        return Process(
            [*self.within, sys.executable, "-c", _LAUNCH, str(self.clock.path), *command],
            self.folder / "collector.log",
            env=self.environment,
            cwd=self.folder,
        )


def spec_of(
    folder: Path,
    *,
    nats: Mapping[str, Any] | None = None,
    aws: Mapping[str, Any] | None = None,
    slos: Iterable[Mapping[str, Any]] = (),
    **outputs: Any,
) -> Spec:
    """A spec of at most one source of each kind, named `nats` and `aws`, quick to poll."""
    sources: dict[str, Any] = {}
    if nats is not None:
        sources["nats"] = {"nats": {"poll": "500ms", "timeout": "1s"} | dict(nats)}
    if aws is not None:
        quick = {"region": "us-east-1", "poll": "1s", "timeout": "5s", "delay": "0s"}
        sources["aws"] = {"aws": quick | dict(aws)}
    return {
        "version": 1,
        "system": "oms",
        "state_dir": str(folder / "state"),
        "sources": sources,
        "slos": list(slos),
        "outputs": {"web": {"listen": "127.0.0.1:0"}} | outputs,
    }


@pytest.fixture
def collectors() -> Iterator[list[CollectorProcess]]:
    """Put a collector in here to have it ended with the test."""
    started: list[CollectorProcess] = []
    yield started
    for collector in started:
        collector.kill()
        print(collector.log)  # noqa: T201  shown with a test that fails


def _answer(answer: Any) -> Answer:
    return Answer(answer.status, answer.read().decode(), answer.headers.get("Content-Type", ""))
