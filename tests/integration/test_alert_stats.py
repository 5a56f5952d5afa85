"""obs alerts stats and quiet hours on a real Prometheus and Alertmanager: days that Prometheus
remembers, and alerts that fire now.
"""

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests

from obs.alerts.targets import build
from obs.artifacts import write
from obs.cli.main import main
from obs.sandbox.prometheus import PrometheusProcess, Rules, prometheus_binary
from obs.spec.load import load
from tests.integration.alertmanagers import alerts, needs_alertmanager, running_alertmanager
from tests.integration.promtool import keep_rules, needs
from tests.integration.waiting import eventually

pytestmark = [pytest.mark.integration, needs_alertmanager, needs("prometheus"), needs("amtool")]

HOUR = 3600
DAY = 24 * HOUR
STEP = 300  # seconds between the evaluations of the past
ZONE = ZoneInfo("Asia/Tokyo")

SPEC = """
version: 1
system: SYSTEM
sources:
  nats: {main: {monitor: [http://nats:8222]}}
alerts:
  NatsConsumerLagHigh: {for: 0s}
  NatsConsumerLagSecondsHigh: {for: 0s, labels: {team: a}}
  NatsServerDown: {for: 0s}
notify:
  receivers: {oncall: {webhook: {url: HOOK}}}
  routes:
    critical: {to: [oncall], wait: 0s, interval: 1s}
    warning: {to: [oncall], wait: 0s, interval: 1s, quiet: [night]}
    labelled: [{labels: {team: a}, to: [oncall], wait: 0s, interval: 1s}]
  quiet_hours: {night: {from: "FROM", until: "UNTIL", timezone: Asia/Tokyo}}
  pages_per_week: 5
"""
CONSUMER = 'nats="main",account="A",stream="S",consumer="C"'
SERVER = 'nats="main",server="n1:8222"'


def spec_text(system: str, hook: str, begins_in: int) -> str:
    """Quiet hours of two hours, that begin so many hours from now."""
    begin = datetime.now(ZONE) + timedelta(hours=begins_in)
    hours = {"FROM": f"{begin:%H:%M}", "UNTIL": f"{begin + timedelta(hours=2):%H:%M}"}
    text = SPEC.replace("SYSTEM", system).replace("HOOK", hook)
    return text.replace("FROM", hours["FROM"]).replace("UNTIL", hours["UNTIL"])


class Past:
    """The series that the rules of the system `old` left behind, as OpenMetrics text."""

    def __init__(self) -> None:
        self._lines: dict[str, list[tuple[str, int]]] = {"ALERTS": [], "ALERTS_FOR_STATE": []}

    def fired(
        self, name: str, severity: str, labels: str, at: int, seconds: int, hold: int
    ) -> None:
        """An alert fires from `at` (Unix seconds), and was pending for `hold` s before."""
        ours = 'managed_by="obs",system="old",environment="production"'
        which = f'alertname="{name}",severity="{severity}",{labels}{ours}'
        since = at - hold
        for moment in range(since, at + seconds, STEP):
            state = "firing" if moment >= at else "pending"
            line = f'ALERTS{{{which},alertstate="{state}"}}'
            self._lines["ALERTS"].append((f"{line} 1 {moment}", moment))
            line = f"ALERTS_FOR_STATE{{{which}}} {since} {moment}"
            self._lines["ALERTS_FOR_STATE"].append((line, moment))

    def text(self) -> str:
        parts = []
        for name, lines in self._lines.items():
            ordered = sorted(lines, key=lambda line: (line[0].split("}")[0], line[1]))
            parts += [f"# TYPE {name} gauge", *(line for line, _ in ordered)]
        return "\n".join([*parts, "# EOF", ""])


def past_of(now: int) -> str:
    """A day and a half: a server that goes down for minutes, a consumer that lags all the time, and
    six hours in which Prometheus was off."""
    past = Past()
    start = now - 36 * HOUR
    off, on = start + 6 * HOUR, start + 12 * HOUR
    past.fired("ObsWatchdog", "info", "", start - HOUR, off - start + HOUR, 0)
    past.fired("ObsWatchdog", "info", "", on, now - on, 0)
    past.fired("NatsConsumerSlow", "warning", CONSUMER + ",", start - HOUR, off - start + HOUR, 0)
    past.fired("NatsConsumerSlow", "warning", CONSUMER + ",", on, now - on, 0)
    for index in range(7):
        at = on + HOUR + index * 1200
        past.fired("NatsServerDown", "critical", SERVER + ",", at, STEP, 0)
    at = on + 6 * HOUR
    past.fired("NatsServerDown", "critical", SERVER + ",", at, 2 * HOUR, 0)
    past.fired("NatsRouteLost", "critical", 'nats="main",server="n2:8222",route="n1",', at, HOUR, 0)
    for index in range(3):
        at = on + 9 * HOUR + index * 2 * HOUR
        past.fired("NatsConsumerLagHigh", "warning", CONSUMER + ",", at, HOUR, 0)
        past.fired("NatsConsumerAckPendingFull", "warning", CONSUMER + ",", at, HOUR, 300)
    return past.text()


