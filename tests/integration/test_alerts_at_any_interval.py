"""Every alert, however often Prometheus scrapes and evaluates, and however far apart that is."""

import os
from collections.abc import Iterator, Sequence
from math import ceil
from pathlib import Path
from typing import Any, Final

import pytest

from obs.alerts.alert import TunedAlert
from obs.alerts.conditions.samples import Signal
from obs.alerts.rule_tests.cases import Case, cases
from obs.alerts.tuning import tuned_alerts
from obs.alerts.writers.prometheus import alert_rule
from obs.artifacts import yaml_text
from obs.catalogue.declare import EXPORTED
from obs.catalogue.metric import Kind
from obs.catalogue.query import equal, selector
from obs.spec.load import load
from obs.spec.system import System
from tests.integration.alert_shapes import of_each_shape
from tests.integration.promtool import judged, needs_promtool
from tests.integration.side_by_side import TICK, Target, World, rules_of, series_of, system_of

pytestmark = [pytest.mark.integration, needs_promtool]

REFERENCE: Final = Path(__file__).parents[2] / "collectors" / "oms.yaml"
INTERVALS: Final = (15, 30, 60)
FIRING: Final = (("alertstate", "firing"),)
CLEARLY: Final = 3.0
"""How much more is counted than in the case: at a threshold the moment of a scrape decides."""


CHOSEN = INTERVALS if os.environ.get("OBS_ALL_PHASES") else (INTERVALS[0], INTERVALS[-1])


def phases(scrape: int) -> Sequence[int]:
    """Seconds from an evaluation to a scrape: all of them, or the earliest and the latest."""
    every = range(0, scrape, TICK)
    return every if os.environ.get("OBS_ALL_PHASES") else (0, every[-1])


DIAGONAL: Final = ((CHOSEN[0], 0), (CHOSEN[-1], CHOSEN[-1] - TICK))
"""The shortest interval at the earliest phase, the longest at the latest."""


@pytest.fixture(scope="module")
def reference() -> System:
    return load([REFERENCE], variables={})


@pytest.mark.parametrize("every", CHOSEN)
def test_every_alert_is_silent_while_all_is_well_and_fires_in_time(
    reference: System, tmp_path: Path, every: int
) -> None:
    """Where rules are evaluated seldom, an alert of each shape is scraped at each phase of each
    interval; the others at two, of which one is a scrape just before an evaluation. Where they are
    evaluated often, an alert of each shape stands for the others."""
    names = []
    alerts = tuned_alerts(reference)
    seldom = every == CHOSEN[-1]
    thorough = of_each_shape(alerts) if seldom else ()
    whole = [(scrape, phase) for scrape in CHOSEN for phase in phases(scrape)]
    for number, tuned in enumerate(alerts if seldom else of_each_shape(alerts)):
        if tuned.when.metrics() and (case := next(cases(tuned, reference), None)):
            names.append(f"{number}.yaml")
            rules = {"groups": [{"name": "one", "rules": [alert_rule(tuned, reference)]}]}
            (tmp_path / f"{number}.rules").write_text(yaml_text(rules))
            document = {
                "rule_files": [f"{number}.rules"],
                "evaluation_interval": f"{every}s",
                "tests": [
                    scraped(tuned, case, reference, scrape, phase, every)
                    for scrape, phase in (whole if tuned in thorough else DIAGONAL)
                ],
            }
            (tmp_path / names[-1]).write_text(yaml_text(document))
    assert len(names) > (30 if seldom else 10)
    assert [name for name, passed in judged(tmp_path, names).items() if not passed] == []


