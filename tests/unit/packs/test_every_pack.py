"""What every pack that comes with obs keeps to; a new folder in `obs.packs` is tested at once."""

import re
from collections import Counter
from importlib.resources import files
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from obs.alerts.alert import Alert
from obs.alerts.conditions import Beyond
from obs.alerts.definitions import BY_NAME
from obs.alerts.runbook import runbook
from obs.alerts.tuning import check_tuning, tuned_alerts
from obs.dashboards.build import boards
from obs.packs.facts import every_pack
from obs.packs.pack import built_in
from obs.spec.load import Spec, read_spec
from obs.spec.packs import pack_names, settings_of, shown

PACKS = {name: built_in(name) for name in pack_names()}
ALERTS = [alert for pack in PACKS.values() for alert in pack.alerts]
each_pack = pytest.mark.parametrize("name", PACKS)
each_alert = pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)

SYSTEM = """version: 1
system: shop
sources:
  nats: {main: {monitor: ["http://localhost:8222"]}}
  aws: {cloud: {region: us-east-1}}
  prometheus: {metrics: {url: "http://localhost:9090"}}
"""


def using(folder: Path, *packs: str) -> Spec:
    """The system with these packs, as their examples have them."""
    used = [f"  {shown(name)}: {PACKS[name].example}\n" for name in packs]
    path = folder / "spec.yaml"
    path.write_text(f"{SYSTEM}packs:\n{''.join(used)}")
    return read_spec([path])


def panels(board: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for each in board["panels"] if each["type"] != "row"]


def test_no_alert_metric_or_page_is_there_twice() -> None:
    alerts = Counter(alert.name for alert in chain(ALERTS, BY_NAME.values()))
    pages = Counter(page.name for pack in PACKS.values() for page in pack.pages)
    assert [name for name, number in (*alerts.items(), *pages.items()) if number > 1] == []


@each_pack
def test_its_example_is_a_valid_spec_and_each_alert_becomes_a_rule(
    name: str, tmp_path: Path
) -> None:
    spec = using(tmp_path, name)
    check_tuning(spec)
    built = {tuned.name for tuned in tuned_alerts(spec.system)}
    assert {alert.name for alert in PACKS[name].alerts} <= built


@each_pack
def test_each_setting_is_described(name: str) -> None:
    facts = next(each for each in every_pack() if each.name == shown(name))
    assert {entry["name"] for entry in facts.settings} >= set(settings_of(name).model_fields)
    assert facts.about.endswith(".")
    assert facts.in_words()


@each_pack
def test_it_names_the_metrics_that_its_alerts_and_pages_read(name: str) -> None:
    pack = PACKS[name]
    declared = {series for metric in pack.metrics for series in metric.series}
    read = {metric.name for alert in pack.alerts for metric in alert.when.metrics()}
    for page in pack.pages:
        read |= {metric.name for _, metric in page.variables}
        quantities = [stat.quantity for stat in page.stats]
        quantities += [line.quantity for row in page.rows for p in row.panels for line in p.lines]
        read |= {metric.name for each in quantities for metric in each.metrics()}
    assert read <= declared
    assert declared <= read | {part for metric in pack.metrics for part in metric.series[1:]} | {
        metric.name for metric in pack.metrics if metric.buckets
    }


@each_pack
def test_each_runbook_belongs_to_an_alert(name: str) -> None:
    there = {file.name.removesuffix(".md") for file in runbooks(name)}
    assert there == {alert.name for alert in PACKS[name].alerts}


def runbooks(name: str) -> list[Any]:
    if not PACKS[name].alerts:  # of several packs together
        return []
    return list((files(f"obs.packs.{name}") / "runbooks").iterdir())


@each_pack
def test_its_pages_are_sound(name: str, tmp_path: Path) -> None:
    pack = PACKS[name]
    shown_ = {board.page: board for board in boards(using(tmp_path, name).system)}
    for page in pack.pages:
        board = shown_[page.name]
        every = panels(board.json)
        assert board.question.endswith("?")
        assert len(every) <= 25
        assert {each["type"] for each in every if each["gridPos"]["y"] == 0} == {"stat"}
        assert all(each["description"].rstrip().endswith(".") for each in every)
        used = " ".join(target["expr"] for each in every for target in each["targets"])
        chosen = set(re.findall(r"\$(\w+)", used))
        offered = {each["name"] for each in board.json["templating"]["list"]}
        assert offered - {"datasource"} <= chosen
        assert len({each["id"] for each in every}) == len(every)


@each_pack
def test_each_alert_links_to_a_panel_that_shows_its_threshold(name: str, tmp_path: Path) -> None:
    pack = PACKS[name]
    keys = {
        f"{page.name}/{lines.key}"
        for page in pack.pages
        for row in page.rows
        for lines in row.panels
    }
    assert {alert.panel for alert in pack.alerts} <= keys


@each_alert
def test_an_alert_is_well_made(alert: Alert) -> None:
    assert re.fullmatch(r"([A-Z][a-z0-9]+)+", alert.name)
    assert len(alert.name) <= 40
    for text in (alert.summary, alert.description, alert.why):
        assert text.endswith(".")
    assert "{" not in alert.summary + alert.why
    known = {"value", "threshold", "window", "hold", *alert.about.labels}
    assert set(re.findall(r"\{(\w+)\}", alert.description)) <= known
    assert alert.about.name in alert.about.labels
    if isinstance(alert.when, Beyond):
        assert alert.when.by == alert.about.labels
    for metric in alert.when.metrics():
        assert set(alert.about.labels) <= set(metric.labels)


@each_alert
def test_a_runbook_has_impact_three_commands_mitigation_and_false_positives(alert: Alert) -> None:
    titles = re.findall(r"^## (.*)$", alert.runbook, re.MULTILINE)
    assert titles == ["Impact", "Diagnosis", "Mitigation", "False positives"]
    block = re.search(r"```sh\n(.*?)```", alert.runbook, re.DOTALL)
    assert block
    assert len(block[1].splitlines()) == 3


@each_pack
def test_no_placeholder_is_left_in_a_runbook(name: str, tmp_path: Path) -> None:
    system = using(tmp_path, name).system
    for alert in PACKS[name].alerts:
        assert "{" not in runbook(alert, (), system)


def test_a_label_and_a_glob_choose_the_series(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(f'{SYSTEM}packs: {{host: {{where: {{job: node, cluster: "prod-?.x*"}}}}}}\n')
    rules = {each.name: each for each in tuned_alerts(read_spec([path]).system)}
    assert 'cluster=~"prod-.\\\\.x.*",job="node"}' in rules["HostCpuHigh"].expression


def test_an_unused_pack_has_neither_rules_nor_pages(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(SYSTEM)
    system = read_spec([path]).system
    assert not {alert.name for alert in ALERTS} & {each.name for each in tuned_alerts(system)}
    assert not {page.name for pack in PACKS.values() for page in pack.pages} & {
        board.page for board in boards(system)
    }
