"""A new kind of SLI is its own module and one line in the list of kinds: every command knows it."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import nats
import pytest

import obs
from obs.sandbox.nats_server import NatsServer
from tests.integration.collector_process import named, samples

pytestmark = pytest.mark.integration

MODEL = '''
class StreamSizeSli(SliSpec):
    """Good minutes: those in which a stream held no more messages than the target."""

    source_kind = "nats"

    stream: AssetGlob
    """The stream."""
    max_messages: int
    """Number of messages that the stream may hold."""

    def in_words(self) -> str:
        """What is counted, for people."""
        return f"size of {self.stream} within {self.max_messages} messages"

    def names(self) -> tuple[Named, ...]:
        """The stream."""
        return (StreamName(self.stream),)


class Sli(Model):'''
LINE = """    toy_stream_size: StreamSizeSli | None = None
    eventbridge: EventBridgeSli | None = None
"""
MODULE = '''
"""Good minutes: those in which a stream was within its size."""

from obs.slis.consumers import NatsTracker
from obs.slis.kind import Measurement, Observation
from obs.slo.minutes import minute_of
from obs.spec.slis import StreamSizeSli


class StreamSizeMeasurement(Measurement[StreamSizeSli, NatsTracker]):
    """Each minute is one event, judged by its last poll."""

    def observe(self, tracker: NatsTracker) -> Observation | None:
        """The minute of the last poll."""
        snapshot = tracker.snapshot
        if snapshot is None:
            return None
        sizes = [each.messages for each in snapshot.streams if each.name == self.sli.stream]
        minute = minute_of(snapshot.at)
        good = float(all(size <= self.sli.max_messages for size in sizes))
        return Observation({minute: (good, 1.0)}, minute + 60.0, minute)


MEASUREMENT = StreamSizeMeasurement
'''
MESSAGES = 3
SLOS = {"fits": MESSAGES, "overflows": MESSAGES - 1}  # by their greatest number of messages

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """With a stream of a few messages."""
    with NatsServer(tmp_path_factory.mktemp("nats")) as server:
        asyncio.run(_publish(server, "ORDERS"))
        yield server


async def _publish(server: NatsServer, stream: str) -> None:
    client = await nats.connect(server.url)
    await client.jetstream().add_stream(name=stream, subjects=[stream])
    for _ in range(MESSAGES):
        await client.jetstream().publish(stream, b"x")
    await client.close()


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """obs with one more kind of SLI: its model and line in the list, and its module."""
    root = tmp_path_factory.mktemp("package")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(obs.__file__).parent, root / "obs", ignore=ignored)
    slis = root / "obs" / "spec" / "slis.py"
    text = slis.read_text()
    for before, after in (
        ("    BusRules,\n", "    BusRules,\n    StreamName,\n"),
        ("\nclass Sli(Model):", MODEL),
        ("    eventbridge: EventBridgeSli | None = None\n", LINE),
    ):
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    slis.write_text(text)
    (root / "obs" / "slis" / "toy_stream_size.py").write_text(MODULE.lstrip())
    return root


@pytest.fixture
def run(package: Path, server: NatsServer, tmp_path: Path) -> Run:
    """The commands of that package, on a spec with two such SLOs."""

    def run(*arguments: str, stream: str = "ORDERS") -> subprocess.CompletedProcess[str]:
        spec = tmp_path / "spec.json"
        spec.write_text(json.dumps(_spec(server, tmp_path, stream)))
        return subprocess.run(
            [sys.executable, "-m", "obs", *arguments, "--spec", str(spec)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(package)},
        )

    return run


def _spec(server: NatsServer, folder: Path, stream: str) -> dict[str, object]:
    return {
        "version": 1,
        "system": "shop",
        "state_dir": str(folder / "state"),
        "sources": {
            "nats": {
                "main": {"monitor": [server.monitor], "streams": {"include": ["ORD*", "MISS*"]}}
            },
            "aws": {"cloud": {"region": "us-east-1"}},  # no command here reaches it
        },
        "notify": {
            "receivers": {"oncall": {"webhook": {"url": "http://127.0.0.1:9/"}}},
            "routes": {"critical": {"to": ["oncall"]}, "warning": {"to": ["oncall"]}},
        },
        "slos": [
            {
                "name": name,
                "service": "orders",
                "objective": 99.0,
                "sli": {
                    "toy_stream_size": {"source": "main", "stream": stream, "max_messages": size}
                },
            }
            for name, size in SLOS.items()
        ],
    }


def test_its_spec_is_validated(run: Run) -> None:
    valid = run("validate")
    assert (valid.returncode, valid.stderr) == (0, "")
    row = r"orders/fits +99 % +over 30d +size of ORDERS within 3 messages\n"
    assert re.search(row, valid.stdout), valid.stdout


def test_what_it_names_is_checked_against_its_source(run: Run) -> None:
    wrong = run("validate", stream="ODERS")
    assert wrong.returncode == 2
    assert (
        "slos[0].sli.toy_stream_size.stream: source 'main' does not include stream 'ODERS'"
        in wrong.stderr
    )


def test_it_is_polled_judged_and_exported(run: Run) -> None:
    once = run("collect", "--once", "--only", "nats")
    assert once.returncode == 0, once.stderr
    scrape = named(samples(once.stdout), "slo_")
    for slo, good in (("fits", 1.0), ("overflows", 0.0)):
        of_slo = {
            (name, dict(labels).get("window")): value
            for (name, labels), value in scrape.items()
            if dict(labels)["slo"] == slo
        }
        assert of_slo["slo_events_total", None] == 1
        assert of_slo["slo_good_events_total", None] == good
        assert of_slo["slo_burn_rate", "5m"] == pytest.approx(100 * (1 - good))
    kinds = {dict(labels)["sli"] for name, labels in scrape if name == "slo_info"}
    assert kinds == {"toy_stream_size"}


def test_its_events_are_kept_over_a_restart(run: Run, server: NatsServer) -> None:
    asyncio.run(_publish(server, "ORDERED"))
    assert run("collect", "--once", "--only", "nats", stream="ORDERED").returncode == 0
    asyncio.run(_publish(server, "ORDERED"))
    again = run("collect", "--once", "--only", "nats", stream="ORDERED")
    good = named(samples(again.stdout), "slo_good_events_total")
    # A counter, so that one good minute stays counted, be it the same minute as now or not.
    assert {dict(labels)["slo"]: value for (_, labels), value in good.items()} == {
        "fits": 1,
        "overflows": 0,
    }


def test_its_burn_rate_is_alerted_on(run: Run, tmp_path: Path) -> None:
    built = run("alerts", "build", "--out", "alerts")
    assert built.returncode == 0, built.stderr
    rules = (tmp_path / "alerts" / "prometheus" / "slo.yaml").read_text()
    for alert in ("SloBudgetBurnsFast", "SloBudgetBurnsSlowly", "SloBudgetExhausted"):
        assert f"alert: {alert}\n" in rules
    routing = (tmp_path / "alerts" / "alertmanager" / "alertmanager.yaml").read_text()
    assert 'slo=~"fits|overflows"' in routing  # inhibited while their source is down
    refused = (
        "SLO fits has an SLI that CloudWatch does not measure: size of ORDERS within 3 messages"
    )
    assert refused in built.stdout + built.stderr


def test_its_dashboards_are_built(run: Run, tmp_path: Path) -> None:
    built = run("dashboards", "build", "--out", "dashboards")
    assert built.returncode == 0, built.stderr
    files = list((tmp_path / "dashboards").rglob("*.json"))
    assert [file for file in files if "slo_burn_rate" in file.read_text()], files


def test_the_stream_that_it_names_is_checked_on_the_live_system(run: Run) -> None:
    assert run("check", "--only", "jetstream-limits").returncode == 0
    missing = run("check", "--only", "jetstream-limits", stream="MISSING")
    assert missing.returncode == 1
    assert "Stream MISSING, which the spec names" in missing.stdout
