"""The rules of every pack and their generated tests, as promtool judges them."""

from pathlib import Path

import pytest

from obs.alerts.targets import build
from obs.alerts.tuning import tuned_alerts
from obs.artifacts import write
from obs.packs.pack import built_in
from obs.spec.load import load
from obs.spec.packs import pack_names, shown
from obs.spec.system import System
from tests.integration.promtool import (
    check_rules,
    failed_alerts,
    judged,
    needs_promtool,
    one_alert_each,
)
from tests.integration.test_alerts_promtool import SOUND, mutant_rules, write_test

pytestmark = [pytest.mark.integration, needs_promtool]

SYSTEM = """version: 1
system: shop
sources:
  aws: {cloud: {region: us-east-1}}
  prometheus: {metrics: {url: "http://localhost:9090"}}
packs:
"""


NAMES = [name for name in pack_names() if built_in(name).alerts]
"""Packs that are not several together."""


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> System:
    """One that uses every pack."""
    used = [f"  {shown(name)}: {built_in(name).example}\n" for name in NAMES]
    path = tmp_path_factory.mktemp("packs") / "spec.yaml"
    path.write_text(SYSTEM + "".join(used))
    return load([path], variables={})


@pytest.mark.parametrize("name", [shown(name) for name in NAMES])
def test_its_rules_and_their_tests_are_clean(name: str, system: System, tmp_path: Path) -> None:
    files = build(system, ["prometheus", "promtool"])
    own = {
        target: {path: text for path, text in each.items() if Path(path).stem.split("_")[0] == name}
        for target, each in files.items()
    }
    write(tmp_path, own)
    assert "SUCCESS" in check_rules([tmp_path / path for path in own["prometheus"]])
    tests = one_alert_each(sorted(tmp_path / path for path in own["promtool"]))
    assert tests
    assert [each for each, passed in judged(tmp_path / "tests", tests).items() if not passed] == []


def test_every_mutant_of_an_alert_of_each_pack_is_caught(system: System, tmp_path: Path) -> None:
    files: list[str] = []
    alerts: set[str] = set()
    firsts = {built_in(name).alerts[0].name for name in NAMES}
    for tuned in tuned_alerts(system):
        if tuned.name not in firsts:
            continue
        rules = {
            f"{tuned.name}_{what.replace(' ', '_')}": rule
            for what, rule in mutant_rules(tuned, system).items()
        }
        alerts |= rules.keys()
        files.append(write_test(tmp_path, tuned.name, rules, tuned, system))
    survived = alerts - failed_alerts(tmp_path, files, alerts)
    assert survived == {name for name in alerts if name.endswith(f"_{SOUND}")}
