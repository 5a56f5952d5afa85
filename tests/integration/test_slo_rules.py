"""SLOs that rules evaluate: the numbers that a collector has, of the same series, without one."""

import json
from collections.abc import Iterator
from itertools import accumulate
from math import isinf
from pathlib import Path
from urllib.parse import quote

import pytest

from obs.alerts.targets import build
from obs.artifacts import write, yaml_text
from obs.slo.burn import exhaustion_seconds
from obs.slo.evaluate import Evaluation, evaluate
from obs.slo.expected import Expected
from obs.slo.ledger import Ledger
from obs.slo.windows import DAY, HOUR, MINUTE
from obs.spec.load import load
from obs.spec.system import System
from tests.integration.applying import run
from tests.integration.promtool import check_rules, judged, needs_promtool, said_of
from tests.integration.test_apply_prometheus import Running

pytestmark = [pytest.mark.integration, needs_promtool]

PERIOD = DAY
MINUTES = 4 * HOUR // MINUTE + 3
DELAY = MINUTE
WATERMARKS = (15 * MINUTE, 2 * HOUR, 3 * HOUR, 4 * HOUR)
"""Where the ledger's buckets end, so that its windows are exact."""
OUTAGE = range(3 * 60 - 20, 3 * 60 + 5)
TOLERANCE = 1e-9  # relative
LONG = "1d"
NAMES = ("bad", "good", "minutes")
LABELS = 'slo="NAME",slo_service="web",environment="production",system="shop"'
SPEC = """
version: 1
system: shop
sources: {prometheus: {metrics: {url: "http://127.0.0.1:9090"}}}
slos:
  - name: bad
    service: web
    objective: 99.9
    window: 1d
    engine: rules
    sli: {prometheus: {source: metrics, bad: 'requests_total{code="500"}', total: requests_total}}
  - name: good
    service: web
    objective: 99.9
    window: 1d
    engine: rules
    sli:
      prometheus:
        source: metrics
        good: requests_total{code="200"}
        total: requests_total
  - name: minutes
    service: web
    objective: 99
    window: 1d
    engine: rules
    sli: {prometheus_minutes: {source: metrics, holds: queue < bool 100}}
"""


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> System:
    file = tmp_path_factory.mktemp("spec") / "spec.yaml"
    file.write_text(SPEC, encoding="utf-8")
    return load([file], variables={})


def counts() -> list[tuple[int, int]]:
    """(good, bad) of each minute: idle hours, a rhythm, a total outage."""
    minutes = []
    for minute in range(MINUTES):
        hour = minute // 60 % 24
        total = 0 if hour == 1 else 20 + minute * 7 % 13
        bad = total if minute in OUTAGE else min(total, int(minute % 97 == 0))
        minutes.append((total - bad, bad))
    return minutes


def queue(minute: int) -> int:
    return 500 if minute in OUTAGE else 3


