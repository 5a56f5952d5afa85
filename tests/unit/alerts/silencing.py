"""Alertmanager's inhibition in a few lines, and the labels that alerts fire with."""

import re
from collections.abc import Sequence

from obs.alerts.alert import TunedAlert
from obs.alerts.routing import Inhibition
from obs.catalogue.query import Matcher

Labels = dict[str, str]


def fits(labels: Labels, matchers: Sequence[Matcher]) -> bool:
    """Alertmanager's own rule: a missing label is an empty one, patterns match in full."""
    for label, operator, value in matchers:
        found = labels.get(label, "")
        match = re.fullmatch(value, found) is not None if "~" in operator else found == value
        if match == operator.startswith("!"):
            return False
    return True


def silences(rules: Sequence[Inhibition], one: Labels, other: Labels) -> bool:
    """Whether one alert that fires keeps the other from being told."""
    return one != other and any(
        fits(one, rule.source)
        and fits(other, rule.target)
        and all(one.get(label, "") == other.get(label, "") for label in rule.same)
        for rule in rules
    )


def firing(tuned: TunedAlert, **objects: str) -> Labels:
    """The labels of an alert on an object of the reference system."""
    known = {
        "nats": "main",
        "account": "$G",
        "stream": "OMS_EVENTS",
        "consumer": "oms-processor",
        "server": "nats:8222",
        "origin": "ORDERS",
        "aws": "cloud",
        "bus": "oms-events",
        "rule": "oms-schema-changed",
        "queue": "oms-events-dlq",
        "function": "oms-indexer",
        "topic": "oms-changes",
        "pipe": "oms-outbox",
        "schedule_group": "oms-nightly",
        "api_destination": "oms-partner",
        "archive": "oms-events",
        "slo": "processing",
        "slo_service": "oms",
        "source": "main",
        "shard": "2",
        "kind": "consumer",
        "job": "obs",
        "instance": "collector:9464",
        "object": "OMS_EVENTS/oms-processor",
        "asset": "consumer",
        "connection": "connection",
        "leaf": "branch",
        "limit": "store",
        "gateway": "west",
        "nats_service": "prices",
        "nats_endpoint": "get",
        "route": "n2",
        "client": "billing",
        "listener": "client",
        "check": "msgs-critical",
        "reason": "unreachable",
        "probe": "edge",
        "target": "api",
        "dependency": "database",
        "canary": "orders",
        "sink": "cloudwatch",
    }
    labels = {label: {**known, **objects}[label] for label in tuned.identity}
    return {
        "alertname": tuned.name,
        "severity": str(tuned.severity),
        "system": "oms",
        "environment": "production",
        "managed_by": "obs",
        **dict(tuned.labels),
        **labels,
    }
