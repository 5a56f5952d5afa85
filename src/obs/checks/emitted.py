"""Are the collector's series and the built files free of personal data and secrets?"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from obs.alerts.tuning import alarmed, tuned_alerts
from obs.alerts.writers import prometheus
from obs.alerts.writers.cloudwatch.alarms import alarms_of
from obs.checks.finding import CheckFinding, right, wrong
from obs.privacy.detectors import kinds
from obs.privacy.names import telltale
from obs.spec.system import System

_PAIR: Final = re.compile(r'([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"')
_ADDRESS: Final = "an IP address"
_OF_MACHINES: Final = frozenset(("server", "url", "endpoint", "le", "quantile"))
"""Labels that hold the address of a machine of the system: not personal data."""
_VERSIONS: Final = frozenset(("version", "python_version"))

Texts = Iterable[tuple[str, str, str]]
"""Location, field name and text."""


def label_pairs(exposition: str) -> frozenset[tuple[str, str]]:
    """Every label with every value it has, of a scrape in Prometheus' text format."""
    lines = (line for line in exposition.splitlines() if not line.startswith("#"))
    return frozenset(pair for line in lines for pair in _PAIR.findall(line))


def texts_of(system: System) -> Iterator[tuple[str, str, str]]:
    """Labels, annotations, tags and attributes that other systems receive."""
    for where, name, text in _texts_of(system):
        yield f"{where}: {name}", name, text


def _texts_of(system: System) -> Iterator[tuple[str, str, str]]:
    alerts = tuned_alerts(system)
    for document in prometheus.rule_files(alerts, system).values():
        for group in document["groups"]:
            for rule in group["rules"]:
                yield from _of_rule(rule)
    for aws in system.sources.aws:
        for alarm in alarms_of(alarmed(system), system, aws).all:
            yield f"alarm {alarm.name}", "description", alarm.description
            yield from ((f"alarm {alarm.name}", name, text) for name, text in alarm.tags)
    if system.outputs.otlp is not None:
        for name, text in system.outputs.otlp.resource.items():
            yield "outputs.otlp.resource", name, text
    if system.outputs.remote_write is not None:
        for name, text in system.outputs.remote_write.labels.items():
            yield "outputs.remote_write.labels", name, text
    for slo in system.slos:
        yield f"SLO {slo.service}/{slo.name}", "description", slo.description
    yield "the spec", "description", system.description


def judge_texts(texts: Texts, subject: str, advice: str) -> Iterator[CheckFinding]:
    """No field name suggests, and no text contains, personal data or a secret."""
    seen: dict[tuple[str, str], None] = {}
    number = 0
    for where, name, text in texts:
        number += 1
        for what in _problems(name, text):
            seen.setdefault((where, what))
    for resource, what in seen:
        yield wrong(resource, what, advice)
    if not seen:
        yield right(subject, f"texts checked: {number}")


def judge_labels(pairs: Iterable[tuple[str, str]], subject: str) -> Iterator[CheckFinding]:
    """The labels of the collector's series. Findings never repeat the value."""
    advice = "exclude the stream, consumer, rule or queue of this name in the spec, or rename it"
    texts = ((f"label {name}, {_hint(text)}", name, text) for name, text in sorted(pairs))
    return judge_texts(texts, subject, advice)


def _of_rule(rule: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    where = f"alert {rule['alert']}"
    for kind in ("labels", "annotations"):
        yield from ((where, name, text) for name, text in rule.get(kind, {}).items())


def _hint(text: str) -> str:
    """Enough to identify a value, and too little to reveal it."""
    return f"{text[:1]}… of {len(text)} characters"


def _problems(name: str, text: str) -> Iterator[str]:
    what = telltale(name)
    if what is not None:
        yield f"its name suggests {what}"
    for kind in kinds(text):
        if kind == _ADDRESS and (name in _OF_MACHINES | _VERSIONS or name.endswith("_url")):
            continue
        yield f"contains {kind}"
