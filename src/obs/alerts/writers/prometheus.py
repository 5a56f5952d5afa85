"""Prometheus rule files; Thanos, Mimir's ruler and vmalert accept them as they are.

`prometheus` writes what every version since 2.42 reads; `prometheus-3` says the labels that all
alerts share once a group.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from obs.alerts.alert import OWN, TunedAlert
from obs.alerts.annotations import described
from obs.alerts.conditions.scope import Labels
from obs.alerts.conditions.words import ValueForm
from obs.alerts.definitions import groups_of, records_of
from obs.alerts.writers.templates import address, go_text
from obs.catalogue.query import duration
from obs.ids import panel_url
from obs.spec.system import System

GROUP_SIZE: Final = 20
"""Rules a group holds at most: groups are evaluated beside each other, rules in turn."""

_STRINGS: Final = re.compile(r'"(?:[^"\\]|\\.)*"')

PromRule = dict[str, Any]
RuleDocument = dict[str, Any]

VALUES: Final[dict[ValueForm, str]] = {
    "duration": "{{ $value | humanizeDuration }}",
    "percent": '{{ $value | printf "%.1f" }} %',
    "share": "{{ $value | humanizePercentage }}",
    "rate": '{{ $value | printf "%.1f" }}',
    "count": '{{ $value | printf "%.0f" }}',
    "number": '{{ $value | printf "%.4g" }}',
    "dollars": '{{ $value | printf "$%.2f" }}',
}
"""A template for each form of a value."""


def rule_files(
    alerts: Sequence[TunedAlert], system: System, *, group_labels: bool = False
) -> dict[str, RuleDocument]:
    """A rule file for each kind of alert, by name, and for what packs record. `group_labels` needs
    Prometheus 3."""
    files = {}
    for name, definitions in groups_of(system).items():
        names = {alert.name for alert in definitions}
        rules = [alert_rule(tuned, system) for tuned in alerts if tuned.name in names]
        groups = list(_groups(f"{system.known_as}-{name}", rules))
        if group_labels:
            groups = [_with_group_labels(group, system) for group in groups]
        if groups:
            files[name] = {"groups": groups}
    for name, rules in records_of(system).items():
        group = {"name": f"{system.known_as}-{name}-recording", "rules": rules}
        files[f"{name}-recording"] = {"groups": [group]}
    return files


def alert_rule(tuned: TunedAlert, system: System) -> PromRule:
    """One alerting rule.

    A rule of single objects sets their labels itself. Its alerts stay the same, but linters no
    longer take it for a duplicate of the rule that differs only in its selectors.
    """
    rule: PromRule = {"alert": tuned.name, "expr": tuned.expression}
    if tuned.hold >= 1:
        rule["for"] = duration(tuned.hold)
    return {
        **rule,
        "labels": {
            **_as_templates(tuned.only),
            "severity": str(tuned.severity),
            **shared_labels(system),
            **_as_templates(tuned.labels),
        },
        "annotations": annotations(tuned, system),
    }


def _as_templates(labels: Labels) -> dict[str, str]:
    """Prometheus takes the values of labels for templates."""
    return {label: go_text(value) for label, value in labels}


def shared_labels(system: System) -> dict[str, str]:
    """The labels that all alerts of a system have."""
    return dict(sorted((*system.labels, OWN)))


def annotations(tuned: TunedAlert, system: System) -> dict[str, str]:
    """What people read, and where it leads them."""
    texts = {
        "summary": tuned.alert.summary,
        "description": described(tuned, lambda name: _template(name, tuned)),
        "runbook_url": runbook_url(tuned, system),
        **_as_templates(tuned.annotations),
    }
    link = panel_link(tuned, system, lambda label: f"{{{{ $labels.{label} | urlquery }}}}")
    return {**texts, **({"dashboard_url": link} if link else {})}


def panel_link(tuned: TunedAlert, system: System, fill: Callable[[str], str]) -> str:
    """The panel of the object that fires; empty where the spec does not say where Grafana is.

    `fill` gives a label's value, escaped for a URL, or nothing where it is not known.
    Dashboards have a variable of the name of each label that tells objects apart.
    """
    if not system.grafana:
        return ""
    values = [(label, fill(label)) for label in tuned.identity]
    variables = [(label, value) for label, value in values if value]
    return panel_url(address(system.grafana), system.known_as, tuned.alert.panel, variables)


def runbook_url(tuned: TunedAlert, system: System) -> str:
    """The runbook's address; beside the rules where the spec does not say where it is published."""
    folder = address(system.links.runbooks or "runbooks")
    return f"{folder.rstrip('/')}/{tuned.name}.md"


def _template(name: str, tuned: TunedAlert) -> str:
    if name == "value":
        return VALUES[tuned.when.words().form]
    own = tuned.when.placeholders(tuned).get(name)
    return own.prometheus if own else f"{{{{ $labels.{name} }}}}"


def _groups(name: str, rules: Sequence[PromRule]) -> Iterator[RuleDocument]:
    for number, start in enumerate(range(0, len(rules), GROUP_SIZE), 1):
        suffix = f"-{number}" if number > 1 else ""
        yield {"name": f"{name}{suffix}", "rules": list(rules[start : start + GROUP_SIZE])}


def _with_group_labels(group: RuleDocument, system: System) -> RuleDocument:
    shared = shared_labels(system)
    rules = [
        {**rule, "labels": {k: v for k, v in rule["labels"].items() if k not in shared}}
        for rule in group["rules"]
    ]
    return {"name": group["name"], "labels": shared, "rules": rules}


def problems(files: Iterable[tuple[str, RuleDocument]]) -> Iterator[str]:
    """What a rule file must never have: the same rule twice, a group twice, an empty text."""
    groups: set[str] = set()
    for file, document in files:
        for group in document["groups"]:
            if group["name"] in groups:
                yield f"{file}: two groups are named {group['name']}"
            groups.add(group["name"])
            seen: list[PromRule] = []
            for rule in group["rules"]:
                if rule in seen:
                    yield f"{file}: the same rule twice: {rule.get('alert') or rule.get('record')}"
                seen.append(rule)
                code = _STRINGS.sub("", rule["expr"])
                if code.count("(") != code.count(")"):
                    yield f"{file}: unbalanced expression: {rule['expr']}"
