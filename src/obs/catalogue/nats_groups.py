"""Which metrics belong to what a spec chooses: groups in `collect`, `events` of connections."""

from typing import Final

from obs.catalogue import nats, nats_events, nats_server
from obs.catalogue.metric import Metric

_BY_PREFIX: Final = {
    "nats_route_": "routes",
    "nats_gateway_": "gateways",
    "nats_leaf_node_": "leafnodes",
    "nats_client_": "connections",
    "nats_raft_": "raft",
    "nats_account_": "accounts",
    "nats_service_": "services",
    "nats_services_": "services",
}
SERVER_NUMBERS: Final[frozenset[Metric]] = frozenset(
    (
        *(nats.SERVER_CONNECTIONS, nats.SERVER_SLOW_CLIENTS, nats.SERVER_API_ERRORS),
        *(nats.SERVER_MEMORY, nats.SERVER_MEMORY_LIMIT, nats.SERVER_STORE, nats.SERVER_STORE_LIMIT),
        *nats_server.FACTS,
        nats_server.SLOW_CONNECTIONS,
        nats_server.STALE_BY_KIND,
        nats_server.CERTIFICATE_REMAINING,
    )
)
"""What servers tell of themselves, beyond whether they answer and are healthy."""


def group_of(metric: Metric) -> str:
    """The group without which the metric is not exported; empty where it always is."""
    if metric in SERVER_NUMBERS:
        return "servers"
    return next(
        (group for prefix, group in _BY_PREFIX.items() if metric.name.startswith(prefix)), ""
    )


_OF_EVENTS: Final[dict[Metric, str]] = {
    nats_events.PROCESSING: "acks",
    nats_events.SAMPLED_DELIVERIES: "acks",
    nats_events.LATE: "acks",
    nats_events.SAMPLES_DROPPED: "acks",
    nats_events.QUORUM_LOSSES: "elections",
    nats_events.LEADER_ELECTIONS: "elections",
    nats_events.CHANGES: "changes",
    nats_events.NAKS: "naks",
    nats_events.TERMINATED: "naks",
    nats_events.AUDITED_REQUESTS: "api",
}


def event_of(metric: Metric) -> str:
    """The kind of event that a connection has to count for the metric; empty where none has to."""
    return _OF_EVENTS.get(metric, "")
