"""Alerts on OpenSearch domains."""

from typing import Final

from obs.alerts.alert import MINUTE, About, Alert, Severity
from obs.alerts.conditions import Above, Below
from obs.packs.opensearch import metrics
from obs.packs.opensearch.metrics import DOMAIN

_DOMAIN: Final = About("domain_name", DOMAIN)
_KEPT: Final = 30 * MINUTE
_GIB: Final = 2.0**30

ALERTS: Final = (
    Alert(
        "OpenSearchSilent",
        Severity.CRITICAL,
        _DOMAIN,
        Below(metrics.HEARTBEAT.metric, 1, "number"),
        10 * MINUTE,
        "An OpenSearch domain tells CloudWatch nothing.",
        "OpenSearch domain {domain_name} has told nothing for {hold}.",
        "A domain tells its nodes each minute, also while it is updated.",
        "opensearch/heartbeat",
        _KEPT,
    ),
    Alert(
        "OpenSearchRed",
        Severity.CRITICAL,
        _DOMAIN,
        Above(metrics.RED.metric, 0, "number"),
        MINUTE,
        "An OpenSearch domain lacks data: a primary shard is on no node.",
        "OpenSearch domain {domain_name} has been red for {hold}.",
        "Searches miss documents and writes to the index fail. Automated snapshots stop while a "
        "domain is red.",
        "opensearch/red",
        _KEPT,
    ),
    Alert(
        "OpenSearchYellow",
        Severity.WARNING,
        _DOMAIN,
        Above(metrics.YELLOW.metric, 0, "number"),
        15 * MINUTE,
        "An OpenSearch domain lacks copies: a replica shard is on no node.",
        "OpenSearch domain {domain_name} has been yellow for {hold}.",
        "Another lost node may lose data. A new index is yellow for moments, a replaced node for "
        "minutes.",
        "opensearch/yellow",
        _KEPT,
    ),
    Alert(
        "OpenSearchWritesBlocked",
        Severity.CRITICAL,
        _DOMAIN,
        Above(metrics.WRITES_BLOCKED.metric, 0, "number"),
        MINUTE,
        "An OpenSearch domain refuses writes.",
        "OpenSearch domain {domain_name} has refused writes to indices for {hold}.",
        "Each write fails with ClusterBlockException until the cause is gone: little storage, or "
        "a full heap.",
        "opensearch/writes_blocked",
        _KEPT,
    ),
    Alert(
        "OpenSearchStorageLow",
        Severity.CRITICAL,
        _DOMAIN,
        Below(metrics.FREE_STORAGE.metric, 20 * _GIB, "bytes"),
        5 * MINUTE,
        "An OpenSearch node has little storage left.",
        "The fullest node of OpenSearch domain {domain_name} has {value} bytes left "
        "(threshold {threshold}).",
        "Writes are blocked once a node has less than 20 % or 20 GiB, whichever is less.",
        "opensearch/storage",
        _KEPT,
    ),
    Alert(
        "OpenSearchHeapHigh",
        Severity.WARNING,
        _DOMAIN,
        Above(metrics.JVM_PRESSURE.metric, 0.85, "ratio"),
        15 * MINUTE,
        "An OpenSearch node's Java heap is almost full.",
        "A node of OpenSearch domain {domain_name} uses {value} of its heap "
        "(threshold {threshold}).",
        "The heap rises to 75 % between collections. Above 85 % collecting takes the node's time, "
        "at 92 % for half an hour the domain refuses writes.",
        "opensearch/heap",
        _KEPT,
    ),
    Alert(
        "OpenSearchCpuHigh",
        Severity.WARNING,
        _DOMAIN,
        Above(metrics.CPU.metric, 0.7, "ratio"),
        15 * MINUTE,
        "An OpenSearch node's CPU is busy.",
        "A node of OpenSearch domain {domain_name} uses {value} of its CPU "
        "(threshold {threshold}).",
        "Above 70 % for a quarter of an hour searches and writes queue.",
        "opensearch/cpu",
        _KEPT,
    ),
    Alert(
        "OpenSearchNodesMissing",
        Severity.WARNING,
        _DOMAIN,
        Below(metrics.NODES.metric, 3, "number"),
        15 * MINUTE,
        "An OpenSearch domain has fewer nodes than it is to have.",
        "OpenSearch domain {domain_name} has {value} nodes; it is to have {threshold}.",
        "The service replaces a node within minutes, unless it cannot.",
        "opensearch/nodes",
        _KEPT,
    ),
    Alert(
        "OpenSearchSnapshotFailed",
        Severity.WARNING,
        _DOMAIN,
        Above(metrics.SNAPSHOT_FAILED.metric, 0, "number"),
        5 * MINUTE,
        "An OpenSearch domain could not take its automated snapshot.",
        "The last automated snapshot of OpenSearch domain {domain_name} has failed.",
        "The hourly snapshot is what the domain is restored from. A red domain takes none.",
        "opensearch/snapshot",
        _KEPT,
    ),
)
