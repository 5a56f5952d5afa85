"""Packs whose settings choose what they declare: their rules and tests as promtool judges them."""

from pathlib import Path

import pytest

from obs.alerts.targets import build
from obs.artifacts import write
from obs.packs.pack import pack_of
from obs.spec.load import load
from tests.integration.promtool import check_rules, judged, needs_promtool, one_alert_each

pytestmark = [pytest.mark.integration, needs_promtool]

SPEC = """version: 1
system: shop
sources: {prometheus: {metrics: {url: "http://localhost:9090"}}}
packs:
  containers: {runtime: docker, where: {job: cadvisor}}
  cloud-run: {names: managed, max_instances: 10, where: {project_id: ion}}
"""


def test_rules_and_their_tests_are_clean_by_other_settings(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(SPEC)
    system = load([path], variables={})
    write(tmp_path, files := build(system, ["prometheus", "promtool"]))
    assert "SUCCESS" in check_rules([tmp_path / each for each in files["prometheus"]])
    of_packs = [tmp_path / each for each in files["promtool"] if "collector" not in each]
    tests = one_alert_each(of_packs)
    built = {
        alert.name for name, each in system.packs.used() for alert in pack_of(name, each).alerts
    }
    assert {Path(test).stem.rpartition("_")[2] for test in tests} == built
    assert [each for each, passed in judged(tmp_path / "tests", tests).items() if not passed] == []
