"""Every query of every dashboard, asked of a Prometheus that scrapes a running demo."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

import obs.sandbox
from obs.alerts.targets import build
from obs.artifacts import write
from obs.catalogue import slo
from obs.clients.prometheus import Prometheus
from obs.dashboard_preview.evaluate import Evaluation, Panel, evaluated
from obs.dashboard_preview.ranges import TimeRange, time_range
from obs.dashboards.build import Board, boards
from obs.sandbox.process import Process, free_ports
from obs.sandbox.prometheus import prometheus_binary
from obs.spec.load import load
from obs.spec.system import System
from tests.integration.demo_process import Demo, running_demo

BINARY = prometheus_binary()
pytestmark = [
    pytest.mark.integration,
    pytest.mark.xdist_group("demo"),
    pytest.mark.skipif(BINARY is None, reason="no Prometheus is installed"),
]

DEMO = Path(obs.sandbox.__file__).with_name("demo.yaml")
NOWHERE = "http://127.0.0.1:1"
PLACES = {
    "OBS_DEMO_AWS_ENDPOINT": NOWHERE,
    "OBS_DEMO_LISTEN": "127.0.0.1:0",
    "OBS_DEMO_NATS_MONITOR": NOWHERE,
    "OBS_DEMO_NATS_PASSWORD": "x",
    "OBS_DEMO_NATS_URL": "nats://127.0.0.1:1",
    "OBS_DEMO_STATE": "state",
}
"""The demo's own: dashboards and alerts do not depend on them."""

SCRAPE = 1.0
WAIT = 180.0
FAULTS = ("consumer-stopped", "poison-message", "target-failing")
CHOSEN = {"consumer": ["oms-processor"], "slo": ["event-delivery"]}

MAY_BE_EMPTY = {
    ("slo_detail", "Budget is whole again", "A"),  # the window of event-delivery is a rolling one
    ("slo_detail", "Burn rate", "D"),  # tiers that only SLOs over 30 days have
    ("slo_detail", "Burn rate", "G"),
    ("slo_detail", "Burn rate", "H"),
    ("slo_detail", "In maintenance", "A"),  # the demo has no maintenance
    ("consumer", "Lag in seconds", "B"),  # no lag is uncertain, thanks to the connection
    ("consumer", "Processing time", "A"),  # the demo's consumers sample no acknowledgements
    ("consumer", "Processing time", "B"),
    ("consumer", "Processing time", "C"),
    ("collector", "Failed polls, 5m", "A"),
    ("collector", "Pushes", "B"),
    ("collector", "Pushes", "C"),  # what remote write drops
    ("collector", "Pushes", "D"),  # the demo sends no traces
    ("collector", "Sources by shard", "A"),  # the demo's collector has no shards
    ("collector", "Monthly budget", "A"),  # an emulator costs nothing
    ("jetstream", "Origin silent for", "A"),  # the demo has no mirror
    ("jetstream", "Not yet copied", "A"),
    ("jetstream", "Size of object stores", "A"),  # nor an object store
    ("servers", "Certificates expire in", "A"),  # nor TLS
    ("servers", "Routes", "A"),  # one server has no routes
    ("servers", "Waiting for routes", "A"),
    ("servers", "Round trip of routes", "A"),
    ("jetstream", "Consumers beyond their own thresholds", "A"),  # nor thresholds in metadata
    ("jetstream", "Streams beyond their own thresholds", "A"),
    ("servers", "Leaf nodes", "A"),  # nor leaf nodes, gateways, a cluster or a JWT
    ("servers", "Gateways", "A"),
    ("servers", "Meta leader", "A"),
    ("servers", "Meta group backlog", "A"),
    ("servers", "Credentials expire in", "A"),
    ("accounts", "Limits of accounts in use", "A"),
    ("servers", "Limits of accounts in use", "A"),
    ("events", "Quorum lost", "A"),  # one server loses no quorum, and elects no leader
    ("events", "Leader elections", "A"),
    ("events", "Late acks", "A"),  # nor samples acknowledgements
    ("targets", "Longest duration, % of Timeout", "A"),  # its functions are only in CloudWatch
}
"""Panels and queries without data while nothing of that kind goes wrong."""

Judged = dict[str, Evaluation]


@pytest.fixture(scope="module")
def system() -> System:
    return load([DEMO], variables=PLACES)


@dataclass(frozen=True)
class Scraped:
    """A demo, and a Prometheus that scrapes it as two collectors and evaluates its alerts."""

    demo: Demo
    prometheus: str
    since: float

    def judged(self, built: tuple[Board, ...], during: TimeRange) -> Judged:
        server = Prometheus(self.prometheus)
        return {
            board.page: evaluated(board.json, server, during, chosen=CHOSEN, scrape=SCRAPE)
            for board in built
        }

    def whole(self) -> TimeRange:
        return time_range(f"{self.since * 1000:.0f}", "now", time.time())

    def last(self, seconds: float) -> TimeRange:
        return time_range(f"now-{seconds:g}s", "now", time.time())


