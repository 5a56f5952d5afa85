"""Targets on this machine, probed by one collector: a service, a port, and a short certificate."""

import json
import ssl
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from obs.alerts.targets import build
from obs.artifacts import write
from obs.clients.prometheus import Prometheus as Client
from obs.dashboard_preview.evaluate import evaluated
from obs.dashboard_preview.ranges import time_range
from obs.dashboards.build import boards
from obs.sandbox.process import free_ports
from obs.sandbox.prometheus import PrometheusProcess, Rules, prometheus_binary
from obs.spec.load import load
from tests.integration.collector_process import CollectorProcess, Spec, key
from tests.integration.promtool import judged, needs, needs_promtool
from tests.integration.waiting import eventually
from tests.unit.sources.probe.service import Service, serving

pytestmark = pytest.mark.integration

DAY = 86_400
NOW = {"for": "0s"}


@dataclass
class Probed:
    """The services, the collector that probes them, and a Prometheus with its rules."""

    service: Service
    secure: Service
    collector: CollectorProcess
    prometheus: PrometheusProcess
    folder: Path

    def up(self, target: str) -> float | None:
        return self.collector.value("probe_target_up", probe="edge", target=target)


def short_lived(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's certificate that expires within two days, and the file of its authority."""
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ends = datetime.now(UTC) + timedelta(hours=36)
    authority.issue_cert("localhost", not_after=ends).configure_cert(context)
    file = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    return context, file


def spec_of_probes(folder: Path, service: Service, secure: Service, ca: Path) -> Spec:
    ready = {
        "name": "api",
        "http": f"{service.url}/ready",
        "expect": {"json": {"status": "ok"}},
        "dependencies": {"field": "components"},
    }
    (unused,) = free_ports(1)
    targets = [
        ready,
        {"name": "db", "tcp": f"localhost:{service.server_port}"},
        {"name": "secure", "tls": f"localhost:{secure.server_port}", "ca_file": str(ca)},
        {"name": "gone", "tcp": f"127.0.0.1:{unused}"},
        {"name": "metadata", "http": f"{service.url}/metadata", "redirects": 3},
        {"name": "drips", "http": f"{service.url}/drips"},
        {"name": "endless", "http": f"{service.url}/endless", "expect": {"body_contains": "ok"}},
    ]
    quick = {"poll": "400ms", "timeout": "300ms", "allow_private": ["127.0.0.0/8", "::1"]}
    sli = {"source": "edge", "targets": ["api", "db"], "below": "1s"}
    return {
        "version": 1,
        "system": "oms",
        "state_dir": str(folder / "state"),
        "sources": {"probe": {"edge": {**quick, "targets": targets}}},
        "slos": [{"name": "available", "service": "api", "objective": 99, "sli": {"probe": sli}}],
        "outputs": {"web": {"listen": "127.0.0.1:0"}},
        "alerts": {
            "ProbeSlow": {"above": "0s", **NOW},
            **dict.fromkeys(("ProbeFailing", "DependencyDown"), NOW),
            **dict.fromkeys(("ProbeCertificateExpiring", "ProbeCertificateExpiresSoon"), NOW),
        },
    }


@pytest.fixture(scope="module")
def probed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Probed]:
    folder = tmp_path_factory.mktemp("probes")
    context, authority = short_lived(folder)
    with ExitStack() as stack:
        service, secure = stack.enter_context(serving()), stack.enter_context(serving(context))
        spec = spec_of_probes(folder, service, secure, authority)
        collector = CollectorProcess(folder / "collector", spec)
        stack.callback(collector.kill)
        collector.start()
        built = folder / "built"
        write(built, build(load([collector.spec_file], variables={}), ["prometheus", "promtool"]))
        target = urllib.parse.urlsplit(collector.url).netloc
        rules = Rules(str(built / "prometheus" / "*.yaml"), "127.0.0.1:1")
        server = PrometheusProcess(prometheus_binary() or "", folder, target, rules=rules, every=1)
        if prometheus_binary():
            stack.callback(server.stop)
            server.start()
        yield Probed(service, secure, collector, server, folder)


