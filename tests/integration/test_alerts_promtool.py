"""The built rules and their generated tests, as promtool judges them."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest
import yaml

from obs.alerts.alert import TunedAlert
from obs.alerts.conditions import (
    Above,
    Age,
    Always,
    Below,
    Beyond,
    Burn,
    Equals,
    ErrorRate,
    Increase,
    OnDeadLetterQueue,
    OnWorkQueue,
    Overdue,
    Quiet,
    Share,
    Unconsumed,
)
from obs.alerts.rule_tests import promtool
from obs.alerts.targets import build
from obs.alerts.tuning import tuned_alerts
from obs.alerts.writers import prometheus
from obs.artifacts import write, yaml_text
from obs.spec.load import load
from obs.spec.system import System
from tests.integration.alert_shapes import of_each_shape
from tests.integration.promtool import (
    check_rules,
    failed_alerts,
    judged,
    keep_rules,
    needs_promtool,
    one_alert_each,
)

LARGE = 15_000  # bytes of a file of tests
pytestmark = [pytest.mark.integration, needs_promtool]

REFERENCE = Path(__file__).parents[2] / "collectors" / "oms.yaml"
PROCESSES = 2
BURN = "1h"  # of several windows of a burn rate: each takes as long as all other alerts
SOUND = "sound"
WHOLE = slice(None)
CASES = (slice(2), slice(2, 4), slice(4, None))
Part = TypeVar("Part")
_OPERATOR = re.compile(r" (>|<|==) (?=[\d.])")

TUNED = """
version: 1
system: tuned
links: {grafana: "https://grafana.example.com"}
sources:
  nats: {main: {monitor: [http://nats:8222]}}
  aws: {cloud: {region: us-east-1}}
slos:
  - {name: month, service: s, objective: 99.9, sli: &sli {eventbridge: {source: cloud, bus: b}}}
  - {name: week, service: s, objective: 99, window: 7d, sli: *sli}
alerts:
  NatsConsumerLagHigh:
    above: 5000
    for: 10m
    labels: {team: orders}
    overrides:
      - {stream: ORDERS, above: 700}
      - {stream: ORDERS, consumer: worker, above: 100, severity: critical}
      - {consumer: idle, enabled: false}
  NatsConsumerLagSecondsHigh: {above: 90s}
  EventBridgeFailedInvocations: {above: 7, window: 10m}
  EventBridgeErrorRateHigh: {above: 29, min_events: 33}
  EventBridgeInvocationsLow:
    below: 3
    window: 30m
    for: 7m
    overrides: [{rule: 'odd "rule"', below: 1}]
  SloBudgetBurnsFast: {min_events: 5, overrides: [{slo: week, slo_service: s, min_events: 1}]}
"""


def mutants(tuned: TunedAlert) -> Iterator[tuple[str, TunedAlert, str]]:
    """What could be wrong with an alert: a name, the alert, its expression ('' keeps it)."""
    for name, when in conditions(tuned.when):
        yield name, replace(tuned, when=when), ""
    step = tuned.when.samples().step
    yield "for longer", replace(tuned, hold=tuned.hold + 2 * step), ""
    if tuned.hold:
        yield "for shorter", replace(tuned, hold=0), ""
    for name, changed in expressions(tuned):
        yield name, tuned, changed


def conditions(when: Any) -> Iterator[tuple[str, Any]]:
    """The condition with another threshold."""
    match when:
        case OnDeadLetterQueue() | OnWorkQueue():
            for name, inner in conditions(when.when):
                yield name, replace(when, when=inner)
        case Unconsumed():
            yield "threshold up", replace(when, threshold=when.threshold + 1)
            yield "threshold down", replace(when, threshold=when.threshold - 1)
        case Beyond():
            more = abs(when.threshold) * 0.3 or 2
            yield "threshold up", replace(when, threshold=when.threshold + more)
            yield "threshold down", replace(when, threshold=when.threshold - more)
        case Above() | Below() | Share() | Increase() | Quiet() | ErrorRate() | Age():
            more = max(abs(when.threshold) / 10, 1)
            yield "threshold up", replace(when, threshold=when.threshold + more)
            yield "threshold down", replace(when, threshold=when.threshold - more)
        case Equals():
            yield "state up", replace(when, value=when.value + 1)
            yield "state down", replace(when, value=when.value - 1)
        case Overdue():
            yield "share up", replace(when, percent=when.percent * 1.1)
            yield "share down", replace(when, percent=when.percent * 0.9)
        case Burn():
            yield "factor up", replace(when, factor=when.factor * 2.1)
            yield "factor down", replace(when, factor=when.factor * 0.9)
            yield "fewer bad events", replace(when, min_bad_events=when.min_bad_events - 1)
            yield "more bad events", replace(when, min_bad_events=when.min_bad_events + 1)
    if isinstance(when, ErrorRate):
        yield "less traffic", replace(when, minimum=when.minimum * 0.5)


def expressions(tuned: TunedAlert) -> Iterator[tuple[str, str]]:
    """The expression with another operator, or without one of its parts."""
    written = tuned.expression
    yield "never", "vector(0) > 0"
    if not isinstance(tuned.when, Always):
        yield "always", "vector(1)"
    for name, change in (
        ("turned", {">": "<", "<": ">", "==": "!="}),
        ("loosened", {">": ">=", "<": "<="}),
    ):
        if name == "loosened" and not tuned.when.samples().has_exact_edge:
            continue
        other = _exchanged(written, change)
        if other != written:
            yield name, other
    if "\nor (\n" in written:
        yield "not held", written.partition("\nor (\n")[0]
    if isinstance(tuned.when, Share) and tuned.when.given:
        yield "of all whatever is given", re.sub(r"\n *and max by .* == 1(?=\n)", "", written)
    if isinstance(tuned.when, Overdue):
        oldest, youngest = "max by (source) (timestamp", "min by (source) (timestamp"
        yield "the youngest collector counts", written.replace(oldest, youngest)
        yield "not asked for who never answered", re.sub(r"\n *or max by .*\)", ")", written)
        if tuned.when.unless:
            yield "of all that are up too", written.partition("\nunless ")[0]
    if isinstance(tuned.when, Burn):
        yield "ends while nothing happens", re.sub(r"\n *or last_over_time.*(?=\) >)", "", written)
        yield "forgets bad events", re.sub(r"\n *or max_over_time.*(?=\))", "", written)
    if isinstance(tuned.when, Above | Increase) and tuned.when.threshold:
        yield "summed", written.replace("max by", "sum by")
    if isinstance(tuned.when, Quiet):
        yield (
            "blind",
            "\n".join(line for line in written.splitlines() if not line.startswith("and on")),
        )


def _exchanged(written: str, operators: Mapping[str, str]) -> str:
    return _OPERATOR.sub(lambda found: f" {operators.get(found[1], found[1])} ", written)


def mutant_rules(tuned: TunedAlert, system: System) -> dict[str, dict[str, Any]]:
    """The rule of each mutant of an alert, and of the sound alert, by what was done to it."""
    sound = prometheus.alert_rule(tuned, system)
    rules = {SOUND: sound}
    for what, mutant, changed in mutants(tuned):
        rule = prometheus.alert_rule(mutant, system)
        rules[what] = {
            **rule,
            "annotations": sound["annotations"],
            "expr": changed or rule["expr"],
        }
    return rules


def write_test(
    folder: Path,
    name: str,
    rules: dict[str, dict[str, Any]],
    of: TunedAlert,
    system: System,
    cases: slice = WHOLE,
) -> str:
    """Rules, each under its own name, and for each these tests of the alert they were made from.

    Side by side they take a tenth of the time that promtool needs for them one by one.
    """
    (document,) = promtool.tests_of([of], system, ".").values()
    document["tests"] = document["tests"][cases]
    for test in document["tests"]:
        for kind in ("promql_expr_test", "alert_rule_test"):
            test[kind] = [
                renamed(expectation, of.name, alert)
                for alert in rules
                for expectation in test.get(kind, [])
            ]
    document["rule_files"] = [f"{name}.rules"]
    group = [{**renamed(rule, of.name, alert), "alert": alert} for alert, rule in rules.items()]
    (folder / f"{name}.rules").write_text(yaml_text({"groups": [{"name": "m", "rules": group}]}))
    (folder / f"{name}.yaml").write_text(yaml_text(document))
    return f"{name}.yaml"


def renamed(part: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    """A rule or an expectation of another alert's name."""
    text = json.dumps(part)
    for form in ('alertname=\\"{}\\"', '"alertname": "{}"'):
        text = text.replace(form.format(old), form.format(new))
    changed: dict[str, Any] = json.loads(text)
    return changed


def in_parallel(judge: Callable[[list[str]], Part], names: list[str]) -> list[Part]:
    with ThreadPoolExecutor(PROCESSES) as pool:
        return list(pool.map(lambda start: judge(names[start::PROCESSES]), range(PROCESSES)))


def verdicts(folder: Path, names: list[str]) -> dict[str, bool]:
    parts = in_parallel(lambda some: judged(folder, some), names)
    return {name: verdict for part in parts for name, verdict in part.items()}


def built(tmp_path: Path, system: System) -> Path:
    write(tmp_path, build(system, ["prometheus", "recording", "promtool"]))
    return tmp_path


@pytest.fixture(scope="module")
def reference() -> System:
    return load([REFERENCE], variables={})


@pytest.fixture
def tuned_system(tmp_path: Path) -> System:
    spec = tmp_path / "tuned.yaml"
    spec.write_text(TUNED)
    return load([spec], variables={})


def test_the_reference_system_s_rules_and_tests_are_clean(
    reference: System, tmp_path: Path
) -> None:
    folder = built(tmp_path, reference)
    assert "SUCCESS" in check_rules(sorted(folder.glob("[pr]*/*.yaml")))
    tests = folder / "tests"
    large = sorted(path for path in tests.glob("*.yaml") if path.stat().st_size > LARGE)
    whole = sorted(path.name for path in tests.glob("*.yaml") if path not in large)
    names = whole + one_alert_each(large)
    assert len(names) > len(whole) + 20
    assert [name for name, passed in verdicts(tests, names).items() if not passed] == []


def test_tuned_rules_pass_the_tests_that_are_tuned_with_them(
    tuned_system: System, tmp_path: Path
) -> None:
    folder = built(tmp_path, tuned_system)
    check_rules(sorted(folder.glob("[pr]*/*.yaml")))
    changed = tuple(tuned_system.alerts)
    keep_rules(
        folder.glob("prometheus/*.yaml"),
        changed,
        lambda expression: "slo_burn" not in expression or f'window="{BURN}"' in expression,
    )
    names = []
    for path in sorted((folder / "tests").glob("*.yaml")):
        document = yaml.safe_load(path.read_text())
        of_changed = [
            test
            for test in document["tests"]
            if test["name"].startswith(changed)
            and ("SloBudget" not in test["name"] or f" {BURN} " in test["name"])
        ]
        if of_changed:
            path.write_text(yaml_text({**document, "tests": of_changed}))
            names += one_alert_each([path])
    assert names
    assert [name for name, passed in verdicts(folder / "tests", names).items() if not passed] == []


def test_every_mutant_of_an_alert_of_each_shape_is_caught(
    reference: System, tmp_path: Path
) -> None:
    """Most are caught by the first cases; the later ones are evaluated for those that are left."""
    tested: dict[str, TunedAlert] = {}
    left: dict[str, dict[str, dict[str, Any]]] = {}
    for number, tuned in enumerate(of_each_shape(tuned_alerts(reference))):
        name = f"{tuned.name}_{number}"
        tested[name] = tuned
        left[name] = {
            f"{name}_{what.replace(' ', '_')}": rule
            for what, rule in mutant_rules(tuned, reference).items()
        }
    assert sum(map(len, left.values())) > 6 * len(tested)
    sound = {name for rules in left.values() for name in rules if name.endswith(f"_{SOUND}")}
    for cases in CASES:
        files = [
            write_test(tmp_path, name, left[name], tuned, reference, cases)
            for name, tuned in tested.items()
        ]
        alerts = {name for rules in left.values() for name in rules}
        judge = partial(failed_alerts, tmp_path, alerts=alerts)
        parts = in_parallel(judge, files)
        caught = {name for part in parts for name in part}
        left = {
            name: {mutant: rule for mutant, rule in rules.items() if mutant not in caught}
            for name, rules in left.items()
        }
    assert {name for rules in left.values() for name in rules} == sound
