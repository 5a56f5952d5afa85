"""obs alerts."""

import json
import re
from pathlib import Path

import pytest

from obs.cli.main import main
from tests.unit.cli.shop import SPEC


def test_building_twice_changes_nothing(
    spec: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build = ["alerts", "build", "--spec", spec, "--out", str(tmp_path / "out")]
    assert main(build) == 0
    assert "prometheus/nats.yaml" in capsys.readouterr().out
    assert main(build) == 0
    assert "0 changed" in capsys.readouterr().out
    assert main([*build, "--check"]) == 0


def test_check_shows_what_would_change_and_writes_nothing(
    spec: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build = ["alerts", "build", "--spec", spec, "--out", str(tmp_path / "out")]
    assert main([*build, "--check"]) == 1
    assert "+groups:" in capsys.readouterr().out
    assert not (tmp_path / "out").exists()


def test_drift_caused_by_a_variable_names_it(
    spec: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (
        SPEC.replace("shop", "${SHOP:-shop}")
        .replace("http://nats", "'http://${HOST:-nats}")
        .replace(":8222", ":8222'")
    )
    Path(spec).write_text(text, encoding="utf-8")
    build = ["alerts", "build", "--spec", spec, "--out", str(tmp_path / "out")]
    build += ["--target", "prometheus"]
    assert main(build) == 0
    monkeypatch.setenv("SHOP", "bazaar")
    monkeypatch.setenv("HOST", "example.com")
    capsys.readouterr()
    assert main([*build, "--check"]) == 1
    output = capsys.readouterr().out
    assert "$SHOP is set here" in output
    assert "env -u SHOP" in output
    assert "$HOST" not in output
    assert main(build) == 0
    assert main([*build, "--check"]) == 0


def test_help_names_every_target(capsys: pytest.CaptureFixture[str]) -> None:
    from obs.alerts.targets import TARGETS
    from obs.stacks.targets import ALERTS

    for action, targets in (("build", TARGETS), ("apply", ALERTS)):
        assert main(["alerts", action, "--help"]) == 0
        help = capsys.readouterr().out.partition("--target NAME  ")[2].partition("\n  --")[0]
        assert set(targets) <= set(re.findall(r"[\w-]+", help.partition("\n\n")[0]))


def test_an_unknown_target_is_reported(spec: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["alerts", "build", "--spec", spec, "--target", "promethius"]) == 2
    assert "did you mean prometheus?" in capsys.readouterr().err


def test_invalid_tuning_is_reported_before_anything_is_written(
    spec: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(spec).write_text(f"{SPEC}alerts:\n  NatsConsumerLagHigh: {{below: 3}}\n")
    assert main(["alerts", "build", "--spec", spec, "--out", str(tmp_path / "out")]) == 2
    assert "obs.yaml:6: alerts.NatsConsumerLagHigh.below" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_list_has_each_alert_with_its_threshold(
    spec: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["alerts", "list", "--spec", spec, "--format", "json"]) == 0
    alerts = {fact["alert"]: fact for fact in json.loads(capsys.readouterr().out)}
    assert alerts["NatsConsumerLagHigh"]["threshold"] == "> 1000"
    assert "EventBridgeFailedInvocations" not in alerts


def test_the_list_says_what_each_alert_is_built_for(
    spec: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(spec).write_text(
        f"{SPEC}  aws: {{cloud: {{region: us-east-1, queues: [dlq]}}}}\n", encoding="utf-8"
    )
    assert main(["alerts", "list", "--spec", spec, "--format", "json"]) == 0
    targets = {each["alert"]: each["targets"] for each in json.loads(capsys.readouterr().out)}
    assert targets["NatsConsumerStalled"] == ["prometheus", "grafana", "operator", "amp"]
    assert targets["SqsDeadLettersWaiting"] == [*targets["NatsConsumerStalled"], "cloudwatch"]
    out = tmp_path / "out"
    evaluating = ("prometheus", "grafana", "operator", "amp", "cloudwatch")
    chosen = [word for target in evaluating for word in ("--target", target)]
    assert main(["alerts", "build", "--spec", spec, "--out", str(out), *chosen]) == 0
    for target in evaluating:
        built = [path for path in (out / target).rglob("*.*") if path.name != "plan.json"]
        text = "".join(path.read_text() for path in built)
        named = {alert for alert in targets if re.search(rf"\b{alert}\b", text)}
        assert named == {alert for alert, names in targets.items() if target in names}
    capsys.readouterr()
    assert main(["alerts", "list", "--spec", spec]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert " ".join(head.split()) == "ALERT SEVERITY ABOUT THRESHOLD FOR TARGETS RUNBOOK"
    assert {row.split()[0] for row in rows} == set(targets)
    assert any(row.endswith("amp,cloudwatch  runbooks/SqsDeadLettersWaiting.md") for row in rows)


def test_an_explanation_has_meaning_expression_and_what_to_do(
    spec: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["alerts", "explain", "NatsConsumerStopped", "--spec", spec]) == 0
    output = capsys.readouterr().out
    for words in ("(nats_consumer_status{environment=", "}) == 4", "## Mitigation", "## Silencing"):
        assert words in output


def test_an_unknown_alert_is_reported(spec: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["alerts", "explain", "NatsConsumerStoped", "--spec", spec]) == 2
    assert "did you mean NatsConsumerStopped?" in capsys.readouterr().err
