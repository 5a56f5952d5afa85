"""Packs of the user's own on a real Prometheus: the files of docs/packs/README.md."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from obs.alerts.targets import build
from obs.artifacts import write
from obs.checks.catalogue import BY_NAME
from obs.checks.finding import CheckFinding
from obs.checks.run import run
from obs.cli.main import main
from obs.dashboards.build import boards
from obs.sandbox.prometheus import prometheus_binary
from obs.spec.load import load
from obs.spec.system import System
from tests.integration.pack_services.recorded import Exposition, exposition
from tests.integration.pack_services.watching import Watching, watching
from tests.integration.promtool import check_rules, judged, needs, needs_promtool
from tests.integration.waiting import eventually
from tests.unit.own_packs.documented import place

pytestmark = [pytest.mark.integration, needs_promtool, needs("prometheus")]
TYPES = {
    **dict.fromkeys(("orders_total", "nginx_connections_accepted"), "counter"),
    **dict.fromkeys(("orders_waiting", "nginx_up"), "gauge"),
    "orders_duration_seconds": "histogram",
}
BUCKETS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10)
AS_GRAFANA = {
    **{"$shop": ".*", "$instance": ".*", "$__range": "30s", "[5m]": "[2s]"},
    'job="nginx"': 'job="web"',
}
"""What stands in queries, and what it is in this test."""
QUICK = "alerts:\n  OrdersFailing: {for: 0s}\n  NginxDropsConnections: {for: 0s}\n"


@pytest.fixture(scope="module")
def served() -> Iterator[Exposition]:
    """What the shop and nginx export."""
    with exposition(TYPES) as found:
        yield found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("own")
    spec = place(found)
    spec.write_text(f"{spec.read_text()}{QUICK}")
    built = build(load([spec], variables={}), ["prometheus"])
    write(found / "alerts", built)
    for path in (found / "alerts" / "prometheus").iterdir():
        path.write_text(path.read_text().replace("[5m]", "[2s]"))  # a drill of minutes in seconds
    return found


@pytest.fixture(scope="module")
def prometheus(served: Exposition, folder: Path) -> Iterator[Watching]:
    assert prometheus_binary()
    _traffic(served, 1)
    targets = {"orders": served.target, "web": served.target}
    rules = str(folder / "alerts" / "prometheus" / "*s.yaml")
    with watching(folder, targets, rules=rules, every="200ms") as found:
        yield found


def _traffic(served: Exposition, seconds: float, *, failing: float = 0.0) -> None:
    for outcome, share in (("ok", 1 - failing), ("failed", failing)):
        served.add(f'orders_total{{shop="berlin",outcome="{outcome}"}}', 100 * share * seconds)
    served.observe('orders_duration_seconds{shop="berlin"}', 0.2, BUCKETS)
    served.set('orders_waiting{shop="berlin"}', 3)
    served.set("nginx_up", 1)
    served.set("nginx_connections_active", 5)
    for name in ("connections_accepted", "connections_handled", "http_requests_total"):
        served.add(f"nginx_{name}", 10 * seconds)


def asked(folder: Path, prometheus: Watching, packs: str) -> System:
    path = folder / "asked.yaml"
    path.write_text(
        "version: 1\nsystem: shop\n"
        f"stacks: {{prometheus: {{url: '{prometheus.url}', rules_dir: {folder}}}}}\n"
        f"packs: {{own: {{{packs}}}}}\n"
    )
    return load([path], variables={})


def findings(folder: Path, prometheus: Watching, packs: str) -> tuple[CheckFinding, ...]:
    (result,) = run(asked(folder, prometheus, packs), [BY_NAME["packs"]])
    return result.findings


def test_the_rules_of_own_packs_and_their_generated_tests_are_clean(tmp_path: Path) -> None:
    system = load([place(tmp_path)], variables={})
    files = build(system, ["prometheus", "promtool"])
    write(tmp_path, files)
    own = [tmp_path / "prometheus" / f"{name}.yaml" for name in ("orders", "nginx")]
    assert "SUCCESS" in check_rules(own)
    results = judged(tmp_path / "tests", ["orders_1m_test.yaml", "nginx_1m_test.yaml"])
    assert results == {"orders_1m_test.yaml": True, "nginx_1m_test.yaml": True}


def test_every_panel_of_own_packs_has_data(
    served: Exposition, prometheus: Watching, folder: Path
) -> None:
    system = load([folder / "obs.yaml"], variables={})
    own = [board for board in boards(system) if board.page in ("orders", "nginx")]
    queries = [
        target["expr"]
        for board in own
        for panel in board.json["panels"]
        for target in panel.get("targets", [])
    ]
    assert len(queries) == 11
    for query in queries:
        promql = query
        for written, here in AS_GRAFANA.items():
            promql = promql.replace(written, here)

        def drawn(promql: str = promql) -> bool:
            _traffic(served, 0.2)
            return bool(prometheus.query(promql))

        assert eventually(drawn), promql


def test_an_alert_of_a_pack_in_yaml_fires_at_a_fault_and_resolves(
    served: Exposition, prometheus: Watching
) -> None:
    def fires(failing: float) -> bool:
        _traffic(served, 0.2, failing=failing)
        return "OrdersFailing" in prometheus.firing()

    assert not fires(0)
    eventually(lambda: fires(0.5))
    eventually(lambda: not fires(0))


def test_the_check_finds_what_packs_need_and_how_to_correct_what_is_elsewhere(
    prometheus: Watching, folder: Path
) -> None:
    orders, nginx = "from: packs/orders.yaml", "from: packs/nginx/pack.py"
    (there,) = findings(folder, prometheus, f"orders: {{{orders}, where: {{job: 'ord*'}}}}")
    assert there.what == "series that it needs are there: orders_total: 2"
    (wrong,) = findings(folder, prometheus, f"nginx: {{{nginx}, where: {{job: nginx}}}}")
    assert wrong.resource == "nginx nginx_up"
    assert wrong.what == (
        'Prometheus has none with job="nginx"; it has nginx_up with job="orders"; job="web"'
    )
    assert wrong.advice == (
        "scrape nginx-prometheus-exporter with these labels, or correct packs.own.nginx.where, for "
        "example to {job: orders}"
    )
    (other,) = findings(folder, prometheus, f"orders: {{{orders}, where: {{cluster: prod}}}}")
    assert other.what == (
        'Prometheus has none with cluster="prod"; it has orders_total with no such label'
    )


def test_obs_check_shows_it(
    prometheus: Watching, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked(folder, prometheus, "nginx: {from: packs/nginx/pack.py, where: {job: nginx}}")
    command = ["check", "--spec", str(folder / "asked.yaml"), "--only", "packs", "--format"]
    assert main([*command, "json"]) == 1
    (check,) = json.loads(capsys.readouterr().out)
    assert (check["check"], check["outcome"]) == ("packs", "failed")
    assert main([*command, "text"]) == 1
    shown = capsys.readouterr().out
    assert shown.startswith("✗ packs\n  ✗ nginx nginx_up: Prometheus has none with job")
    assert "\n      scrape nginx-prometheus-exporter with these labels, or correct" in shown
