"""A condition is one class: a new one is built, tuned, worded, drawn and tested like the others."""

import ast
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pytest
import yaml

import obs
from obs.alerts import conditions
from obs.alerts.alert import About, Alert, Severity
from obs.alerts.conditions import CONDITIONS
from obs.alerts.conditions.cloudwatch import AlarmForm, NotExpressible
from obs.alerts.conditions.condition import (
    Condition,
    PanelLimit,
    PanelQueries,
    TuningField,
)
from obs.alerts.conditions.grafana import GrafanaQuery, lasting_gauge
from obs.alerts.conditions.promql import present
from obs.alerts.conditions.samples import Gauge, Level, Samples
from obs.alerts.conditions.scope import RuleScope
from obs.alerts.conditions.words import Words
from obs.alerts.definitions import BY_NAME, GROUPS
from obs.alerts.routing import inhibitions
from obs.alerts.targets import build
from obs.alerts.tuning import check_tuning, tuned_alerts
from obs.alerts.writers.cloudwatch.alarms import alarms_of
from obs.artifacts import write
from obs.catalogue import nats
from obs.catalogue.metric import Metric
from obs.catalogue.query import number
from obs.dashboards.alert_expression import compared, unit
from obs.dashboards.expressions import VariableScope
from obs.dashboards.thresholds import thresholds_of
from obs.spec.load import Spec
from obs.spec.report import InvalidSpec
from tests.integration.promtool import check_rules, judged, needs_promtool

NAME = "NatsConsumerLagOdd"
PANEL = "consumer/odd"
REASON = "CloudWatch knows no remainders"
ROOT = Path(obs.__file__).parent


@dataclass(frozen=True, slots=True)
class Remainder(Condition):
    """A gauge leaves a remainder above the threshold when it is divided."""

    metric: Metric
    divisor: float
    threshold: float

    def metrics(self) -> tuple[Metric, ...]:
        return (self.metric,)

    def promql(self, rule: RuleScope, held: float) -> str:
        rest = f"{present(rule, self.metric, held)} % {number(self.divisor)}"
        return f"{rest} > {number(self.threshold)}"

    def drawn(self, panel: PanelQueries) -> str:
        return f"{panel.value(self.metric)} % {number(self.divisor)}"

    def panel_limit(self) -> PanelLimit:
        return PanelLimit(self.threshold, "messages")

    def grafana(self, rule: RuleScope) -> GrafanaQuery:
        return GrafanaQuery(
            {"A": lasting_gauge(rule, self.metric)},
            f"$A % {number(self.divisor)} > {number(self.threshold)}",
        )

    def cloudwatch(self) -> AlarmForm:
        return NotExpressible(REASON)

    def words(self) -> Words:
        rest = number(self.threshold)
        return Words(threshold=rest, comparison=f"% {number(self.divisor)} > {rest}")

    def tunable(self) -> Mapping[TuningField, str]:
        return {"above": "threshold"}

    def samples(self) -> Samples:
        edge = self.threshold
        values = {Level.GOOD: 10 * self.divisor, Level.EDGE: edge, Level.BAD: edge + 1}
        return Samples((Gauge(self.metric, values),), edge + 1)


ODD = Alert(
    NAME,
    Severity.WARNING,
    About.CONSUMER,
    Remainder(nats.LAG_MESSAGES, 100, 30),
    300,
    "A consumer's lag is odd.",
    "Consumer {consumer} on stream {stream}: {value} (threshold {threshold}).",
    "Nobody has ever seen one.",
    PANEL,
)

Read = Callable[..., Spec]


@pytest.fixture(autouse=True)
def odd(monkeypatch: pytest.MonkeyPatch) -> None:
    """The alert is among the definitions."""
    monkeypatch.setitem(BY_NAME, NAME, ODD)
    monkeypatch.setitem(GROUPS, "odd", (ODD,))


def test_a_spec_tunes_it_by_the_fields_that_it_has(spec: Read) -> None:
    tuned = spec(f"alerts: {{{NAME}: {{above: 50, overrides: [{{consumer: c, above: 7}}]}}}}\n")
    check_tuning(tuned)
    general, own = (each for each in tuned_alerts(tuned.system) if each.name == NAME)
    assert general.when == Remainder(nats.LAG_MESSAGES, 100, 50)
    assert own.when == Remainder(nats.LAG_MESSAGES, 100, 7)
    with pytest.raises(InvalidSpec) as refusal:
        check_tuning(spec(f"alerts: {{{NAME}: {{below: 5, above: 5m}}}}\n"))
    assert f"{NAME} has no below; it has above" in str(refusal.value)
    assert f"{NAME} compares messages; write a number without a unit" in str(refusal.value)


