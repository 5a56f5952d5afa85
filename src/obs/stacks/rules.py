"""The rule files for every evaluator of PromQL, and their owner."""

from collections.abc import Sequence
from typing import Any, Final

from obs.alerts.alert import TunedAlert
from obs.alerts.recording import recording_groups
from obs.alerts.slo_rules import slo_documents
from obs.alerts.tuning import tuned_alerts
from obs.alerts.writers import prometheus
from obs.alerts.writers.parts import parts
from obs.errors import BadInput
from obs.spec.quantity import parse_duration
from obs.spec.system import System

RuleDocument = dict[str, Any]

HEAD: Final = "# Applied by `obs alerts apply`; change the spec and apply again.\n"


def owner(system: System) -> str:
    """The name of the owner of this system's objects, in this environment."""
    return f"{system.system}/{system.environment}"


def rule_documents(
    system: System, *, recording: bool, most_bytes: int = 0
) -> dict[str, RuleDocument]:
    """Rule files by name: one for each kind of alert, one for the SLOs that rules evaluate, and
    the recording rules of the others if wanted.

    Files larger than `most_bytes` are split (0: no limit). Raises BadInput where one is invalid.
    """
    alerts: Sequence[TunedAlert] = tuned_alerts(system)
    documents: dict[str, RuleDocument] = dict(prometheus.rule_files(alerts, system))
    documents |= slo_documents(system)
    if recording and (groups := recording_groups(system)):
        documents["recording"] = {"groups": groups}
    found = list(prometheus.problems(documents.items()))
    if found:
        raise BadInput("\n".join(found))
    return parts(documents, most_bytes) if most_bytes else documents


def seconds(duration: object) -> object:
    """A duration as servers write it, in seconds; other values unchanged, so that they differ."""
    try:
        return parse_duration(str(duration))
    except ValueError:
        return duration
