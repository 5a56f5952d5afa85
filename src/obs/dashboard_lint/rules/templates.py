"""Rules on a dashboard's variables."""

import re
from collections.abc import Iterator
from typing import Any, Final

from obs.dashboard_lint.finding import Severity
from obs.dashboard_lint.model import Variable
from obs.dashboard_lint.promql import InvalidPromql, read_promql
from obs.dashboard_lint.rules.rule import error, warning
from obs.dashboard_lint.subject import Remark, Subject
from obs.dashboards.interpolate import referenced
from obs.dashboards.json_values import mapping, text
from obs.dashboards.kinds import PROMETHEUS
from obs.spec.report import did_you_mean

_ON_TIME_CHANGE: Final = 2
_ALL_VALUE: Final = ".+"
_WITHOUT_NAMES: Final = ("adhoc", "groupby")  # Grafana applies them to all queries by itself
_OF_NATS: Final = ("G", "SYS", "JS", "KV", "O", "MQTT", "SRV", "NRG")
"""What NATS' own accounts and subjects begin with, after a $ that Grafana leaves as it is."""
_LABEL_VALUES: Final = re.compile(r"\s*label_values\s*\((?P<series>.+),[^,]+\)\s*", re.DOTALL)
_QUERY_RESULT: Final = re.compile(r"\s*query_result\s*\((?P<series>.+)\)\s*", re.DOTALL)
_PLAIN: Final = re.compile(r"\s*(label_values|label_names|metrics)\s*\([^{}]*\)\s*")


def _datasource(subject: Subject) -> Iterator[Remark]:
    found = [each for each in subject.dashboard.variables if each.type == "datasource"]
    if not found:
        yield Remark(
            "has no variable for the data source; add one named datasource, of type datasource"
        )
    for each in found:
        names, labels = [f"{each.query.lower()}_datasource"], [f"{each.query.title()} data source"]
        if len(found) == 1:
            names.append("datasource")
            labels.append("Data source")
        if each.name not in names:
            yield Remark(f"variable {each.name} is a data source; name it {' or '.join(names)}")
        if text(each.json.get("label")) not in labels:
            message = f"variable {each.name} should have the label {' or '.join(labels)}"
            yield Remark(message, severity=Severity.WARNING)


def _job(subject: Subject) -> Iterator[Remark]:
    return _identity(subject, "job")


def _instance(subject: Subject) -> Iterator[Remark]:
    return _identity(subject, "instance")


def _identity(subject: Subject, name: str) -> Iterator[Remark]:
    """What is wrong with the variable that selects the series of scrape targets."""
    if not subject.queries_prometheus:
        return
    variable = subject.dashboard.variable(name)
    if variable is None:
        yield Remark(f"has no variable {name}; add one with the query label_values(METRIC, {name})")
        return
    if variable.type != "query":
        yield Remark(f"variable {name} has type {variable.type or 'none'}; make it a query")
        return
    if variable.json.get("multi") is not True:
        yield Remark(f"variable {name} allows one value only; set multi")
    if (everything := text(variable.json.get("allValue"))) != _ALL_VALUE:
        of = f"{everything}, which also matches series without {name}"
        yield Remark(
            f"variable {name} expands All to "
            f"{of if everything else 'every value, which makes long queries'}; set allValue to .+"
        )
    if variable.kind not in (PROMETHEUS, ""):
        yield Remark(f"variable {name} queries {variable.kind}; use the Prometheus data source")
    if text(variable.json.get("label")) != name.title():
        message = f"variable {name} should have the label {name.title()}"
        yield Remark(message, severity=Severity.WARNING)


def _promql(subject: Subject) -> Iterator[Remark]:
    for variable in subject.dashboard.variables:
        if variable.type != "query" or variable.kind != "prometheus":
            continue
        query = variable.query or text(variable.json.get("definition"))
        if not query:
            yield Remark(
                f"variable {variable.name} has no query; write label_values(METRIC, LABEL)"
            )
            continue
        try:
            read_promql(_series(query), subject.dashboard)
        except InvalidPromql as problem:
            yield Remark(
                f"variable {variable.name} has query {query}, which is not valid PromQL: {problem}"
            )


