"""PrometheusRule objects for the Prometheus operator, and a variant to put into a Helm chart."""

import re
from typing import Any, Final

from obs.ids import short_digest
from obs.spec.system import System

RuleDocument = dict[str, Any]

MOST_BYTES: Final = 180_000
"""Rules an object holds: `kubectl apply` keeps a copy of it in an annotation of 256 KiB at most."""

_BRACES: Final = re.compile(r"[{}]*(?:\{\{|\}\})[{}]*")
_OUTSIDE: Final = re.compile(r"[^a-z0-9]+")


def prometheus_rule(name: str, rules: RuleDocument, system: System) -> RuleDocument:
    """A PrometheusRule with the groups of one rule file."""
    options = system.targets.operator
    metadata: RuleDocument = {"name": object_name(system, name)}
    if options.namespace:
        metadata["namespace"] = options.namespace
    if options.labels:
        metadata["labels"] = dict(sorted(options.labels.items()))
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": metadata,
        "spec": {"groups": rules["groups"]},
    }


def object_name(system: System, name: str) -> str:
    """The object's name: small letters, digits and -, as Kubernetes wants it.

    Systems whose names differ otherwise only have a digest in it: they may share a namespace.
    """
    plain = _small(system.full_name)
    told = plain if plain == system.full_name else f"{plain}-{short_digest(system.full_name)}"
    return f"obs-{told}-{_small(name)}"


def _small(text: str) -> str:
    return _OUTSIDE.sub("-", text.lower()).strip("-")


def inside_helm(text: str) -> str:
    """A text that Helm renders to this text: what looks like a template is quoted."""
    return _BRACES.sub(lambda found: f"{{{{`{found.group()}`}}}}", text)
