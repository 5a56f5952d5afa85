"""obs validate and obs schema."""

import json
from pathlib import Path

import pytest

from obs.cli.main import main
from obs.spec.schema import json_schema
from tests.unit.cli.shop import SPEC

REFERENCE = str(Path(__file__).parents[3] / "collectors" / "oms.yaml")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("OBS_SPEC", "OBS_LISTEN", "OBS_STATE_DIR", "NATS_MONITOR", "NATS_URL"):
        monkeypatch.delenv(name, raising=False)


def test_a_sound_spec_is_summed_up_at_one_glance(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "--spec", REFERENCE]) == 0
    assert capsys.readouterr().out == (
        "oms: valid, environment production (also: development, staging)\n"
        "\n"
        "2 sources\n"
        "  nats  main   http://nats:8222\n"
        "  aws   cloud  us-east-1, buses oms-events\n"
        "\n"
        "3 SLOs\n"
        "  oms/event-delivery       99.9 %  over 30d  invocations on oms-events: "
        "oms-schema-changed, oms-object-changed\n"
        "  oms/consumer-timeliness  99.5 %  over 30d  lag of OMS_EVENTS/oms-processor within "
        "1m and 1000 messages\n"
        "  oms/processing           99.9 %  over 30d  messages of OMS_EVENTS/oms-processor\n"
        "\n"
        "2 outputs\n"
        "  metrics     http://127.0.0.1:9464/metrics\n"
        "  cloudwatch  OMS/Events: nats_consumer_lag_messages\n"
        "\n"
        "metrics\n"
        "  each consumer  up to 12 series\n"
        "  each stream    up to 20 series\n"
        "  on request     36 more metrics, which --format json lists\n"
    )


def test_it_is_json_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "--spec", REFERENCE, "--env", "development", "--format", "json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["valid"], facts["problems"]) == (True, [])
    assert facts["environment"] == "development"
    assert facts["environments"] == ["development", "staging", "production"]
    assert facts["outputs"] == ["metrics"]