def test_prometheus_and_grafana_have_its_rules(spec: Read) -> None:
    built = build(spec().system, ["prometheus", "grafana"])
    (group,) = yaml.safe_load(built["prometheus"]["prometheus/odd.yaml"])["groups"]
    (rule,) = group["rules"]
    series = 'nats_consumer_lag_messages{environment="production",system="shop"}'
    lag = f"max by (nats, account, stream, consumer) ({series})"
    assert rule["expr"].startswith(f"{lag} % 100 > 30\nor (\n")
    assert rule["annotations"]["description"].endswith(
        '{{ $value | printf "%.0f" }} (threshold 30).'
    )
    groups = yaml.safe_load(built["grafana"]["grafana/rules.yaml"])["groups"]
    (mine,) = next(each["rules"] for each in groups if each["name"].endswith("-odd"))
    assert mine["data"][0]["model"]["expr"].startswith(f"{lag}\nor (\n")
    assert mine["data"][-1]["model"]["expression"] == "$A % 100 > 30"


def test_cloudwatch_gives_its_reason(spec: Read) -> None:
    system = spec().system
    alerts = [each for each in tuned_alerts(system) if each.name == NAME]
    alarms = alarms_of(alerts, system, "cloud")
    assert alarms.groups == ()
    assert [each.reason for each in alarms.refused if each.alert == NAME] == [REASON]


def test_a_panel_draws_it(spec: Read) -> None:
    when = ODD.when
    limits = thresholds_of(spec().system)
    assert limits.described(PANEL, "Odd.").endswith(f"Alert {NAME}: % 100 > 30 for 5m, warning.")
    assert limits.steps(PANEL)[-1] == {"color": "orange", "value": 30}
    assert not limits.is_on_too_little(PANEL)
    assert compared(VariableScope(), when).endswith(" % 100")
    assert unit(when) == "short"


def test_it_is_routed_like_every_alert_of_its_object(spec: Read) -> None:
    system = spec().system
    alerts = tuned_alerts(system)
    assert inhibitions(alerts, system) == inhibitions(
        [each for each in alerts if each.name != NAME], system
    )


@needs_promtool
def test_promtool_passes_its_generated_tests(spec: Read, tmp_path: Path) -> None:
    text = f"alerts: {{{NAME}: {{above: 50, overrides: [{{consumer: c, above: 7}}]}}}}\n"
    write(tmp_path, build(spec(text).system, ["prometheus", "promtool"]))
    check_rules([tmp_path / "prometheus" / "odd.yaml"])
    (tests,) = (tmp_path / "tests").glob("odd_*.yaml")
    names = [each["name"] for each in yaml.safe_load(tests.read_text())["tests"]]
    assert f"{NAME} source,ACCOUNT,STREAM,consumer: fires in time and resolves" in names
    assert f"{NAME} source,ACCOUNT,STREAM,c: goes on firing while its source is down" in names
    assert judged(tmp_path / "tests", [tests.name]) == {tests.name: True}
    wrong = tmp_path / "prometheus" / "odd.yaml"
    wrong.write_text(wrong.read_text().replace("> 50", ">= 50"))
    assert judged(tmp_path / "tests", [tests.name]) == {tests.name: False}


def test_a_condition_that_leaves_an_answer_out_cannot_be_made() -> None:
    class Silent(Condition):
        """Answers nothing."""

    with pytest.raises(TypeError, match="abstract"):
        Silent()  # type: ignore[abstract]


def test_the_list_has_every_condition_of_the_package() -> None:
    classes = {
        each
        for _, each in inspect.getmembers(conditions, inspect.isclass)
        if issubclass(each, Condition) and each is not Condition
    }
    assert set(CONDITIONS) == classes
    modules = [
        import_module(f"{conditions.__name__}.{module.stem}")
        for module in (ROOT / "alerts" / "conditions").glob("[a-z]*.py")
    ]
    written = {
        each
        for module in modules
        for _, each in inspect.getmembers(module, inspect.isclass)
        if issubclass(each, Condition) and not inspect.isabstract(each)
    }
    assert written == set(CONDITIONS)


def test_only_definitions_name_a_condition() -> None:
    names = {each.__name__ for each in CONDITIONS}
    naming = {
        str(path.relative_to(ROOT).parent)
        for path in ROOT.rglob("*.py")
        if names & _identifiers(path)
    }
    of_packs = {folder for folder in naming if folder.startswith("packs/")}
    assert naming == {"alerts/conditions", "alerts/definitions", "own_packs", *of_packs}


def _identifiers(path: Path) -> set[str]:
    """Every name and attribute that a module uses or imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name):
                found.add(name)
    return found
