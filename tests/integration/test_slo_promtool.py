"""Burn rates as Prometheus computes them from the same counts."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from obs.slo.evaluate import Evaluation, evaluate
from obs.slo.ledger import Ledger
from obs.slo.windows import DAY, HOUR, MINUTE, windows

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        shutil.which("promtool") is None, reason="promtool is not installed (Debian: prometheus)"
    ),
]

OBJECTIVE = 0.999
PERIOD = 30 * DAY
TOLERANCE = 1e-9  # relative
STEP = 5 * MINUTE
STEPS = PERIOD // STEP + 12  # an hour more than the period, so that events also leave it
OUTAGE = range(STEPS - 52, STEPS - 46)
MOMENTS = (5 * HOUR, 7 * DAY, STEPS * STEP - 4 * HOUR, STEPS * STEP - 3 * HOUR, STEPS * STEP)
"""After idle hours; on a usual day; amid the outage; after it; at the very end."""

Counts = list[tuple[int, int]]
Expectation = dict[str, object]  # an entry of promql_expr_test


def counts() -> Counts:
    """(good, total) every 5 minutes: a daily rhythm, idle hours, an outage of half an hour."""
    series = []
    for step in range(STEPS):
        hour = step // 12 % 24
        total = 0 if hour in {3, 4} else 200 + 37 * step % 101 + 40 * hour
        bad = total if step in OUTAGE else step % 7 // 6
        series.append((total - min(bad, total), total))
    return series


def ledger_of(series: Counts) -> Ledger:
    """The ledger after every minute: the whole count in one of the five."""
    ledger = Ledger(PERIOD)
    for step, (good, total) in enumerate(series):
        for minute in range(5):
            hit = minute == step % 5
            ledger.set(step * STEP + minute * MINUTE, good * hit, total * hit)
    return ledger


def rules() -> str:
    """Recording rules over the counts, as JSON, which is YAML."""
    recorded = []
    for label, _ in windows(PERIOD):
        good, total = f"sum_over_time(good[{label}])", f"sum_over_time(total[{label}])"
        labels = {"window": label}
        ratio = f"(({total} > 0) - {good}) / ({total} > 0)"
        recorded += [
            {"record": "slo:error_ratio", "labels": labels, "expr": ratio},
            {
                "record": "slo:burn_rate",
                "labels": labels,
                "expr": f'slo:error_ratio{{window="{label}"}} / {1 - OBJECTIVE}',
            },
        ]
    return json.dumps({"groups": [{"name": "slo", "rules": recorded}]})


def values(numbers: list[int]) -> str:
    """One sample a minute after each 5 minutes began.

    So the range [t − w, t] holds the same samples whether its left end is open or closed.
    """
    return "_ " + " _x4 ".join(str(number) for number in numbers)


def expectation(at: int, name: str, window: str, value: float | None) -> Expectation:
    series = f'{name}{{window="{window}"}}'
    when = f"{at // MINUTE}m"
    if value is None:
        return {"eval_time": when, "expr": series, "exp_samples": []}
    close = f"sum(abs({series} - {value!r}) <= bool {TOLERANCE * value!r})"
    return {"eval_time": when, "expr": close, "exp_samples": [{"labels": "{}", "value": 1}]}


def expectations(at: int, found: Evaluation) -> list[Expectation]:
    tests = []
    for window in found.windows:
        tests.append(expectation(at, "slo:error_ratio", window.label, window.error_ratio))
        tests.append(expectation(at, "slo:burn_rate", window.label, window.burn_rate))
    return tests


def run_promtool(
    folder: Path, series: Counts, tests: list[Expectation]
) -> subprocess.CompletedProcess[str]:
    (folder / "rules.yaml").write_text(rules())
    inputs = [
        {"series": "good", "values": values([good for good, _ in series])},
        {"series": "total", "values": values([total for _, total in series])},
    ]
    case = {"interval": "1m", "input_series": inputs, "promql_expr_test": tests}
    document = {"rule_files": ["rules.yaml"], "evaluation_interval": "1h", "tests": [case]}
    (folder / "test.yaml").write_text(json.dumps(document))
    return subprocess.run(
        ["promtool", "test", "rules", "test.yaml"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_prometheus_and_the_ledger_agree_to_a_billionth(tmp_path: Path) -> None:
    series = counts()
    tests = []
    for at in MOMENTS:
        found = evaluate(ledger_of(series[: at // STEP]), OBJECTIVE, PERIOD, at)
        tests += expectations(at, found)
    ratios = {str(test["exp_samples"]) for test in tests}
    assert len(ratios) == 2, "windows with events and windows without"
    done = run_promtool(tmp_path, series, tests)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SUCCESS" in done.stdout


@pytest.mark.parametrize("window", ["1h", "6h", "30d"])
def test_prometheus_refuses_a_burn_rate_that_is_a_millionth_off(
    tmp_path: Path, window: str
) -> None:
    """The comparison above can fail."""
    series = counts()[: DAY // STEP]
    found = evaluate(ledger_of(series), OBJECTIVE, PERIOD, DAY)
    burn = next(each.burn_rate for each in found.windows if each.label == window)
    assert burn is not None
    tests = [expectation(DAY, "slo:burn_rate", window, burn * (1 + 1e-6))]
    done = run_promtool(tmp_path, series, tests)
    assert done.returncode == 1
    assert "FAILED" in done.stdout + done.stderr