@contextmanager
def scraped(folder: Path, system: System, *faults: str) -> Iterator[Scraped]:
    assert BINARY
    folder.mkdir()
    write(folder / "rules", build(system, ["prometheus"]))
    (port,) = free_ports(1)
    arguments = [text for fault in faults for text in ("--fault", fault)]
    with ExitStack() as stack:
        demo = stack.enter_context(running_demo(folder, *arguments))
        page = demo.url.removeprefix("http://127.0.0.1:")
        every = f"{SCRAPE:g}s"
        config = {
            "global": dict.fromkeys(("scrape_interval", "evaluation_interval"), every),
            "rule_files": [str(folder / "rules/prometheus/*.yaml")],
            "scrape_configs": [
                {
                    "job_name": "obs",
                    "scrape_timeout": every,
                    "static_configs": [{"targets": [f"127.0.0.1:{page}", f"localhost:{page}"]}],
                }
            ],
        }
        (folder / "prometheus.yml").write_text(json.dumps(config))
        prometheus = Process(
            [
                BINARY,
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            folder / "prometheus.log",
        )
        stack.callback(prometheus.stop)
        since = time.time()
        prometheus.start()
        yield Scraped(demo, f"http://127.0.0.1:{port}", since)


@pytest.fixture(scope="module")
def without_nats(tmp_path_factory: pytest.TempPathFactory, system: System) -> Iterator[Scraped]:
    with scraped(tmp_path_factory.mktemp("down") / "demo", system, "nats-down") as running:
        yield running


@pytest.fixture(scope="module")
def busy(
    tmp_path_factory: pytest.TempPathFactory, system: System, without_nats: Scraped
) -> Iterator[Scraped]:
    """Runs beside the other, which takes its time to miss NATS."""
    with scraped(tmp_path_factory.mktemp("busy") / "demo", system, *FAULTS) as running:
        yield running


@pytest.fixture(scope="module")
def judged(busy: Scraped, system: System) -> Judged:
    """All dashboards, as soon as every query has data, or as they are when time is up."""
    built = boards(system)
    return until(lambda: busy.judged(built, busy.whole()), lambda seen: not empty(seen))


def until(look: Callable[[], Judged], enough: Callable[[Judged], bool]) -> Judged:
    deadline = time.monotonic() + WAIT
    while True:
        seen = look()
        if enough(seen) or time.monotonic() > deadline:
            return seen
        time.sleep(1)


def empty(seen: Judged) -> list[tuple[str, str, str]]:
    return [
        (page, panel.title, target.ref_id)
        for page, panel in every_panel(seen)
        for target in panel.targets
        if not target.series and (page, panel.title, target.ref_id) not in MAY_BE_EMPTY
    ]


def every_panel(seen: Judged) -> Iterator[tuple[str, Panel]]:
    for page, evaluation in seen.items():
        yield from ((page, panel) for panel in evaluation.panels)


def test_every_query_of_every_panel_has_data(judged: Judged) -> None:
    assert empty(judged) == []


def test_no_query_fails(judged: Judged) -> None:
    assert [panel.errors for _, panel in every_panel(judged) if panel.errors] == []


def test_every_variable_offers_something(judged: Judged) -> None:
    for page, evaluation in judged.items():
        for variable in evaluation.variables:
            # event-delivery is not one over many objects
            assert variable.options or variable.name == slo.OBJECT, (page, variable.name)


def test_a_stat_shows_one_series_a_query_however_many_collectors_export_it(judged: Judged) -> None:
    for page, panel in every_panel(judged):
        if panel.json["type"] == "stat" and (page, panel.title, "A") not in MAY_BE_EMPTY:
            counts = [len(target.series) for target in panel.targets]
            assert max(counts) <= 1, (page, panel.title)


def test_no_series_is_there_twice(judged: Judged) -> None:
    own = {"CPU", "Memory"}  # each collector's
    for page, panel in every_panel(judged):
        for target in panel.targets:
            labels = [tuple(sorted(series.labels.items())) for series in target.series]
            assert len(labels) == len(set(labels))
            if panel.title not in own:
                named = [each.labels for each in target.series if "instance" in each.labels]
                assert named == [], page


def test_every_label_of_a_legend_is_one_of_the_series(judged: Judged) -> None:
    wrong = [
        (page, panel.title, target.unresolved)
        for page, panel in every_panel(judged)
        for target in panel.targets
        if set(target.unresolved) - {slo.OBJECT}  # of some SLOs only
    ]
    assert wrong == []


def test_the_faults_are_seen_at_a_glance(judged: Judged) -> None:
    def value(page: str, title: str) -> float:
        (panel,) = [panel for panel in judged[page].panels if panel.title == title]
        return panel.targets[0].series[0].points[-1][1]

    assert value("overview", "Critical alerts") >= 1
    assert value("overview", "Rules failing") == 1
    assert value("overview", "Sources down") == 0
    assert value("eventbridge", "Failed invocations, 15m") > 0


def test_without_nats_each_of_its_panels_says_why_it_is_empty(
    busy: Scraped, without_nats: Scraped, system: System
) -> None:
    built = tuple(b for b in boards(system) if b.page in ("jetstream", "consumer", "collector"))

    def gone(seen: Judged) -> bool:
        return all(panel.empty for panel in gauges(seen))

    def gauges(seen: Judged) -> list[Panel]:
        return [
            panel
            for page, panel in every_panel(seen)
            if page != "collector"
            and "[15m]" not in panel.targets[0].expr  # what happened stays true
            and "server" not in panel.title.lower()
        ]

    seen = until(lambda: without_nats.judged(built, without_nats.last(5)), gone)
    assert len(gauges(seen)) > 30
    assert [panel.title for panel in gauges(seen) if not panel.empty] == []
    unexplained = [each.title for each in gauges(seen) if "Collector" not in each.empty_text]
    assert unexplained == []
    (down,) = [panel for panel in seen["collector"].panels if panel.title == "Sources down"]
    assert down.targets[0].series[0].points[-1][1] >= 1
