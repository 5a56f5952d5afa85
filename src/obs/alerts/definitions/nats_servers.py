"""Alerts on NATS servers."""

from typing import Final

from obs.alerts.alert import MINUTE, About, Alert, Severity
from obs.alerts.conditions import Equals, Increase, Share
from obs.catalogue import nats, nats_links, nats_server

_LEAF: Final = About("leaf", nats_links.LEAF)
_GATEWAY: Final = About("gateway", nats_links.GATEWAY)

ALERTS: Final = (
    Alert(
        "NatsServerCpuHigh",
        Severity.WARNING,
        About.SERVER,
        Share(nats_server.CPU, nats_server.CPU_LIMIT, 90),
        10 * MINUTE,
        "A NATS server uses nearly all of its CPU.",
        "NATS server {server} uses {value} of the cores it may use (threshold {threshold}).",
        "At its limit a server delivers late, and Raft groups lose their leaders. Ten minutes are "
        "longer than a recovery or a peak.",
        "servers/cpu",
    ),
    Alert(
        "NatsServerConnectionsNearLimit",
        Severity.WARNING,
        About.SERVER,
        Share(nats.SERVER_CONNECTIONS, nats_server.CONNECTIONS_LIMIT, 85),
        5 * MINUTE,
        "A NATS server accepts few more client connections.",
        "NATS server {server} has {value} of its max_connections (threshold {threshold}); at 100 % "
        "it refuses clients.",
        "The remaining 15 % leave time to raise the limit, or to find who leaks connections.",
        "servers/connections",
    ),
    Alert(
        "NatsServerSlowConsumers",
        Severity.WARNING,
        About.SERVER,
        Increase(nats.SERVER_SLOW_CLIENTS, 0, 15 * MINUTE),
        0,
        "A NATS server closed connections because they read too slowly.",
        "NATS server {server} closed {value} connections in the last {window} because they read "
        "too slowly (threshold {threshold}).",
        "Messages of core NATS that wait for such a connection are lost, and each one reconnects.",
        "servers/slow_clients",
    ),
    Alert(
        "NatsServerApiErrors",
        Severity.WARNING,
        About.SERVER,
        Increase(nats.SERVER_API_ERRORS, 100, 15 * MINUTE),
        0,
        "Many requests to the JetStream API of a server fail.",
        "{value} JetStream API requests failed on NATS server {server} in the last {window} "
        "(threshold {threshold}).",
        "Clients that ask for what does not exist cause a few errors; a hundred mean that one asks "
        "in vain all the time, or that a limit is reached.",
        "servers/api_errors",
    ),
    Alert(
        "NatsMetaLeaderMissing",
        Severity.CRITICAL,
        About.SERVER,
        Equals(nats_server.META_LEADER_KNOWN, 0),
        1 * MINUTE,
        "JetStream has no meta leader, so streams and consumers cannot be created or moved.",
        "NATS server {server} knows no leader of JetStream's meta group.",
        "An election takes seconds. Without a leader, nothing can be created, changed or deleted.",
        "servers/meta_leader",
    ),
    Alert(
        "NatsLeafNodeLost",
        Severity.CRITICAL,
        _LEAF,
        Equals(nats_links.LEAF_UP, 0),
        2 * MINUTE,
        "A leaf node that was connected is not any more.",
        "Leaf node {leaf} of account {account} has no connection to NATS {nats}.",
        "A leaf node that restarts connects again within seconds. Until it does, nothing arrives "
        "from it or at it.",
        "servers/leaf_nodes",
    ),
    Alert(
        "NatsGatewayLost",
        Severity.CRITICAL,
        _GATEWAY,
        Equals(nats_links.GATEWAY_UP, 0),
        2 * MINUTE,
        "A NATS server has lost its connection to another cluster.",
        "NATS server {server} has no connection to cluster {gateway}.",
        "A cluster that is upgraded one server after the other is reconnected within seconds.",
        "servers/gateways",
    ),
)