def evaluation_at(watermark: int, *, minutes: bool) -> Evaluation:
    """The collector's, of the minutes before the watermark."""
    ledger = Ledger(PERIOD)
    for minute, (good, bad) in enumerate(counts()[: watermark // MINUTE]):
        if minutes:  # told at its end, which is the next one's begin
            ledger.set(minute * MINUTE, int(queue(minute + 1) < 100), 1)
        else:
            ledger.set(minute * MINUTE, good, good + bad)
    expected = Expected(minutes=True) if minutes else Expected(since=0)
    return evaluate(ledger, 0.99 if minutes else 0.999, PERIOD, watermark, expected)


def cumulative(column: int) -> str:
    return " ".join(map(str, accumulate((row[column] for row in counts()), initial=0)))


def told(found: Evaluation, before: Evaluation) -> Iterator[tuple[str, float | None]]:
    """Every series of an evaluation, by metric and window.

    What is left of the budget, which is of a long window, is that of the evaluation `before`
    wherever a short window is set against it.
    """
    yield "slo_error_budget_remaining_ratio{%s}", found.budget_remaining
    for each in found.windows:
        window = f'{{%s,window="{each.label}"}}'
        yield f"slo_error_ratio{window}", each.error_ratio
        yield f"slo_burn_rate{window}", each.burn_rate
        until = each.exhaustion_seconds
        if each.label != LONG and until is not None and before.budget_remaining is not None:
            assert each.burn_rate is not None
            until = exhaustion_seconds(before.budget_remaining, each.burn_rate, PERIOD)
        yield f"slo_error_budget_exhaustion_seconds{window}", until
        if each.error_ratio is not None:
            yield f"slo_bad_events{window}", each.bad


def expected(series: str, value: float | None, moment: int, off: float) -> dict[str, object]:
    at = f"{moment // MINUTE}m"
    if value is None:
        return {"eval_time": at, "expr": series, "exp_samples": []}
    test = f"{series} == bool Inf"
    if not isinf(value):
        test = f"abs({series} - {value * off!r}) <= bool {TOLERANCE * max(abs(value), 1e-3)!r}"
    return {"eval_time": at, "expr": f"sum({test})", "exp_samples": [{"labels": "{}", "value": 1}]}


def expectations(name: str, off: float = 1.0) -> Iterator[dict[str, object]]:
    """Windows of a day are what they were when their group was evaluated: a minute ago here."""
    labels, minutes = LABELS.replace("NAME", name), name == "minutes"
    for watermark in WATERMARKS:
        moment = watermark if minutes else watermark + DELAY
        ends = watermark, watermark - MINUTE
        for series, value in told(*(evaluation_at(end, minutes=minutes) for end in ends)):
            long = f'window="{LONG}"' in series or "remaining" in series
            yield expected(series % labels, value, moment + MINUTE * long, off)
    if minutes:
        return
    whole = counts()[1 : watermark // MINUTE]  # the first minute is where counting begins
    good, total = float(sum(each for each, _ in whole)), float(sum(map(sum, whole)))
    for metric, value in (
        ("slo_good_events_total", good),
        ("slo_events_total", total),
        ("slo_data_watermark_timestamp_seconds", float(watermark)),
        ("slo_asked_since_timestamp_seconds", 0.0),
        ("slo_objective_ratio", 0.999),
    ):
        yield expected(f"{metric}{{{labels}}}", value, moment, off)


def series() -> list[dict[str, str]]:
    good, bad = cumulative(0), cumulative(1)
    queued = " ".join(["_", *(str(queue(minute)) for minute in range(1, MINUTES + 1))])
    return [
        {"series": 'requests_total{code="200",pod="a"}', "values": good},
        {"series": 'requests_total{code="500",pod="a"}', "values": bad},
        {"series": "queue", "values": queued},
    ]


@pytest.fixture(scope="module")
def built(system: System, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    write(folder, build(system, ["prometheus", "promtool"]))
    return folder


def write_test(
    folder: Path,
    name: str,
    tests: list[dict[str, object]],
    inputs: list[dict[str, str]] | None = None,
) -> str:
    case = {"interval": "1m", "input_series": inputs or series(), "promql_expr_test": tests}
    document = {
        "rule_files": ["prometheus/slo-rules.yaml"],
        "evaluation_interval": "1m",
        "group_eval_order": [
            f"shop-slo-rules-{part}web-{name}" for part in ("", "long-") for name in NAMES
        ],
        "tests": [case],
    }
    (folder / name).write_text(yaml_text(document))
    return name


def first(tests: list[dict[str, object]]) -> list[dict[str, object]]:
    """Those of the first watermark."""
    moments = {f"{(WATERMARKS[0] + after) // MINUTE}m" for after in (0, DELAY, 2 * DELAY)}
    return [each for each in tests if each["eval_time"] in moments]


def good_ones_gone() -> tuple[list[dict[str, object]], list[dict[str, str]]]:
    """A total outage in which the series of the good events has gone."""
    inputs = [
        {"series": 'requests_total{code="200"}', "values": "0+60x10 stale _x40"},
        {"series": 'requests_total{code="500"}', "values": "0+1x10 11+61x40"},
    ]
    labels = LABELS.replace("NAME", "good")
    ratio = f'sum(slo_error_ratio{{{labels},window="5m"}})'
    told: dict[str, object] = {
        "eval_time": "40m",
        "expr": ratio,
        "exp_samples": [{"labels": "{}", "value": 1}],
    }
    return [told], inputs


def test_rules_evaluate_as_the_collector_does_to_a_billionth(built: Path) -> None:
    check_rules(sorted((built / "prometheus").glob("*.yaml")))
    same = write_test(built, "same.yaml", [each for name in NAMES for each in expectations(name)])
    # The comparison can fail.
    off = write_test(built, "off.yaml", first(list(expectations("bad", off=1 + 1e-6))))
    gone = write_test(built, "gone.yaml", *good_ones_gone())
    generated = "tests/slo-rules_1m_test.yaml"
    results = judged(built, [same, off, gone, generated])
    expected = {same: True, off: False, gone: True, generated: True}
    assert results == expected, said_of(built, gone)[-3000:]


def test_rules_are_applied_to_a_prometheus_which_evaluates_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "server").mkdir()
    with Running(tmp_path / "server").running() as server:
        stack = f"stacks: {{prometheus: {{url: '{server.url}', rules_dir: '{server.rules}'}}}}\n"
        (tmp_path / "obs.yaml").write_text(SPEC.replace("sources:", f"{stack}sources:"))
        argv = ("alerts", "apply", "--target", "prometheus")
        assert run(capsys, *argv, "--yes").code == 0
        assert run(capsys, *argv, "--check").code == 0  # nothing is left to do
        checked = run(capsys, "check", "--only", "rules")
        assert "rules up to date" in checked.out, checked
        groups = json.loads(server.ask("/api/v1/rules"))["data"]["groups"]
        named = {rule["name"] for group in groups for rule in group["rules"]}
        assert "slo_burn_rate" in named
        assert {each for each in named if each.startswith("Obs")} == {"ObsWatchdog"}
        for group in groups:
            for rule in group["rules"]:
                server.ask(f"/api/v1/query?query={quote(rule['query'])}")  # raises where it fails