def test_problems_go_to_standard_error_with_exit_code_2(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "bad.yaml").write_text("version: 1\nsystem: a\nurll: 1\nslos: 3\n", "utf-8")
    assert main(["validate", "--spec", "bad.yaml"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.split(": ")[:2] for line in err.splitlines()] == [
        ["bad.yaml:3", "urll"],
        ["bad.yaml:4", "slos"],
    ]


def test_an_alert_that_does_not_exist_is_a_mistake_of_the_spec(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = tmp_path / "obs.yaml"
    spec.write_text(f"{SPEC}alerts:\n  NatsConsumerLagHi: {{above: 5}}\n", encoding="utf-8")
    assert main(["validate", "--spec", str(spec)]) == 2
    assert "did you mean NatsConsumerLagHigh?" in capsys.readouterr().err


def test_mistakes_of_every_kind_are_told_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = tmp_path / "obs.yaml"
    spec.write_text(
        """version: 1
system: shop
sources: {nats: {main: {monitor: ["http://nats:8222"], timeout: 5x}}}
slos:
  - name: late
    service: shop
    objective: 99
    sli: {nats_lag: {source: mian, stream: S, consumer: c, max_seconds: 90 sec}}
alerts:
  NatsConsumerStoped: {for: 5 min}
  SqsBacklogOld: {for: 5m}
""",
        encoding="utf-8",
    )
    assert main(["validate", "--spec", str(spec)]) == 2
    told = [line.removeprefix(f"{spec}:") for line in capsys.readouterr().err.splitlines()]
    assert [line.split(";")[0] for line in told] == [
        "3: sources.nats.main.timeout: '5x' is not a duration",
        "8: slos[0].sli.nats_lag.max_seconds: '90 sec' is not a duration",
        "8: slos[0].sli.nats_lag.source: no NATS source 'mian'",
        "10: alerts.NatsConsumerStoped: no alert of this name",
        "10: alerts.NatsConsumerStoped.for: '5 min' is not a duration",
    ]


def test_an_alert_of_the_specs_own_pack_is_not_doubted_while_the_spec_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = tmp_path / "obs.yaml"
    own = "packs: {own: {mine: packs/mine}}\nalerts: {MineDown: {for: 5m}}\nurll: 1\n"
    spec.write_text(f"{SPEC}{own}", encoding="utf-8")
    assert main(["validate", "--spec", str(spec)]) == 2
    assert "MineDown" not in capsys.readouterr().err


def test_problems_are_objects_for_programs(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "bad.yaml").write_text("version: 1\nsystem: a\nslos: 3\n", "utf-8")
    assert main(["validate", "--spec", "bad.yaml", "--format", "json"]) == 2
    assert json.loads(capsys.readouterr().out) == {
        "valid": False,
        "problems": [
            {
                "file": "bad.yaml",
                "line": 3,
                "field": "slos",
                "message": "3 where a list of mappings is expected",
            }
        ],
    }


def test_without_a_spec_it_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate"]) == 2
    assert capsys.readouterr().err == (
        "no spec: give --spec FILE, set OBS_SPEC, or write obs.yaml with `obs init`\n"
    )


def test_the_spec_is_found_by_argument_then_by_variable_then_by_its_usual_name(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("obs", "named", "given"):
        (tmp_path / f"{name}.yaml").write_text(f"version: 1\nsystem: {name}\n", "utf-8")
    found = []
    for argv, variable in ([], ""), ([], "named.yaml"), (["--spec", "given.yaml"], "named.yaml"):
        monkeypatch.setenv("OBS_SPEC", variable)
        assert main(["validate", *argv]) == 0
        found.append(capsys.readouterr().out.split(":")[0])
    assert found == ["obs", "named", "given"]


def test_spec_may_be_repeated(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("version: 1\nsystem: a\n", "utf-8")
    (tmp_path / "b.yaml").write_text("sources: {aws: {x: {region: eu-west-1}}}\n", "utf-8")
    assert main(["validate", "--spec", "a.yaml", "--spec", "b.yaml"]) == 0
    assert "aws  x  eu-west-1, buses *" in capsys.readouterr().out


def test_the_schema_is_printed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == json_schema()


def test_validate_says_which_burn_rates_alert_and_what_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sli = "{nats_lag: {source: main, stream: S, consumer: c, max_seconds: 30s}}"
    slos = "".join(
        f"  - {{name: {name}, service: s, objective: {percent}, window: {window}, sli: {sli}}}\n"
        for name, percent, window in (("day", 99, "1d"), ("week", 99, "7d"), ("loose", 30, "30d"))
    )
    source = "sources: {nats: {main: {monitor: ['http://127.0.0.1:8222']}}}"
    spec = tmp_path / "spec.yaml"
    spec.write_text(f"version: 1\nsystem: a\n{source}\nslos:\n{slos}", "utf-8")
    assert main(["validate", "--spec", str(spec)]) == 0
    said = capsys.readouterr().out
    assert "over 1d  page above 7.2 over 10m and 5m; ticket above 4.8 over 30m and 5m;" in said
    assert "over 7d  page above 20.16 over 10m and 5m; page above 8.4 over 1h and 5m;" in said
    assert "s/day    the page over 2m is left out: less than 10m is too short" in said
    assert "over 30d  page" not in said
    assert "s/loose  the page over 1h at burn rate 14.4 can never fire: it needs" in said
    assert main(["alerts", "explain", "SloBudgetBurnsFast", "--spec", str(spec)]) == 0
    explained = capsys.readouterr().out
    assert "- s/day: the page over 2m is left out" in explained
    assert "(SLOs over 7d)" in explained


def test_a_lag_slo_of_a_source_that_polls_too_rarely_to_tell_minutes_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sli = "{nats_lag: {source: main, stream: S, consumer: c, max_seconds: 30s}}"
    source = "sources: {nats: {main: {monitor: ['http://127.0.0.1:8222'], poll: 10m}}}"
    slos = f"slos: [{{name: n, service: s, objective: 99, sli: {sli}}}]"
    spec = tmp_path / "spec.yaml"
    spec.write_text(f"version: 1\nsystem: a\n{source}\n{slos}\n", "utf-8")
    assert main(["validate", "--spec", str(spec)]) == 2
    assert "polls every 10m; minutes need one every 5m" in capsys.readouterr().err


def test_validate_says_which_metrics_are_chosen_and_what_is_not_built_for_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    more = "metrics:\n  include: [nats_consumer_waiting_pulls]\n  exclude: [nats_consumer_status]\n"
    spec = tmp_path / "shop.yaml"
    spec.write_text(SPEC + more, encoding="utf-8")
    assert main(["validate", "--spec", str(spec)]) == 0
    told = capsys.readouterr().out
    lines = [line.split(maxsplit=1) for line in told.split("\nmetrics\n")[1].splitlines()]
    assert ["included", "nats_consumer_waiting_pulls"] in [[a, b.strip()] for a, b in lines]
    assert ["excluded", "nats_consumer_status"] in [[a, b.strip()] for a, b in lines]
    assert (
        "NatsConsumerStopped: it reads nats_consumer_status, which metrics.exclude leaves out\n"
    ) in told
    assert main(["validate", "--spec", str(spec), "--format", "json"]) == 0
    facts = json.loads(capsys.readouterr().out)["metrics"]
    assert facts["excluded"] == ["nats_consumer_status"]
    assert facts["on_request"]["nats_consumer_waiting_pulls"] is True
    assert facts["on_request"]["nats_consumer_resets_total"] is False
    assert {each["alert"] for each in facts["not_built"]} >= {
        "NatsConsumerStopped",
        "NatsConsumerNoPuller",
    }


def test_the_summary_has_each_account_and_region(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "obs.yaml"
    file.write_text(
        "version: 1\nsystem: orders\nsources:\n  aws:\n    cloud:\n"
        "      regions: [us-east-1, eu-west-1]\n"
        '      accounts: [{name: prod, role_arn: "arn:aws:iam::111111111111:role/obs"}]\n'
    )
    assert main(["validate", "--spec", str(file)]) == 0
    said = capsys.readouterr().out
    assert "2 sources" in said
    assert "cloud-prod-us-east-1  us-east-1 of account 111111111111, buses *" in said
    assert "cloud-prod-eu-west-1  eu-west-1 of account 111111111111, buses *" in said
