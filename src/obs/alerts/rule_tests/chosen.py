"""Labels of the objects in tests."""

import re
from typing import Final

from obs.alerts.alert import TunedAlert

EXAMPLES: Final = {
    "account": "ACCOUNT",
    "stream": "STREAM",
    "consumer": "consumer",
    "server": "nats-1:8222",
    "bus": "bus",
    "rule": "rule",
    "queue": "queue",
    "function": "function",
    "topic": "topic",
    "job": "obs",
    "instance": "collector:9464",
}
"""Values of labels, by the label."""


def chosen(tuned: TunedAlert) -> dict[str, str]:
    """The labels by which the spec chooses another exporter's series, with values that match."""
    return {label: _example(value) for label, _, value in tuned.selecting}


def _example(pattern: str) -> str:
    """A value that the expression of a glob matches."""
    sets = re.sub(r"\[(?!\^)(.).*?\]", r"\1", re.sub(r"\[\^.*?\]", "0", pattern))
    return re.sub(r"\\(.)", r"\1", sets.replace(".*", "any"))
