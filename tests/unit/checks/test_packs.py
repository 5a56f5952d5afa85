"""The series that packs need, judged from what Prometheus has."""

from pathlib import Path

from obs.checks.catalogue import BY_NAME
from obs.checks.finding import CheckFinding, Outcome
from obs.checks.packs import NeedFacts, judge
from obs.spec.load import load
from obs.spec.system import System

CHECK = BY_NAME["packs"]
SPEC = """version: 1
system: shop
sources: {nats: {main: {monitor: ["http://nats:8222"]}}}
packs: {host: {where: {job: node}}, own: {orders: {from: orders.yaml}}}
"""


def system(folder: Path, more: str = "") -> System:
    (folder / "obs.yaml").write_text(SPEC + more)
    return load([folder / "obs.yaml"], variables={})


def found(folder: Path, name: str, *needs: NeedFacts) -> list[CheckFinding]:
    return list(judge(system(folder), name, needs))


def test_each_pack_is_asked_for_where_there_is_a_prometheus(tmp_path: Path) -> None:
    assert CHECK.subjects(system(tmp_path)) == ()
    stack = "stacks: {prometheus: {url: 'http://localhost:9090', rules_dir: /tmp/rules}}\n"
    assert CHECK.subjects(system(tmp_path, stack)) == ("host", "orders")


def test_series_that_are_there_are_counted(tmp_path: Path) -> None:
    needs = (NeedFacts("a", "x_exporter", 3), NeedFacts("b", "x_exporter", 1))
    (finding,) = found(tmp_path, "host", *needs)
    assert finding == CheckFinding(
        "host", Outcome.PASSED, "series that it needs are there: a: 3, b: 1"
    )


def test_series_with_other_labels_are_shown_and_how_to_take_them(tmp_path: Path) -> None:
    others = ((("job", "nodes"),), (("job", "web"),))
    (finding,) = found(
        tmp_path, "host", NeedFacts("node_cpu_seconds_total", "node_exporter", 0, others)
    )
    assert finding.outcome is Outcome.FAILED
    assert (finding.resource, finding.what) == (
        "host node_cpu_seconds_total",
        'Prometheus has none with job="node"; it has node_cpu_seconds_total with job="nodes"; '
        'job="web"',
    )
    assert finding.advice == (
        "scrape node_exporter with these labels, or correct packs.host.where, for example to "
        "{job: nodes}"
    )


def test_series_that_nothing_exports_are_told_with_what_exports_them(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, "orders", NeedFacts("orders_total", "the orders service", 0))
    assert finding.what == "Prometheus has no such series"
    assert finding.advice == "scrape the orders service, or remove packs.own.orders"
    there = NeedFacts("node_cpu_seconds_total", "node_exporter", 4)
    findings = found(tmp_path, "host", there, NeedFacts("node_x", "node_exporter", 0))
    assert [(each.resource, each.outcome) for each in findings] == [("host node_x", Outcome.FAILED)]
