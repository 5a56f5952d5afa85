"""Unit tests for `promtool test rules`, of every alert, derived from the alerts themselves."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from urllib.parse import quote_plus

from obs.alerts.alert import TunedAlert
from obs.alerts.annotations import described
from obs.alerts.conditions.samples import Signal
from obs.alerts.conditions.scope import Labels
from obs.alerts.conditions.words import ValueForm
from obs.alerts.definitions import groups_of
from obs.alerts.rule_tests.cases import Case, cases
from obs.alerts.rule_tests.chosen import chosen
from obs.alerts.writers.prometheus import RuleDocument, annotations, panel_link, shared_labels
from obs.catalogue.declare import EXPORTED
from obs.catalogue.query import duration, equal, number, selector
from obs.spec.system import System


def tests_of(alerts: Sequence[TunedAlert], system: System, rules: str) -> dict[str, RuleDocument]:
    """Test files by name. `rules` is the folder of the rule files, from the tests' own.

    Tests that are evaluated equally often share a file.
    """

    group_of = {
        alert.name: group for group, alerts in groups_of(system).items() for alert in alerts
    }

    def file_of(tuned: TunedAlert) -> tuple[str, float]:
        return group_of[tuned.name], tuned.when.samples().step

    files = {}
    for (group, step), members in groupby(sorted(alerts, key=file_of), key=file_of):
        tests = [test for tuned in members for test in alert_tests(tuned, system)]
        if tests:
            document = _test_file(tests, [f"{rules}/{group}.yaml"], step)
            files[f"{group}_{duration(step)}_test"] = document
    return files


def _test_file(tests: list[RuleDocument], rule_files: list[str], step: float) -> RuleDocument:
    """One test file, its rules evaluated every `step` seconds."""
    return {
        "rule_files": rule_files,
        "evaluation_interval": duration(step),
        "tests": tests,
    }


def alert_tests(tuned: TunedAlert, system: System) -> Iterator[RuleDocument]:
    """The tests of one alert."""
    for case in cases(tuned, system):
        subject = ",".join(value for _, value in case.labels)
        tier = dict(tuned.labels).get("tier", "")
        about = " ".join(filter(None, (tuned.name, tier, subject)))
        test: RuleDocument = {
            "interval": duration(case.step),
            "name": f"{about}: {case.name}",
            "input_series": [
                {
                    "series": _series(each.metric.name, _labels(each, tuned, system)),
                    "values": _values(each.values),
                }
                for each in case.series
            ],
            "promql_expr_test": list(_firing_tests(tuned, case, system)),
        }
        if case.annotated:
            test["alert_rule_test"] = [_annotation_test(tuned, case, system)]
        yield test


def _labels(signal: Signal, tuned: TunedAlert, system: System) -> Labels:
    """The labels of a series: those of the system beside its own.

    What Prometheus itself tells is of no system. What another exporter tells has those that the
    spec chooses it by.
    """
    if signal.metric.foreign:
        return tuple({**chosen(tuned), **dict(signal.labels)}.items())
    exported = signal.metric.name in EXPORTED or signal.metric.aws is not None
    return (*signal.labels, *(system.labels if exported else ()))


def _firing_tests(tuned: TunedAlert, case: Case, system: System) -> Iterator[RuleDocument]:
    """That it fires at each change of state, and exactly as often as it should altogether."""
    matchers = (
        ("alertname", tuned.name),
        ("alertstate", "firing"),
        *case.labels,
        *tuned.labels,
    )
    firing = selector("ALERTS", equal(matchers))
    labels = {**_alert_labels(tuned, case, system), "alertname": tuned.name, "alertstate": "firing"}
    sample = {"labels": _series("ALERTS", sorted(labels.items())), "value": 1}
    for i in _changes(case.firing):
        yield {
            "eval_time": _moment(i * case.step),
            "expr": firing,
            "exp_samples": [sample] if case.firing[i] else [],
        }
    if None in case.firing:
        return
    last = len(case.firing) - 1
    total = sum(map(bool, case.firing))
    every = f"{firing}[{duration((last + 1) * case.step)}]"
    yield {
        "eval_time": _moment(last * case.step),
        "expr": f"sum(count_over_time({every}))",
        "exp_samples": [{"labels": "{}", "value": total}] if total else [],
    }


def _changes(firing: Sequence[bool | None]) -> list[int]:
    """The steps at which it begins or ceases to fire, and those right before; and the last one.

    None of those of which nothing is said.
    """
    changes = [i for i in range(1, len(firing)) if firing[i] != firing[i - 1]]
    last = [len(firing) - 1] if None in firing else []
    return sorted({j for i in (*changes, *last) for j in (i - 1, i) if firing[j] is not None})


def _annotation_test(tuned: TunedAlert, case: Case, system: System) -> RuleDocument:
    texts = annotations(tuned, system)
    texts["description"] = described(tuned, lambda name: _filled(name, tuned, case))
    if "dashboard_url" in texts:
        object_ = dict(case.labels)
        texts["dashboard_url"] = panel_link(tuned, system, lambda label: quote_plus(object_[label]))
    first = case.firing.index(True)  # nothing is said before the value is what the test made it
    return {
        "eval_time": _moment(first * case.step),
        "alertname": tuned.name,
        "exp_alerts": [
            {"exp_labels": _alert_labels(tuned, case, system), "exp_annotations": texts}
        ],
    }


def _filled(name: str, tuned: TunedAlert, case: Case) -> str:
    if name == "value":
        return _shown(case.value, tuned.when.words().form)
    return {**dict(case.labels), **case.filled}[name]


def _shown(number_: float, form: ValueForm) -> str:
    """A value as Prometheus' templates show it."""
    match form:
        case "duration":
            return _human_duration(number_)
        case "percent":
            return f"{number_:.1f} %"
        case "share":
            return f"{100 * number_:.4g}%"
        case "rate":
            return f"{number_:.1f}"
        case "count":
            return f"{number_:.0f}"
        case "number":
            return f"{number_:.4g}"
        case "dollars":
            return f"${number_:.2f}"


