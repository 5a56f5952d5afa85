"""The targets that alerts can be built for: a writer each, and their files."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

from obs.alerts import ruler_limits
from obs.alerts.alert import TunedAlert
from obs.alerts.definitions import alerts_of
from obs.alerts.recording import COUNTERS, recording_groups
from obs.alerts.rule_tests import promtool, slo_rules
from obs.alerts.runbook import runbook
from obs.alerts.slo_rules import slo_documents
from obs.alerts.tuning import alarmed, not_built, tuned_alerts
from obs.alerts.writers import alertmanager, alertmanager_object, amp, grafana, operator, prometheus
from obs.alerts.writers.cloudwatch import files
from obs.alerts.writers.parts import parts
from obs.artifacts import Built, Files, build_each, yaml_text
from obs.errors import BadInput
from obs.spec.notify import Notify
from obs.spec.report import did_you_mean
from obs.spec.system import System

Writer = Callable[[Sequence[TunedAlert], System], Files]
Notifying = Callable[[Sequence[TunedAlert], System, Notify], object]

_EVERY_ALERT: Final = ("prometheus", "grafana", "operator", "amp")
_MERGE: Final = (
    "# A part of a configuration, to be merged into that of an Alertmanager of others, with yq 4:\n"
    "# yq eval-all 'select(fileIndex == 0) *+ select(fileIndex == 1)' THIS_FILE THEIR_FILE\n"
)
_HEAD: Final = "# Built by `obs alerts build`; change the spec and build again.\n"


def build(system: System, names: Sequence[str]) -> Mapping[str, Files]:
    """The files of these targets, by target.

    Raises BadInput where a target is unknown, or cannot be built.
    """
    return build_targets(system, names).whole()


def build_targets(system: System, names: Sequence[str]) -> Built:
    """The files of those of the targets that can be built. Raises BadInput for an unknown one."""
    alerts = tuned_alerts(system)
    for name in names:
        if name not in TARGETS:
            hint = did_you_mean(name, TARGETS) or f"; choose from {', '.join(TARGETS)}"
            raise BadInput(f"--target {name}: unknown target{hint}")
    of_target = dict.fromkeys(names, alerts)
    if "cloudwatch" in names:
        of_target["cloudwatch"] = alarmed(system)
    if "runbooks" in names:
        of_target["runbooks"] = _with_runbook(system)
    return build_each({name: partial(TARGETS[name], of_target[name], system) for name in names})


def remarks(system: System, built: Mapping[str, Files]) -> files.Remarks:
    """Remarks on the files that `build` returned."""
    known = files.Remarks(list(_left_out(system)), [])
    if "cloudwatch" in built:
        of_alarms = files.remarks(alarmed(system), system, built["cloudwatch"])
        known = files.Remarks([*known.left_out, *of_alarms.left_out], of_alarms.advice)
    if "prometheus" in built:
        limits = ruler_limits.advice(system, recording="recording" in built)
        known = files.Remarks(known.left_out, [*known.advice, *limits, *_links(system)])
    return known


def _links(system: System) -> Iterator[str]:
    if system.links.runbooks is None:
        yield (
            "alerts link their runbooks by path (runbooks/NAME.md); set links.runbooks to the "
            "address of the folder where they are published, and notifications have links to open"
        )


def _left_out(system: System) -> Iterator[str]:
    """What the spec's choice of metrics leaves without rules."""
    yield from (f"{name}: {why}" for name, why in not_built(system))
    for why in system.exported.lacking(COUNTERS if system.slos else ()):
        yield f"recording rules: they read {why}"


def _with_runbook(system: System) -> tuple[TunedAlert, ...]:
    """The alerts that rules evaluate, and those that are CloudWatch alarms only."""
    return tuple(
        tuned
        for tuned in alarmed(system)
        if all(metric in system.exported for metric in tuned.when.metrics())
        or files.expresses(tuned, system)
    )


def evaluated_by(tuned: TunedAlert, system: System) -> tuple[str, ...]:
    """The targets that evaluate the alert.

    CloudWatch is among them where it can express the alert for at least some objects.
    """
    if files.expresses(tuned, system):
        return (*_EVERY_ALERT, "cloudwatch")
    return _EVERY_ALERT


def _prometheus(alerts: Sequence[TunedAlert], system: System) -> Files:
    documents = prometheus.rule_files(alerts, system) | slo_documents(system)
    return _rule_files("prometheus", documents)


def _prometheus_3(alerts: Sequence[TunedAlert], system: System) -> Files:
    documents = prometheus.rule_files(alerts, system, group_labels=True) | slo_documents(system)
    return _rule_files("prometheus-3", documents)


def _recording(alerts: Sequence[TunedAlert], system: System) -> Files:
    """No file where the spec has no SLOs."""
    groups = recording_groups(system)
    return _rule_files("recording", {"slo": {"groups": groups}} if groups else {})


