"""SLOs that rules evaluate, where a spec is built, judged and collected."""

from pathlib import Path
from typing import Any

import pytest

from obs import catalogue
from obs.alerts.recording import recording_groups
from obs.alerts.ruler_limits import RulerLimits
from obs.alerts.slo_rules import RECORDS, slo_groups
from obs.alerts.targets import build
from obs.alerts.tuning import tuned_alerts
from obs.catalogue import slo
from obs.collector.assembly import assemble
from obs.collector.status import build_status
from obs.spec.load import load
from obs.spec.report import InvalidSpec
from obs.spec.stacks import MimirStack
from obs.spec.system import System

HEAD = "version: 1\nsystem: shop\nsources:\n  prometheus: {metrics: {url: 'http://127.0.0.1:9'}}\n"
NATS = "  nats: {main: {monitor: ['http://127.0.0.1:9']}}\n"
EVENTS = "{prometheus: {source: metrics, bad: bad_total, total: all_total}}"
MINUTES = "{prometheus_minutes: {source: metrics, holds: min(up)}}"
LAG = "{nats_lag: {source: main, stream: S, consumer: c, max_seconds: 30s}}"


def written(name: str, sli: str, engine: str = "rules") -> str:
    return f"  - {{name: {name}, service: web, objective: 99.9, engine: {engine}, sli: {sli}}}\n"


def system(folder: Path, *slos: str, head: str = HEAD) -> System:
    file = folder / "obs.yaml"
    file.write_text(f"{head}slos:\n{''.join(slos)}state_dir: {folder / 'state'}\n")
    return load([file], variables={})


def names(found: System) -> set[str]:
    return {tuned.name for tuned in tuned_alerts(found)}


@pytest.mark.parametrize("sli", [EVENTS, MINUTES])
def test_an_slo_s_rules_fit_a_group_that_rulers_allow_and_need_a_minute_s_interval(
    tmp_path: Path, sli: str
) -> None:
    groups = slo_groups(system(tmp_path, written("a", sli), written("b", sli)))
    most = RulerLimits.of(MimirStack(url="http://mimir")).rules
    assert all(len(group["rules"]) <= most for group in groups)
    # Groups of one interval are next to each other: a ruler's limits may have them joined.
    assert [group["interval"] for group in groups] == ["1m", "1m", "5m", "5m"]
    labels = [rule["labels"] for group in groups[::2] for rule in group["rules"]]
    assert all(each["slo"] == "a" and each["system"] == "shop" for each in labels)


def test_rules_record_every_metric_of_an_slo_that_a_collector_exports(tmp_path: Path) -> None:
    groups = slo_groups(system(tmp_path, written("a", EVENTS)))
    recorded = {rule["record"] for group in groups for rule in group["rules"]}
    others = {  # of SLOs that rules cannot evaluate: over many objects, or by the calendar
        *(slo.OBJECTS, slo.OBJECTS_DROPPED, slo.BUDGET_RESET, slo.IN_MAINTENANCE),
    }
    exported = {each.name for each in catalogue.ALL if each.name.startswith("slo_")}
    exported -= {each.name for each in others}
    assert exported <= recorded == RECORDS | (recorded & catalogue.RECORDED.keys())


def test_an_slo_is_evaluated_by_rules_or_by_the_collector_and_not_by_both(tmp_path: Path) -> None:
    found = system(tmp_path, written("a", EVENTS), written("b", EVENTS, "collector"))
    of_rules = [each["name"] for each in slo_groups(found)]
    assert of_rules == ["shop-slo-rules-web-a", "shop-slo-rules-long-web-a"]
    assert [each["name"] for each in recording_groups(found)] == ["shop-slo-recording-web-b"]
    collector = assemble(found).collector
    assert [each.slo.name for each in collector.objectives.all] == ["b"]
    status = build_status(collector)
    assert status.slos_by_rules == ("web/a",)
    (listed,) = status.recorded_slos
    assert (listed.name, listed.source, listed.url) == ("a", "metrics", "http://127.0.0.1:9")
    collector.close()


def test_where_rules_evaluate_everything_no_alert_is_about_a_collector(tmp_path: Path) -> None:
    without = names(system(tmp_path, written("a", EVENTS)))
    assert {each for each in without if each.startswith("Obs")} == {"ObsWatchdog"}
    assert {"SloBudgetBurnsFast", "SloNoData"} <= without
    assert "ObsCollectorAbsent" in names(system(tmp_path, written("a", EVENTS), head=HEAD + NATS))
    mixed = (written("a", EVENTS), written("b", EVENTS, "collector"))
    assert "ObsCollectorAbsent" in names(system(tmp_path, *mixed))


def test_rules_cannot_evaluate_what_only_the_collector_knows(tmp_path: Path) -> None:
    with pytest.raises(InvalidSpec) as caught:
        system(tmp_path, written("a", LAG), head=HEAD + NATS)
    assert "rules cannot count the events of nats_lag, which only the collector knows" in str(
        caught.value
    )


@pytest.mark.parametrize(
    ("target", "file"),
    [
        ("prometheus", "prometheus/slo-rules.yaml"),
        ("prometheus-3", "prometheus-3/slo-rules.yaml"),
        ("operator", "operator/slo-rules.yaml"),
        ("amp", "amp/slo-rules.json"),
        ("promtool", "tests/slo-rules_1m_test.yaml"),
    ],
)
def test_every_target_that_evaluates_promql_gets_the_rules(
    tmp_path: Path, target: str, file: str
) -> None:
    files: dict[str, Any] = dict(build(system(tmp_path, written("a", EVENTS)), [target])[target])
    assert file in files
    assert slo.BURN_RATE.name in files[file] or target == "promtool"