def test_each_target_is_up_or_fails_for_its_reason(probed: Probed) -> None:
    found = probed.collector.polls("edge")
    ups = {name: probed.up(name) for name in ("api", "db", "secure", "endless")}
    assert ups == dict.fromkeys(ups, 1)
    for target, reason in (("gone", "refused"), ("metadata", "address"), ("drips", "timeout")):
        assert probed.up(target) == 0
        labels = {"probe": "edge", "target": target, "reason": reason}
        assert found[key("probe_target_failures_total", **labels)] > 0
    at = {"probe": "edge", "target": "secure"}
    remaining = found[key("probe_target_certificate_remaining_seconds", **at)]
    assert DAY < remaining < 2 * DAY
    assert found[key("probe_target_phase_seconds", **at, phase="tls")] > 0
    of_api = {"probe": "edge", "target": "api"}
    assert found[key("probe_target_http_status_code", **of_api)] == 200
    assert found[key("probe_dependency_up", **of_api, dependency="db")] == 1


def test_a_source_whose_targets_fail_is_up_and_the_status_says_which_fail(probed: Probed) -> None:
    found = probed.collector.polls("edge")
    assert found[key("obs_source_up", source="edge")] == 1
    status = probed.collector.status()
    rows = {row["target"]: row for row in status["probes"]}
    assert [rows[name]["failure"] for name in ("api", "gone", "metadata")] == [
        *(None, "refused", "address"),
    ]
    assert rows["metadata"]["text"].startswith("169.254.169.254 is a link-local address")
    problems = [each for each in status["verdict"]["problems"] if each["kind"] == "probe"]
    assert {each["name"] for each in problems} == {"gone", "metadata", "drips", "secure"}
    down = {each["name"] for each in problems if each["level"] == "critical"}
    assert down == {"gone", "metadata", "drips"}


@needs("prometheus")
def test_alerts_fire_while_a_target_fails_and_resolve_when_it_is_back(probed: Probed) -> None:
    server = probed.prometheus
    whole = {("ProbeSlow", "api"), ("ProbeCertificateExpiring", "secure")}
    whole |= {("ProbeCertificateExpiresSoon", "secure"), ("ProbeFailing", "gone")}
    eventually(lambda: firing(server) >= whole)
    broken = {("ProbeFailing", "api"), ("DependencyDown", "api")}
    assert not firing(server) & broken
    probed.service.ready = False
    eventually(lambda: firing(server) >= broken)
    probed.service.ready = True
    eventually(lambda: not firing(server) & broken)
    assert firing(server) >= whole - {("ProbeSlow", "api")}


@needs("prometheus")
def test_every_panel_of_its_page_has_data(probed: Probed) -> None:
    system = load([probed.collector.spec_file], variables={})
    (board,) = [board for board in boards(system) if board.page == "probes"]
    assert [panel["type"] for panel in board.json["panels"][:6]] == ["stat"] * 6

    def empty() -> list[tuple[str, str]]:
        server = Client(probed.prometheus.url)
        during = time_range("now-20s", "now", time.time())
        with closing(server):
            seen = evaluated(board.json, server, during, chosen={}, scrape=1.0)
        assert not [panel.errors for panel in seen.panels if panel.errors]
        return [
            (panel.title, target.ref_id)
            for panel in seen.panels
            for target in panel.targets
            if not target.series
        ]

    eventually(lambda: not empty())


@needs_promtool
def test_the_generated_tests_of_its_alerts_succeed(probed: Probed) -> None:
    files = [file.name for file in (probed.folder / "built" / "tests").glob("probe_*.yaml")]
    assert judged(probed.folder / "built" / "tests", files) == dict.fromkeys(files, True)
    assert files


def test_probes_are_events_of_an_slo(probed: Probed) -> None:
    collector, of_slo = probed.collector, {"slo": "available", "slo_service": "api"}
    collector.clock.turn()
    total = key("slo_events_total", **of_slo)
    found = collector.until(lambda now: now.get(total, 0) >= 4)
    assert found[total] >= found[key("slo_good_events_total", **of_slo)] > 0


def firing(server: PrometheusProcess) -> set[tuple[str, str]]:
    """Alerts that fire, and the targets they are about."""
    query = urllib.parse.urlencode({"query": 'ALERTS{alertstate="firing",probe="edge"}'})
    try:
        with urllib.request.urlopen(f"{server.url}/api/v1/query?{query}", timeout=5) as answer:
            found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
    except OSError:  # it is starting
        return set()
    return {(each["metric"]["alertname"], each["metric"]["target"]) for each in found}
