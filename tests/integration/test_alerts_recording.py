"""Burn rates that Prometheus records equal those that the collector exports, of the same counts."""

from pathlib import Path

import pytest

from obs.alerts.recording import recording_groups
from obs.artifacts import yaml_text
from obs.slo.evaluate import Evaluation, evaluate
from obs.slo.expected import Expected
from obs.slo.ledger import Ledger
from obs.slo.windows import DAY, HOUR, MINUTE
from obs.spec.load import load
from obs.spec.system import System
from tests.integration.promtool import check_rules, judged, needs_promtool

pytestmark = [pytest.mark.integration, needs_promtool]

PERIOD = 2 * DAY
MINUTES = (3 * DAY + 2 * HOUR) // MINUTE
MOMENTS = (6 * HOUR, DAY + 5 * HOUR, 3 * DAY, MINUTES * MINUTE)
TOLERANCE = 1e-9  # relative
LABELS = 'slo="delivery",slo_service="shop",environment="production",system="shop"'
SPEC = """
version: 1
system: shop
sources: {aws: {cloud: {region: us-east-1}}}
slos:
  - name: delivery
    service: shop
    objective: 99.9
    window: 2d
    sli: {eventbridge: {source: cloud, bus: b}}
"""


@pytest.fixture
def system(tmp_path: Path) -> System:
    file = tmp_path / "spec.yaml"
    file.write_text(SPEC, encoding="utf-8")
    return load([file], variables={})


def counts() -> list[tuple[int, int]]:
    """(good, total) of each minute: idle hours, a rhythm, an outage on the second day."""
    minutes = []
    for minute in range(MINUTES):
        hour = minute // 60 % 24
        total = 0 if hour in {3, 4, 5} else 20 + minute * 7 % 13
        bad = total if 1800 <= minute < 1830 else int(minute % 97 == 0)
        minutes.append((total - min(bad, total), total))
    return minutes


def evaluation_at(moment: int) -> Evaluation:
    ledger = Ledger(PERIOD)
    for minute, (good, total) in enumerate(counts()):
        if minute * MINUTE < moment:
            ledger.set(minute * MINUTE, good, total)
    return evaluate(ledger, 0.999, PERIOD, moment, Expected(since=0))


def cumulative(column: int) -> str:
    total, words = 0, ["0"]
    for row in counts():
        total += row[column]
        words.append(str(total))
    return " ".join(words)


def close_to(series: str, value: float, moment: int) -> dict[str, object]:
    expr = f"sum(abs({series} - {value!r}) <= bool {TOLERANCE * max(abs(value), 1e-3)!r})"
    samples = [{"labels": "{}", "value": 1}]
    return {"eval_time": f"{moment // MINUTE}m", "expr": expr, "exp_samples": samples}


def expectations(off: float = 1.0) -> list[dict[str, object]]:
    tests = []
    for moment in MOMENTS:
        found = evaluation_at(moment)
        assert found.budget_remaining is not None
        tests.append(
            close_to(
                f"slo:error_budget_remaining:ratio{{{LABELS}}}", found.budget_remaining, moment
            )
        )
        for span in found.windows:
            series = f'slo:burn_rate:ratio{{{LABELS},window="{span.label}"}}'
            if span.burn_rate is None:
                tests.append(
                    {"eval_time": f"{moment // MINUTE}m", "expr": series, "exp_samples": []}
                )
            else:
                tests.append(close_to(series, span.burn_rate * off, moment))
    return tests


def run(folder: Path, system: System, tests: list[dict[str, object]]) -> bool:
    (folder / "rules.yaml").write_text(yaml_text({"groups": recording_groups(system)}))
    check_rules([folder / "rules.yaml"])
    inputs = [
        {"series": f'slo_events_total{{{LABELS},instance="{pod}"}}', "values": cumulative(1)}
        for pod in "ab"
    ]
    inputs += [{"series": f"slo_good_events_total{{{LABELS}}}", "values": cumulative(0)}]
    case = {"interval": "1m", "input_series": inputs, "promql_expr_test": tests}
    document = {"rule_files": ["rules.yaml"], "evaluation_interval": "5m", "tests": [case]}
    (folder / "test.yaml").write_text(yaml_text(document))
    return judged(folder, ["test.yaml"])["test.yaml"]


def test_recorded_burn_rates_equal_the_collector_s_to_a_billionth(
    system: System, tmp_path: Path
) -> None:
    assert run(tmp_path, system, expectations())


def test_a_burn_rate_that_is_a_millionth_off_is_seen(system: System, tmp_path: Path) -> None:
    """The comparison above can fail."""
    assert not run(tmp_path, system, expectations(off=1 + 1e-6))
