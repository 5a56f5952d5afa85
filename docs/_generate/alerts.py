"""Every alert: what it means, when it fires, how it is tuned, its rule and its runbook."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from docs._generate.alert_rules import expression, rules, whole
from docs._generate.markdown import anchor, block, code, joined, rubric, table, with_rubrics, words
from docs._generate.since import since
from obs.alerts.alert import Alert
from obs.alerts.definitions import GROUPS
from obs.alerts.runbook import runbook
from obs.spec.quantity import format_duration
from obs.spec.system import System

_MANY: Final = 4
"""Alerts about objects of a kind that have a page of their own, in a group of many kinds."""
_SEVERAL: Final = 5
_TITLES: Final = {
    "nats": "NATS",
    "eventbridge": "AWS",
    "probe": "Probes",
    "slo": "SLOs",
    "collector": "The collector itself",
}


def pages() -> dict[str, str]:
    """A page for each kind of object that alerts are about."""
    found: dict[str, list[Alert]] = {}
    for group, alerts in GROUPS.items():
        of_kind = Counter(str(alert.about) for alert in alerts)
        for alert in alerts:
            kind = str(alert.about)
            many = len(of_kind) > _SEVERAL and of_kind[kind] >= _MANY
            kind = kind if many else "others"
            page = f"{group}-{kind}" if len(of_kind) > _SEVERAL else group
            found.setdefault(page, []).append(alert)
    made = {
        f"alerts/{page}": joined(
            f"# Alerts: {_title(page)}", *(section(alert, whole()) for alert in alerts)
        )
        for page, alerts in found.items()
    }
    every = [alert for alerts in GROUPS.values() for alert in alerts]
    return {"alerts/index": _index(every), **made}


def overview(alerts: Iterable[Alert]) -> str:
    """A table of alerts."""
    return table(
        ("alert", "severity", "fires when"),
        ((f"[{each.name}](#{each.name})", each.severity, _when(each)) for each in alerts),
    )


def section(alert: Alert, system: System) -> str:
    """All that there is to know of an alert."""
    found = rules(alert)
    return joined(
        anchor(alert.name),
        f"## {alert.name}",
        words(alert.summary),
        "\n".join(_facts(alert)),
        _tuning(alert),
        f"The message: *{words(alert.description)}*",
        rubric("Rule"),
        block(expression(alert), "text"),
        _runbook(runbook(alert, found, system)),
    )


def _index(every: list[Alert]) -> str:
    return joined(
        "# Alerts",
        "Every alert that obs builds, as it is without tuning; those of packs are on "
        "[their pages](../packs/index.md). A rule is built where the spec has what it watches. "
        "`obs alerts list --spec FILE` lists yours with your thresholds, `obs alerts explain NAME` "
        "prints its runbook, with how to silence it; "
        "[the first alert tuned](../../how-to/first-alert.md) shows how.",
        "```{toctree}\n:hidden:\n:glob:\n\n*\n```",
        overview(every),
    )


def _title(page: str) -> str:
    group, _, kind = page.partition("-")
    title = _TITLES.get(group, group.replace("_", " ").capitalize())
    return f"{title}, {kind.replace('-', ' ')}" if kind else title


def _facts(alert: Alert) -> Iterator[str]:
    yield f"- Severity: **{alert.severity}**"
    yield f"- Fires when: {_when(alert)}"
    yield f"- Keeps firing while its source is silent: {format_duration(alert.keep_firing) or '0s'}"
    labels = ", ".join(map(code, alert.about.labels))
    yield f"- One for each: {labels or 'system'}"
    yield f"- Since {since(alert.name)}"


def _when(alert: Alert) -> str:
    found = dict.fromkeys(
        code(tuned.when.words().comparison or "its condition holds") for tuned in rules(alert)
    )
    hold = f" for {format_duration(alert.hold)}" if alert.hold else ""
    return f"{' or '.join(found)}{hold}"


def _tuning(alert: Alert) -> str:
    fields = [code(each) for each in (*alert.when.tunable(), "for", "severity", "enabled")]
    return f"Tune it in the spec under `alerts: {{{alert.name}: …}}`: {', '.join(fields)}."


def _runbook(text: str) -> str:
    """The runbook without its title and what all have in common."""
    _, _, body = text.partition("\n\n")  # the name
    _, _, body = body.partition("\n\n")  # the summary
    body, _, _ = body.rpartition("## Silencing")  # which is the same for all
    return with_rubrics(body)
