"""The formats that only --target builds: two alerts and a dashboard of one panel, byte for byte."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from obs.alerts import targets as alert_targets
from obs.alerts.tuning import tuned_alerts
from obs.artifacts import Files
from obs.dashboards import formats
from obs.dashboards.build import Board, boards
from obs.spec.load import load
from obs.spec.system import System
from tests.golden_files import GOLDEN, differences

ALERTS = ("NatsConsumerLagHigh", "ObsWatchdog")


@pytest.fixture(scope="module")
def system() -> System:
    return load([GOLDEN / "shop.yaml"], variables={})


def cut_down(board: Board) -> Board:
    """The dashboard with its first panel alone."""
    panel = next(each for each in board.json["panels"] if each["type"] != "row")
    return replace(board, json={**board.json, "panels": [panel]})


def test_alert_rules(system: System, matches_golden: Callable[[Files, str], None]) -> None:
    alerts = [tuned for tuned in tuned_alerts(system) if tuned.name in ALERTS]
    assert {tuned.name for tuned in alerts} == set(ALERTS)
    built: dict[str, str] = {}
    for target in alert_targets.TARGETS.keys() - set(alert_targets.DEFAULT):
        built |= alert_targets.TARGETS[target](alerts, system)
    matches_golden(built, "alerts")


def test_dashboards(system: System, matches_golden: Callable[[Files, str], None]) -> None:
    board = cut_down(boards(system)[0])
    built: dict[str, str] = {}
    for target in formats.TARGETS.keys() - set(formats.DEFAULT):
        built |= formats.TARGETS[target]([board], system)
    matches_golden(built, "dashboards")


def test_a_difference_fails_with_its_diff_and_can_be_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.golden_files.GOLDEN", tmp_path)
    old, new = {"a/x": "1\n", "y": "1\n"}, {"a/x": "2\n"}
    assert differences(old, "f", update=True) == ""
    assert differences(old, "f", update=False) == ""
    found = differences(new, "f", update=False).splitlines()
    assert found[-3:] == ["-1", "+2", f"{tmp_path / 'f' / 'y'}: is not built any more"]
    assert differences(new, "f", update=True) == ""
    assert differences(new, "f", update=False) == ""
    assert not (tmp_path / "f" / "y").exists()