@pytest.mark.parametrize("every", CHOSEN)
@pytest.mark.parametrize("stale_after", ["15s", "20s", "2m"])
def test_a_healthy_source_is_told_at_no_interval_however_close_its_limit_is(
    tmp_path: Path, stale_after: str, every: int
) -> None:
    """Polled every 15 s, each poll as late as it may be and taking two seconds."""
    source = f"{{monitor: ['http://nats:8222'], poll: 15s, stale_after: {stale_after}}}"
    text = f"version: 1\nsystem: shop\nsources: {{nats: {{main: {source}}}}}\n"
    system = system_of(tmp_path, text)
    whole = World((Target(system, "1:9464", ("main",)),), 20 * 60, slow=2.75)
    alerts = selector("ALERTS", (("alertname", "!=", "ObsWatchdog"), *equal(FIRING)), 20 * 60)
    never = {"eval_time": "19m", "expr": f"count_over_time({alerts})", "exp_samples": []}
    series = series_of(whole, INTERVALS[0], 0)
    document = {
        "rule_files": rules_of(tmp_path, [system], series),
        "evaluation_interval": f"{every}s",
        "tests": [
            {
                "interval": f"{TICK}s",
                "name": f"scraped every {scrape} s, {phase} s late",
                "input_series": series_of(whole, scrape, phase),
                "promql_expr_test": [never],
            }
            for scrape in INTERVALS
            for phase in phases(scrape)
        ],
    }
    (tmp_path / "healthy.yaml").write_text(yaml_text(document))
    assert judged(tmp_path, ["healthy.yaml"])["healthy.yaml"]


def scraped(
    tuned: TunedAlert, case: Case, system: System, scrape: int, phase: int, every: int
) -> dict[str, Any]:
    """The test that all alerts share, sampled so often, so much after full intervals."""
    first = case.firing.index(True)
    begins = next(i for i in range(first + 1) if _is_bad(case, i, tuned))
    late = scrape + every + case.step
    matchers = (("alertname", tuned.name), *FIRING, *tuned.labels)
    firing = selector("ALERTS", equal(matchers))
    end = len(case.firing) * case.step - case.step
    before = _whole(begins * case.step, every) - every  # the last moment before it begins
    by = _whole(first * case.step + late, every)
    return {
        "interval": f"{TICK}s",
        "name": f"{tuned.name}, scraped every {scrape} s, {phase} s late",
        "input_series": [
            {"series": _series(each, system), "values": _sampled(each, case.step, scrape, phase)}
            for each in case.series
        ],
        "promql_expr_test": [
            {
                "eval_time": f"{before}s",
                "expr": f"count_over_time({firing}[{before}s])",
                "exp_samples": [],
            },
            {
                "eval_time": f"{by}s",
                "expr": f"sgn(sum(count_over_time({firing}[{by}s])))",
                "exp_samples": [{"labels": "{}", "value": 1}],
            },
            *_over(case, firing, _whole(end, every)),
        ],
    }


def _is_bad(case: Case, step: int, tuned: TunedAlert) -> bool:
    """Whether trouble begins: as long before the first alert as it must hold."""
    return (case.firing.index(True) - step) * case.step <= tuned.hold


def _over(case: Case, firing: str, end: int) -> Iterator[dict[str, Any]]:
    """That it resolves."""
    if not case.firing[-1]:
        yield {"eval_time": f"{end}s", "expr": firing, "exp_samples": []}


def _whole(seconds: float, every: int) -> int:
    return ceil(seconds / every) * every


def _series(signal: Signal, system: System) -> str:
    of_system = system.labels if signal.metric.name in EXPORTED else ()
    return selector(signal.metric, equal((*signal.labels, *of_system)))


def _sampled(signal: Signal, step: float, scrape: int, phase: int) -> str:
    """Samples of a series whose values are known at each step only; it holds them until the next.

    A moment that goes along with the time does so between steps, too.
    """
    words, gone = [], False
    for t in range(0, ceil(len(signal.values) * step), TICK):
        if t % scrape != phase:
            words.append("_")
            continue
        i = min(int(t / step), len(signal.values) - 1)
        value = signal.values[i]
        if value is None:
            words.append("_" if gone else "stale")
            gone = True
            continue
        gone = False
        first = next(each for each in signal.values if each is not None)
        if signal.metric.kind is Kind.COUNTER:
            value = first + CLEARLY * (value - first)
        elif signal.metric.name.endswith("_timestamp_seconds") and _moves(signal):
            value += t - i * step
        words.append(f"{value:.15g}")
    return " ".join(words)


def _moves(signal: Signal) -> bool:
    return len({*signal.values}) > 1