def _human_duration(seconds: float) -> str:
    if 0 < seconds < 1:
        return f"{1000 * seconds:.4g}ms"
    whole, units = int(seconds), (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))
    parts: list[str] = []
    for unit, size in units:
        count, whole = divmod(whole, size)
        if count or parts:
            parts.append(f"{count}{unit}")
    return " ".join(parts) if len(parts) > 1 else f"{seconds:.4g}s"


def _alert_labels(tuned: TunedAlert, case: Case, system: System) -> dict[str, str]:
    own = {"severity": str(tuned.severity), **shared_labels(system), **dict(tuned.labels)}
    return {**dict(case.labels), **own}


def _series(name: str, labels: Iterable[tuple[str, str]]) -> str:
    return selector(name, equal(tuple(labels)))


def _values(values: Sequence[float | None]) -> str:
    """Samples in promtool's notation; where a series ends it is stale at once."""
    words: list[str] = []
    at = 0
    while at < len(values):
        length, first = _run(values[at:]), values[at]
        if first is not None:
            step = (values[at + 1] or 0) - first if length > 1 else 0
            words.append(
                f"{number(first)}{'-' if step < 0 else '+'}{number(abs(step))}x{length - 1}"
            )
        elif at == 0:
            words.append(f"_x{length}")
        else:
            words += ["stale", *([f"_x{length - 1}"] if length > 1 else [])]
        at += length
    return " ".join(words)


def _run(values: Sequence[float | None]) -> int:
    """How many samples from the first on are missing, or lie on one line."""
    first, *rest = values
    if first is None:
        return next((i for i, value in enumerate(values) if value is not None), len(values))
    if not rest or rest[0] is None:
        return 1
    step = rest[0] - first
    if step != int(step):  # promtool adds step by step, which is exact for whole numbers only
        return 1
    length = 2
    while length < len(values) and values[length] == first + step * length:
        length += 1
    return length


def _moment(seconds: float) -> str:
    """As `duration`, also of nothing."""
    return duration(seconds) if seconds else "0s"
