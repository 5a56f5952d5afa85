"""The SLO alerts of a service with ten events an hour, from the collector's ledger to the rule."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from obs.alerts.tuning import tuned_alerts
from obs.alerts.writers.prometheus import rule_files
from obs.artifacts import yaml_text
from obs.slo.evaluate import evaluate
from obs.slo.ledger import Ledger
from obs.slo.windows import DAY, HOUR, MINUTE
from obs.spec.alerts import AlertTuning
from obs.spec.load import load
from obs.spec.system import System
from tests.integration.promtool import judged, needs_promtool

pytestmark = [pytest.mark.integration, needs_promtool]

BEGIN = 5 * DAY  # of good history before the test, so that every window is full of it
BETWEEN = 6  # minutes from one event to the next
LENGTH = 3 * 60
LABELS = 'slo="delivery",slo_service="quiet",environment="production",system="quiet"'
SPEC = """
version: 1
system: quiet
sources: {aws: {cloud: {region: us-east-1}}}
slos:
  - name: delivery
    service: quiet
    objective: 99.9
    sli: {eventbridge: {source: cloud, bus: b}}
"""


@pytest.fixture
def system(tmp_path: Path) -> System:
    file = tmp_path / "spec.yaml"
    file.write_text(SPEC, encoding="utf-8")
    return load([file], variables={})


def exported(bad_minutes: range) -> list[dict[str, str]]:
    """What the collector exports minute by minute; events in `bad_minutes` are bad."""
    ledger = Ledger(30 * DAY)
    for minute in range(0, BEGIN // MINUTE, BETWEEN):
        ledger.set(minute * MINUTE, 1, 1)
    samples: dict[str, list[str]] = {}
    for minute in range(LENGTH):
        if minute % BETWEEN == 0:
            ledger.set(BEGIN + minute * MINUTE, int(minute not in bad_minutes), 1)
        found = evaluate(ledger, 0.999, 30 * DAY, BEGIN + (minute + 1) * MINUTE)
        for window in found.windows:
            labels = f'{{{LABELS},window="{window.label}"}}'
            burn = "_" if window.burn_rate is None else repr(window.burn_rate)
            stale = "stale" if burn == "_" and minute else burn
            samples.setdefault(f"slo_burn_rate{labels}", []).append(stale)
            samples.setdefault(f"slo_bad_events{labels}", []).append(repr(window.bad))
    samples[f"slo_objective_ratio{{{LABELS}}}"] = ["0.999"] * LENGTH
    return [{"series": name, "values": " ".join(values)} for name, values in samples.items()]


def run(folder: Path, system: System, bad: range, expectation: Mapping[str, object]) -> bool:
    document = rule_files(tuned_alerts(system), system)["slo"]
    (folder / "rules.yaml").write_text(yaml_text(document))
    case = {"interval": "1m", "input_series": exported(bad), "promql_expr_test": [expectation]}
    test = {"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": [case]}
    (folder / "test.yaml").write_text(yaml_text(test))
    return judged(folder, ["test.yaml"])["test.yaml"]


def fires_from(tier: str, begin: int, end: int) -> Mapping[str, object]:
    """The tier fires in each of these minutes, and in no other."""
    among = f'ALERTS{{alertstate="firing",tier="{tier}"}}'
    whole = f"sum(count_over_time({among}[{LENGTH}m]))"
    within = f"sum(count_over_time({among}[{end - begin}m] @ {(end - 1) * MINUTE}))"
    expr = f"{whole} == {within}"
    samples = [{"labels": "{}", "value": end - begin}]
    return {"eval_time": f"{LENGTH - 1}m", "expr": expr, "exp_samples": samples}


FIRING = 'ALERTS{alertname=~"SloBudgetBurns.*",alertstate="firing"}'
ONE = [{"labels": "{}", "value": 1}]


def test_a_total_outage_fires_within_the_hour(system: System, tmp_path: Path) -> None:
    critical = FIRING.replace("}", ',severity="critical"}')
    expr = f"sum(count_over_time({critical}[1h])) > bool 0"
    outage = range(LENGTH)
    assert run(tmp_path, system, outage, {"eval_time": "59m", "expr": expr, "exp_samples": ONE})


def test_one_bad_event_never_fires(system: System, tmp_path: Path) -> None:
    expectation = {
        "eval_time": f"{LENGTH - 1}m",
        "expr": f"sum(count_over_time({FIRING}[{LENGTH * MINUTE // HOUR}h]))",
        "exp_samples": [],
    }
    assert run(tmp_path, system, range(BETWEEN), expectation)


def test_without_the_guard_one_bad_event_would(system: System, tmp_path: Path) -> None:
    """So the test above can fail."""
    tuning = {"SloBudgetBurnsFast": {"min_events": 1}}
    tuned = {name: AlertTuning(**fields) for name, fields in tuning.items()}
    unguarded = system.model_copy(update={"alerts": tuned})
    expectation = {
        "eval_time": f"{LENGTH - 1}m",
        "expr": f"sum(count_over_time({FIRING}[{LENGTH * MINUTE // HOUR}h])) > bool 0",
        "exp_samples": ONE,
    }
    assert run(tmp_path, unguarded, range(BETWEEN), expectation)


def test_a_total_outage_of_two_hours_is_one_alert_until_good_events_come(
    system: System, tmp_path: Path
) -> None:
    """38 changes of state before an empty short window stopped counting as recovery."""
    bad, first, good = range(120), BETWEEN, 120
    assert run(tmp_path, system, bad, fires_from("1h", first, good))
    assert run(tmp_path, system, bad, fires_from("6h", first, good - BETWEEN + 30))


def test_an_alert_that_flaps_is_seen(system: System, tmp_path: Path) -> None:
    """So the test above can fail."""
    assert not run(tmp_path, system, range(120), fires_from("1h", BETWEEN + 1, 120))