def _series(query: str) -> str:
    """The PromQL in a variable's query; any valid PromQL where it has none."""
    for form in (_LABEL_VALUES, _QUERY_RESULT):
        if found := form.fullmatch(query):
            return found["series"]
    return "up" if _PLAIN.fullmatch(query) else query


def _reload(subject: Subject) -> Iterator[Remark]:
    for variable in subject.dashboard.variables:
        if variable.type == "query" and variable.json.get("refresh") != _ON_TIME_CHANGE:
            yield Remark(
                f"variable {variable.name} is not refreshed when the time range changes; "
                f"set refresh to {_ON_TIME_CHANGE}"
            )


def _unused(subject: Subject) -> Iterator[Remark]:
    json = subject.dashboard.json
    if any(panel.in_library for panel in subject.dashboard.panels):
        return  # what the panels of the library use is not in the file
    rest = {key: value for key, value in json.items() if key != "templating"}
    elsewhere = set(_mentioned(rest))
    own = [(each, set(_mentioned(each.json))) for each in subject.dashboard.variables]
    for variable, _ in own:
        others = (names for each, names in own if each is not variable)
        used = variable.name in elsewhere or any(variable.name in names for names in others)
        if variable.type not in _WITHOUT_NAMES and not used:
            yield Remark(f"variable {variable.name or '(no name)'} is unused; remove it")


def _mentioned(value: Any) -> Iterator[str]:
    """Names of variables in all texts, and of those that repeat panels."""
    below = [value]
    while below:
        each = below.pop()
        if isinstance(each, str):
            if "$" in each or "[[" in each:
                yield from referenced(each)
        elif isinstance(each, list):
            below.extend(each)
        elif isinstance(each, dict):
            yield text(each.get("repeat"))
            yield text(each.get("variable"))  # a condition of schema v2
            below.extend(each.values())


def _undefined(subject: Subject) -> Iterator[Remark]:
    names = {each.name for each in subject.dashboard.variables}
    for panel in subject.dashboard.panels:
        for target in panel.targets:
            for name in _missing(target.expr, names):
                message = f"${name} is not a variable of the dashboard{did_you_mean(name, names)}"
                yield Remark(message, panel, target)
    for variable in subject.dashboard.variables:
        if variable.type == "query":
            for name in _missing(variable.query, names):
                message = f"variable {variable.name} uses ${name}, which is not a variable"
                yield Remark(f"{message}{did_you_mean(name, names)}")


def _missing(query: str, names: set[str]) -> list[str]:
    """Variables that do not exist; $1 is a group of a regular expression, $G an account of NATS."""
    return [
        name
        for name in referenced(query)
        if name not in names
        and not name.startswith("__")
        and not name[0].isdigit()
        and not _is_of_nats(name, query)
    ]


def _is_of_nats(name: str, query: str) -> bool:
    return name in _OF_NATS and not re.search(rf"\$\{{{name}\b|\[\[{name}\b", query)


def is_chosen_once(variable: Variable | None) -> bool:
    """Whether a variable always has exactly one value."""
    json = mapping(variable.json if variable else None)
    return json.get("multi") is not True and json.get("includeAll") is not True


RULES: Final = (
    error("template-datasource-rule", "A variable selects the data source.", _datasource),
    error("template-job-rule", "A variable `job` selects jobs: a query, multi, All is .+", _job),
    error(
        "template-instance-rule",
        "A variable `instance` selects instances: a query, multi, All is .+",
        _instance,
    ),
    error(
        "template-label-promql-rule", "Variables' queries to Prometheus are valid PromQL.", _promql
    ),
    error(
        "template-on-time-change-reload-rule",
        "Variables are refreshed when the time range changes.",
        _reload,
    ),
    warning("template-unused-rule", "Each variable is used somewhere.", _unused),
    error("template-undefined-rule", "Each variable that a query uses exists.", _undefined),
)