@dataclass
class Place:
    """A collector's metrics that a test sets, and everybody who is notified of alerts."""

    metrics: dict[str, float] = field(default_factory=dict)
    notified: list[dict[str, Any]] = field(default_factory=list)

    def has(self, name: str) -> bool:
        """Whether the receiver was notified that an alert of this name fires."""
        return any(
            each["labels"]["alertname"] == name and each["status"] == "firing"
            for body in list(self.notified)
            for each in body["alerts"]
        )


class _Handler(BaseHTTPRequestHandler):
    place: Place

    def do_GET(self) -> None:
        lines = (f"{name} {value}\n" for name, value in self.place.metrics.items())
        self._answer("".join(lines).encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.place.notified.append(json.loads(body))
        self._answer(b"")

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@dataclass
class Stack:
    """The running processes, and their configuration."""

    place: Place
    prometheus: str
    alertmanager: str
    folder: Path
    hook: str

    def set(self, consumer_lag: float, lag_seconds: float = 0, server_up: float = 1) -> None:
        """What the collector says."""
        ours = 'environment="production",system="shop"'
        self.place.metrics = {
            f'obs_source_up{{source="main",{ours}}}': 1,
            f"nats_consumer_lag_messages{{{CONSUMER},{ours}}}": consumer_lag,
            f"nats_consumer_lag_seconds{{{CONSUMER},{ours}}}": lag_seconds,
            f"nats_server_up{{{SERVER},{ours}}}": server_up,
        }

    def fires(self, name: str) -> bool:
        """Whether Prometheus says that an alert fires."""
        try:
            answer = requests.get(f"{self.prometheus}/api/v1/alerts", timeout=5)
            found = answer.json()["data"]["alerts"]
        except (requests.ConnectionError, ValueError):  # it is starting
            return False
        return any(each["labels"]["alertname"] == name for each in found)

    def configure(self, begins_in: int) -> Path:
        """Alertmanager's configuration, with quiet hours that begin so many hours from now."""
        spec = self.folder / "obs.yaml"
        spec.write_text(spec_text("shop", self.hook, begins_in))
        (text,) = build(load([spec], variables={}), ["alertmanager"])["alertmanager"].values()
        config = self.folder / "alertmanager.yml"
        config.write_text(text)
        return config


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    (folder / "prometheus").mkdir()
    (folder / "rules").mkdir()
    past = folder / "past.openmetrics"
    past.write_text(past_of(int(time.time()) // STEP * STEP))
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "-q"]
    subprocess.run([*command, past, folder / "prometheus"], check=True, capture_output=True)
    place = Place()
    handler = type("Handler", (_Handler,), {"place": place})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # who asked went away
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"127.0.0.1:{server.server_port}"
    it = Stack(place, "", "", folder, f"http://{address}/")
    it.set(0)
    config = it.configure(begins_in=-1)
    write(folder / "rules", build(load([folder / "obs.yaml"], variables={}), ["prometheus"]))
    rules = sorted((folder / "rules" / "prometheus").glob("*.yaml"))
    keep_rules(rules, ("NatsConsumerLag", "NatsServerDown", "ObsWatchdog"))
    with running_alertmanager(config, folder) as it.alertmanager:
        binary = prometheus_binary()
        assert binary
        to = it.alertmanager.removeprefix("http://")
        loaded = Rules(str(folder / "rules" / "prometheus" / "*.yaml"), to)
        prometheus = PrometheusProcess(binary, folder, address, rules=loaded, every=0.2)
        prometheus.start()
        it.prometheus = prometheus.url
        try:
            eventually(lambda: it.fires("ObsWatchdog"))
            yield it
        finally:
            prometheus.stop()
            server.shutdown()


def stats(capsys: pytest.CaptureFixture[str], spec: Path, stack: Stack, since: str) -> Any:
    """The exit code, and the JSON that the command prints."""
    arguments = ["--prometheus", stack.prometheus, "--alertmanager", stack.alertmanager]
    arguments += ["--since", since, "--format", "json"]
    code = main(["alerts", "stats", "--spec", str(spec), *arguments])
    said = capsys.readouterr()
    assert code in (0, 1), said.err
    return code, json.loads(said.out)


def test_stats_of_a_past_tell_what_paged_what_flapped_and_what_to_change(
    stack: Stack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = tmp_path / "obs.yaml"
    spec.write_text(spec_text("old", "http://oncall/", begins_in=-1))
    code, found = stats(capsys, spec, stack, "36h")
    assert code == 1  # 8 pages, and 5 are allowed
    assert found["pages"]["count"] == 8
    assert found["pages"]["within_budget"] is False
    by_name = {each["alert"]: each for each in found["alerts"]}
    down = by_name["NatsServerDown"]
    assert (down["fired"], down["flaps"], down["pages"], down["open"]) == (8, 6, 8, 0)
    assert abs(down["longest_seconds"] - 2 * HOUR) <= 30
    route = by_name["NatsRouteLost"]
    assert (route["fired"], route["inhibited"], route["pages"]) == (1, 1, 0)
    slow = by_name["NatsConsumerSlow"]  # the gap does not make two of it
    assert (slow["fired"], slow["share"]) == (1, 1)
    assert "NatsConsumerStalled" in found["never_fired"]
    hours = [(end - begin) / HOUR for begin, end in found["known"]]
    assert [round(each) for each in hours] == [6, 24]
    advised = {(each["kind"], *each["alerts"][:2]): each["text"] for each in found["advice"]}
    assert "1 page instead of 8" in advised["raise_for", "NatsServerDown"]
    assert ("flapping", "NatsServerDown") in advised
    assert ("always_on", "NatsConsumerSlow") in advised
    inhibit = advised["together", "NatsConsumerAckPendingFull", "NatsConsumerLagHigh"]
    assert "equal: [nats, account, stream, consumer]" in inhibit


def test_the_text_says_the_verdict_and_the_gap(
    stack: Stack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = tmp_path / "obs.yaml"
    spec.write_text(spec_text("old", "http://oncall/", -1).replace("week: 5", "week: 8"))
    arguments = ["--spec", str(spec), "--prometheus", stack.prometheus, "--since", "36h"]
    assert main(["alerts", "stats", *arguments]) == 0
    text = capsys.readouterr().out
    assert "Within budget: 8 pages" in text
    assert "No rules were evaluated from" in text


def test_quiet_hours_hold_a_warning_back_until_they_end_and_let_critical_alerts_through(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    """An alert that comes and goes meanwhile flaps in the stats; one that never fires is named."""
    place = stack.place
    config = stack.folder / "alertmanager.yml"
    done = subprocess.run(["amtool", "check-config", str(config)], capture_output=True, check=False)
    assert done.returncode == 0, done.stdout

    def seen() -> Any:
        """The alerts of the last minutes by name, as the command counts them."""
        _, found = stats(capsys, stack.folder / "obs.yaml", stack, "5m")
        return {each["alert"]: each for each in found["alerts"]}

    with silence(stack, "NatsServerDown"):
        stack.set(0, server_up=0)
        eventually(lambda: seen()["NatsServerDown"]["open"])
        stack.set(0)
        eventually(lambda: not seen()["NatsServerDown"]["open"])
    stack.set(2000, lag_seconds=4000, server_up=0)
    eventually(lambda: place.has("NatsServerDown"))
    eventually(lambda: place.has("NatsConsumerLagSecondsHigh"))  # its route has no quiet hours
    eventually(lambda: listed(stack, "NatsConsumerLagHigh"))
    eventually(lambda: seen()["NatsServerDown"]["open"] and seen()["NatsConsumerLagHigh"]["open"])
    _, found = stats(capsys, stack.folder / "obs.yaml", stack, "5m")
    by_name = {each["alert"]: each for each in found["alerts"]}
    assert by_name["NatsConsumerLagHigh"]["in_quiet_hours"] == 1
    assert by_name["NatsConsumerLagHigh"]["notifications"] == 0
    assert not place.has("NatsConsumerLagHigh")
    stack.configure(begins_in=3)
    requests.post(f"{stack.alertmanager}/-/reload", timeout=5).raise_for_status()
    eventually(lambda: place.has("NatsConsumerLagHigh"))
    down = by_name["NatsServerDown"]
    assert (down["fired"], down["flaps"]) == (2, 1)
    assert (down["silenced"], down["pages"]) == (1, 1)
    assert "NatsConsumerStalled" in found["never_fired"]


@contextmanager
def silence(stack: Stack, name: str) -> Iterator[None]:
    """An alert is silenced meanwhile."""
    now = datetime.now(ZONE)
    body = {
        "matchers": [{"name": "alertname", "value": name, "isRegex": False}],
        "startsAt": now.isoformat(),
        "endsAt": (now + timedelta(hours=1)).isoformat(),
        "createdBy": "a test",
        "comment": "known",
    }
    answer = requests.post(f"{stack.alertmanager}/api/v2/silences", json=body, timeout=5)
    answer.raise_for_status()
    yield
    which = f"{stack.alertmanager}/api/v2/silence/{answer.json()['silenceID']}"
    requests.delete(which, timeout=5).raise_for_status()


def listed(stack: Stack, name: str) -> bool:
    """Whether Alertmanager has an alert of this name."""
    return any(each["labels"]["alertname"] == name for each in alerts(stack.alertmanager))


def test_amtool_routes_each_severity_where_the_spec_says(stack: Stack) -> None:
    ours = ("managed_by=obs", "system=shop", "environment=production")
    config = f"--config.file={stack.folder / 'alertmanager.yml'}"
    for severity, receiver in (("critical", "oncall"), ("warning", "oncall"), ("info", "_nobody")):
        done = subprocess.run(
            ["amtool", "config", "routes", "test", config, *ours, f"severity={severity}"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == receiver
