"""Two collectors of one SLO, one of which started later: the alerts follow the longer history."""

from pathlib import Path

import pytest

from obs.alerts.tuning import tuned_alerts
from obs.alerts.writers.prometheus import rule_files
from obs.artifacts import yaml_text
from obs.slo.evaluate import Evaluation, evaluate
from obs.slo.expected import Expected
from obs.slo.firing import firing
from obs.slo.ledger import Ledger
from obs.slo.tiers import tiers
from obs.slo.windows import DAY, MINUTE, window
from obs.spec.load import load
from obs.spec.system import System
from tests.integration.promtool import judged, needs_promtool

pytestmark = [pytest.mark.integration, needs_promtool]

PERIOD = 30 * DAY
OBJECTIVE = 0.999
BAD = range(60, 120)  # 43 bad minutes are the whole budget
YOUNGER = 90  # the minute in which it starts
LENGTH = 240
LABELS = 'slo="timely",slo_service="shop",environment="production",system="shop"'
SPEC = """
version: 1
system: shop
sources: {nats: {main: {monitor: ["http://127.0.0.1:8222"]}}}
slos:
  - name: timely
    service: shop
    objective: 99.9
    sli: {nats_lag: {source: main, stream: S, consumer: c, max_seconds: 30s}}
"""


@pytest.fixture
def system(tmp_path: Path) -> System:
    file = tmp_path / "spec.yaml"
    file.write_text(SPEC, encoding="utf-8")
    return load([file], variables={})


class Collector:
    """What a collector that starts in this minute knows and exports, minute by minute."""

    def __init__(self, name: str, start: int, *, minutes: bool) -> None:
        self.expected = Expected(minutes, start * MINUTE)
        self.ledger = Ledger(PERIOD)
        self.evaluations: list[Evaluation | None] = [None] * start
        events = 1 if minutes else 100
        for minute in range(start, LENGTH):
            good = events * (minute not in BAD)
            self.ledger.set(minute * MINUTE, good, events)
            end = (minute + 1) * MINUTE
            found = evaluate(self.ledger, OBJECTIVE, PERIOD, end, self.expected)
            self.evaluations.append(found)
        self._name = name

    def series(self) -> list[dict[str, str]]:
        samples: dict[str, list[str]] = {}
        for minute, found in enumerate(self.evaluations):
            for name, value in self._values(found).items():
                row = samples.setdefault(name, ["_"] * minute)
                row.append("_" if value is None else repr(value))
        return [{"series": name, "values": " ".join(row)} for name, row in samples.items()]

    def _values(self, found: Evaluation | None) -> dict[str, float | None]:
        if found is None:
            return {}
        own = f'{LABELS},instance="{self._name}"'
        values: dict[str, float | None] = {
            f"slo_error_budget_remaining_ratio{{{own}}}": found.budget_remaining,
            f"slo_objective_ratio{{{own}}}": OBJECTIVE,
        }
        for each in found.windows:
            windowed = f'{own},window="{each.label}"'
            values[f"slo_burn_rate{{{windowed}}}"] = each.burn_rate
            values[f"slo_bad_events{{{windowed}}}"] = each.bad
        return values

    def firing_at(self, minute: int) -> set[str]:
        found = self.evaluations[minute]
        assert found is not None
        kept = tiers(OBJECTIVE, PERIOD).kept
        fires = firing(kept, self.ledger, found, self.expected)
        return {window(tier.long_seconds).label for tier, _ in fires}


def alerts_at(minute: int, tiers_: set[str], *, exhausted: bool) -> list[dict[str, object]]:
    when, firing_ = f"{minute}m", 'alertstate="firing"'
    one = [{"labels": "{}", "value": 1}]
    return [
        {
            "eval_time": when,
            "expr": f'count by (tier) (ALERTS{{tier!="",{firing_}}})',
            "exp_samples": [
                {"labels": f'{{tier="{tier}"}}', "value": 1} for tier in sorted(tiers_)
            ],
        },
        {
            "eval_time": when,
            "expr": f'count(ALERTS{{alertname="SloBudgetExhausted",{firing_}}})',
            "exp_samples": one if exhausted else [],
        },
    ]


@pytest.mark.parametrize("minutes", [True, False])
def test_the_younger_of_two_collectors_changes_no_alert(
    system: System, tmp_path: Path, minutes: bool
) -> None:
    older = Collector("a", 0, minutes=minutes)
    younger = Collector("b", YOUNGER, minutes=minutes)
    tests = []
    for minute in range(1, LENGTH, 10):
        found = older.evaluations[minute - 5] if minute >= 5 else None
        spent = found is not None and found.budget_remaining is not None
        exhausted = spent and found is not None and (found.budget_remaining or 0) < 0
        tests += alerts_at(minute, older.firing_at(minute), exhausted=exhausted)
    seen = {str(test["exp_samples"]) for test in tests}
    assert len(seen) > 3, "alerts that fire and alerts that do not"
    rules = rule_files(tuned_alerts(system), system)["slo"]
    (tmp_path / "rules.yaml").write_text(yaml_text(rules))
    series = [*older.series(), *younger.series()]
    case = {"interval": "1m", "input_series": series, "promql_expr_test": tests}
    document = {"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": [case]}
    (tmp_path / "test.yaml").write_text(yaml_text(document))
    assert judged(tmp_path, ["test.yaml"])["test.yaml"]


def test_the_younger_of_two_collectors_of_a_lag_slo_tells_no_more_than_the_older() -> None:
    """It told 123 against 52 when its few minutes were all that it divided by."""
    older, younger = Collector("a", 0, minutes=True), Collector("b", 110, minutes=True)
    for minute in range(110, LENGTH):
        ours, theirs = older.evaluations[minute], younger.evaluations[minute]
        assert ours is not None
        assert theirs is not None
        for mine, other in zip(ours.windows, theirs.windows, strict=True):
            assert (other.burn_rate or 0) <= (mine.burn_rate or 0)
