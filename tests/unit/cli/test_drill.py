"""obs drill, as far as it runs nothing."""

import json
from collections.abc import Callable

import pytest

from obs.cli.main import main
from obs.errors import BadInput
from obs.sandbox import drills
from obs.sandbox.drill_report import AlertOutcome, DrillReport
from obs.sandbox.drills import DRILLS, Drill, run_drill
from obs.sandbox.faults import FAULTS

REPORTS = {
    "consumer-stopped": DrillReport(
        "consumer-stopped", (AlertOutcome("NatsConsumerStopped", 11.04, 3.0),), ()
    ),
    "aws-throttled": DrillReport(
        "aws-throttled",
        (AlertOutcome("ObsSourceDown", None, None),),
        ("ObsSourceDown did not fire",),
    ),
    "healthy": DrillReport("healthy", (), ()),
}


@pytest.fixture(autouse=True)
def played(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, float]]:
    """Drills are not run, but answered; which they were, and how long healthy ones are to last."""
    asked = []

    async def answer(
        drill: Drill, tell: Callable[[str], None], *, quiet_seconds: float
    ) -> DrillReport:
        asked.append((drill.name, quiet_seconds))
        return REPORTS[drill.name]

    monkeypatch.setattr(drills, "run_drill", answer)
    monkeypatch.setattr("obs.sandbox.prerequisites.clear_environment", lambda: None)
    return asked


def test_each_fault_has_a_drill_of_its_alerts() -> None:
    single = {drill.name: drill.alerts for drill in DRILLS if len(drill.faults) == 1}
    assert single == {fault.name: fault.alerts for fault in FAULTS}


def test_the_list_names_each_drill_with_its_alerts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["drill", "--list"]) == 0
    said = capsys.readouterr().out
    assert "healthy\n    no fault is injected, and no alert may fire\n    alerts: none\n" in said
    assert main(["drill", "--list", "--format", "json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in listed] == [drill.name for drill in DRILLS]


def test_a_table_tells_each_alert_with_its_times_and_verdict(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["drill", "consumer-stopped", "healthy"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "fault             alert                fired after  resolved after  verdict",
        "consumer-stopped  NatsConsumerStopped  11.0 s       3.0 s           passed",
        "healthy           none                                              passed",
    ]


def test_a_failed_drill_says_what_was_wrong_and_exits_with_1(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["drill", "healthy", "aws-throttled"]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[-2].split() == ["aws-throttled", "ObsSourceDown", "never", "never", "FAILED"]
    assert said[-1] == "aws-throttled: ObsSourceDown did not fire"


def test_the_outcome_is_json_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["drill", "consumer-stopped", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == [
        {
            "drill": "consumer-stopped",
            "passed": True,
            "alerts": [
                {"alert": "NatsConsumerStopped", "fired_seconds": 11.04, "resolved_seconds": 3.0}
            ],
            "wrong": [],
        }
    ]


def test_the_healthy_drill_lasts_as_long_as_given(played: list[tuple[str, float]]) -> None:
    assert main(["drill", "healthy", "--for", "10m"]) == 0
    assert played == [("healthy", 600)]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nats-dwn"], "drill nats-dwn: unknown drill; did you mean nats-down?\n"),
        (["--for", "60"], "--for: 60 has no unit; write 60s if seconds are meant\n"),
    ],
)
def test_a_bad_argument_is_one_line_and_exit_code_2(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["drill", *arguments]) == 2
    assert capsys.readouterr().err == said


async def test_without_its_programs_a_drill_names_the_packages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(drills, "prometheus_binary", lambda: None)
    monkeypatch.setattr(drills, "alertmanager_binary", lambda: None)
    with pytest.raises(BadInput, match="prometheus and prometheus-alertmanager"):
        await run_drill(DRILLS[0], lambda text: None)
