"""Whose objective it is, on the page of one SLO."""

from pathlib import Path

import yaml

from tests.unit.dashboards.systems import OMS, by_page, panel, system


def test_the_page_of_an_slo_says_whose_it_is_where_the_spec_does(tmp_path: Path) -> None:
    slos = yaml.safe_load(OMS.read_text(encoding="utf-8"))["slos"]
    slos[0] |= {"team": "orders", "owner": "Jo", "labels": {"cost_center": "7"}}
    page = by_page(system(tmp_path, slos=slos))["slo_detail"]
    (target,) = panel(page, "Whose objective it is")["targets"]
    assert "slo_info{" in target["expr"]
    assert "by (slo, slo_service, team, owner, cost_center)" in target["expr"]
    without = by_page(system(tmp_path))["slo_detail"]
    assert "Whose objective it is" not in str(without.json)