def _promtool(alerts: Sequence[TunedAlert], system: System) -> Files:
    return {
        f"tests/{name}.yaml": yaml_text(document, head=_HEAD)
        for name, document in {
            **promtool.tests_of(alerts, system, "../prometheus"),
            **slo_rules.tests_of(alerts, system, "../prometheus"),
        }.items()
    }


def _runbooks(alerts: Sequence[TunedAlert], system: System) -> Files:
    every = alerts_of(system).values()
    built = {alert: [tuned for tuned in alerts if tuned.alert == alert] for alert in every}
    return {
        f"runbooks/{alert.name}.md": runbook(alert, rules, system)
        for alert, rules in built.items()
        if rules
    }


def _notifying(folder: str, document: Notifying, head: str = _HEAD) -> Writer:
    """The file that such a document makes; none where the spec has no `notify`."""

    def written(alerts: Sequence[TunedAlert], system: System) -> Files:
        if system.notify is None:
            return {}
        text = yaml_text(document(alerts, system, system.notify), head=head)
        return {f"{folder}/alertmanager.yaml": text}

    return written


def _grafana(alerts: Sequence[TunedAlert], system: System) -> Files:
    document = grafana.provisioning(alerts, system)
    return {"grafana/rules.yaml": yaml_text(document, head=_HEAD)}


def _operator(alerts: Sequence[TunedAlert], system: System) -> Files:
    return {
        f"operator/{name}.yaml": yaml_text(
            operator.prometheus_rule(name, rules, system), head=_HEAD
        )
        for name, rules in _for_objects(alerts, system).items()
    }


def _for_objects(
    alerts: Sequence[TunedAlert], system: System
) -> Mapping[str, prometheus.RuleDocument]:
    """Every rule file, in parts of which each fits into a PrometheusRule."""
    whole = {**prometheus.rule_files(alerts, system), **_recorded(system)}
    return parts(whole, operator.MOST_BYTES)


def _helm_values(alerts: Sequence[TunedAlert], system: System) -> Files:
    """Values of deploy/helm/obs; as texts, because Helm would render numbers its own way."""
    texts = {name: yaml_text(rules) for name, rules in _for_objects(alerts, system).items()}
    labels = dict(sorted(system.targets.operator.labels.items()))
    document = {"rules": {"enabled": True, "labels": labels, "files": texts}}
    return {"helm-values/rules.yaml": yaml_text(document, head=_HEAD)}


def _operator_helm(alerts: Sequence[TunedAlert], system: System) -> Files:
    return {
        path.replace("operator/", "operator-helm/", 1): operator.inside_helm(text)
        for path, text in _operator(alerts, system).items()
    }


def _amp(alerts: Sequence[TunedAlert], system: System) -> Files:
    """Recording rules in separate templates: not needed with the collector's burn rates."""
    templates = {"rules": prometheus.rule_files(alerts, system)}
    for name, document in parts(_recorded(system), amp.MOST_BYTES).items():
        templates[name] = {name: document}
    return {
        f"amp/{name}.json": _json(amp.template(documents, system))
        for name, documents in templates.items()
    }


def _json(template: prometheus.RuleDocument) -> str:
    """As UTF-8: CloudFormation reads JSON as YAML, which has no escapes for half a character."""
    return json.dumps(template, indent=1, ensure_ascii=False) + "\n"


def _recorded(system: System) -> dict[str, prometheus.RuleDocument]:
    groups = recording_groups(system)
    return ({"recording": {"groups": groups}} if groups else {}) | slo_documents(system)


def _rule_files(folder: str, documents: Mapping[str, prometheus.RuleDocument]) -> Files:
    found = list(prometheus.problems(documents.items()))
    if found:
        raise BadInput("\n".join(found))
    return {
        f"{folder}/{name}.yaml": yaml_text(document, head=_HEAD)
        for name, document in documents.items()
    }


TARGETS: Final[dict[str, Writer]] = {
    "prometheus": _prometheus,
    "prometheus-3": _prometheus_3,
    "recording": _recording,
    "promtool": _promtool,
    "cloudwatch": files.files,
    "alertmanager": _notifying("alertmanager", alertmanager.configuration),
    "alertmanager-fragment": _notifying(
        "alertmanager-fragment", alertmanager.fragment, f"{_HEAD}{_MERGE}"
    ),
    "grafana": _grafana,
    "operator": _operator,
    "operator-helm": _operator_helm,
    "helm-values": _helm_values,
    "operator-alertmanager": _notifying(
        "operator-alertmanager",
        alertmanager_object.alertmanager_config,
        f"{_HEAD}{alertmanager_object.HEAD}",
    ),
    "amp": _amp,
    "runbooks": _runbooks,
}
DEFAULT: Final = (
    "prometheus",
    "recording",
    "promtool",
    "alertmanager",
    "grafana",
    "runbooks",
    "cloudwatch",
)
"""The targets built where none is chosen: files that people import without obs."""
