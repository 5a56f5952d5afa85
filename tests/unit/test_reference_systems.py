"""The specs in `collectors`: each is one of a real system, with the limits that its owners hold."""

from pathlib import Path
from typing import Final

import pytest

from obs.alerts.tuning import check_tuning, tuned_alerts
from obs.cli.main import main
from obs.dashboards.build import boards
from obs.spec.load import read_spec

COLLECTORS: Final = Path(__file__).parents[2] / "collectors"
NAMES: Final = sorted(path.stem for path in COLLECTORS.glob("*.yaml"))
LIMITS: Final = {
    "oms": {
        "NatsConsumerLagHigh": "> 1000",
        "EventBridgeFailedInvocations": "> 5 in 5m",
        "EventBridgeErrorRateHigh": "> 10 % in 15m",
    },
    "mentoring": {"CloudRunInstancesHigh": "> 80"},
    "assistant": {
        "HttpServiceSlow": "> 500ms in 5m",
        "HttpServiceErrorsHigh": "> 5 % in 5m",
        "LlmBudgetExhausted": "> 100 %",
    },
    "knowledge-base": {
        "AlbResponseSlow": "> 500ms",
        "EcsCpuHigh": "> 70 %",
        "EcsMemoryHigh": "> 80 %",
        "ElastiCacheHitRatioLow": "< 80 % in 15m",
    },
}
"""What their owners require, by alert."""


@pytest.mark.parametrize("name", NAMES)
def test_its_owners_limits_are_those_of_its_alerts(name: str) -> None:
    spec = read_spec([COLLECTORS / f"{name}.yaml"], variables={})
    check_tuning(spec)
    found = {tuned.name: tuned.when.words().comparison for tuned in tuned_alerts(spec.system)}
    assert {alert: found.get(alert) for alert in LIMITS[name]} == LIMITS[name]
    assert {slo.objective for slo in spec.system.slos} >= {99.9}


@pytest.mark.parametrize("name", NAMES)
def test_everything_builds_and_its_dashboards_have_no_fault(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = ["--spec", str(COLLECTORS / f"{name}.yaml")]
    assert main(["alerts", "build", *spec, "--out", str(tmp_path / "alerts")]) == 0
    assert main(["dashboards", "build", *spec, "--out", str(tmp_path / "dashboards")]) == 0
    linted = [str(tmp_path / "dashboards" / "json"), *spec, "--strict"]
    assert main(["dashboards", "lint", *linted]) == 0, capsys.readouterr().out


def test_panels_of_a_pack_keep_to_the_window_of_their_alerts_on_purpose() -> None:
    system = read_spec([COLLECTORS / "assistant.yaml"], variables={}).system
    assert {"http-service", "llm"} <= {board.page for board in boards(system) if board.of_pack}
    assert not any(board.of_pack for board in boards(system) if board.page == "slos")
