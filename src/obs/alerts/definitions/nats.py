"""Alerts on JetStream consumers, streams and servers."""

from typing import Final

from obs.alerts.alert import MINUTE, About, Alert, Severity
from obs.alerts.conditions import Above, Below, Equals, Holds, Increase, Share
from obs.alerts.definitions import (
    nats_accounts,
    nats_events,
    nats_groups,
    nats_monitor,
    nats_servers,
    nats_services,
)
from obs.catalogue import nats

_DAY: Final = 1440 * MINUTE
_MISSING: Final = About("asset", nats.MISSING)
_CREDENTIALS: Final = About("connection", nats.CREDENTIALS)
_SLOW, _STALLED, _STOPPED, _LEADERLESS = 2, 3, 4, 5  # values of nats_consumer_status

ALERTS: Final = (
    Alert(
        "NatsConsumerLagHigh",
        Severity.WARNING,
        About.CONSUMER,
        Above(nats.LAG_MESSAGES, 1_000, "messages"),
        5 * MINUTE,
        "A consumer has too many unprocessed messages.",
        "Consumer {consumer} on stream {stream} has {value} unprocessed messages (threshold "
        "{threshold}).",
        "A burst is normally processed within five minutes. What counts as too many depends "
        "on the consumer: override the threshold per consumer.",
        "consumer/lag",
    ),
    Alert(
        "NatsConsumerLagSecondsHigh",
        Severity.WARNING,
        About.CONSUMER,
        Above(nats.LAG_SECONDS, 5 * MINUTE, "seconds"),
        5 * MINUTE,
        "A consumer's oldest unprocessed message is too old.",
        "The oldest unprocessed message of consumer {consumer} on stream {stream} is {value} old "
        "(threshold {threshold}).",
        "Age means the same for busy and quiet consumers. Users notice a delay of five minutes.",
        "consumer/lag_seconds",
    ),
    Alert(
        "NatsConsumerStalled",
        Severity.CRITICAL,
        About.CONSUMER,
        Equals(nats.STATUS, _STALLED),
        2 * MINUTE,
        "A consumer receives messages but acknowledges none.",
        "Consumer {consumer} on stream {stream} is stalled: messages are delivered, but none is "
        "acknowledged.",
        "The status covers status_window, five minutes by default. Two more minutes rule out a "
        "deployment.",
        "consumer/status",
    ),
    Alert(
        "NatsConsumerStopped",
        Severity.CRITICAL,
        About.CONSUMER,
        Equals(nats.STATUS, _STOPPED),
        2 * MINUTE,
        "A consumer has unprocessed messages but receives none.",
        "Consumer {consumer} on stream {stream} is stopped: it has unprocessed messages, but none "
        "is delivered.",
        "The status covers status_window, five minutes by default. Two more minutes rule out a "
        "deployment.",
        "consumer/status",
    ),
    Alert(
        "NatsConsumerSlow",
        Severity.WARNING,
        About.CONSUMER,
        Equals(nats.STATUS, _SLOW),
        15 * MINUTE,
        "A consumer processes messages, but its lag is not shrinking.",
        "Consumer {consumer} on stream {stream} is slow: it processes messages, but its lag is "
        "not shrinking.",
        "A consumer may fall behind for minutes at a traffic peak; 15 minutes mean too little "
        "capacity.",
        "consumer/status",
    ),
    Alert(
        "NatsConsumerLeaderless",
        Severity.CRITICAL,
        About.CONSUMER,
        Equals(nats.STATUS, _LEADERLESS),
        2 * MINUTE,
        "A consumer has no leader and delivers no messages.",
        "Consumer {consumer} on stream {stream} has no leader: it delivers no messages and "
        "accepts no acknowledgements.",
        "A leader election takes seconds. Two minutes without a leader need manual intervention.",
        "consumer/status",
    ),
    Alert(
        "NatsConsumerNoPuller",
        Severity.WARNING,
        About.CONSUMER,
        Holds(nats.STATUS_REASON, (("reason", "no_puller"),), nats.STATUS),
        5 * MINUTE,
        "A pull consumer has pending messages, but no client is pulling.",
        "Pull consumer {consumer} on stream {stream} has pending messages, but no client is "
        "pulling.",
        "Five minutes are longer than a restart of the application.",
        "consumer/reasons",
    ),
    Alert(
        "NatsConsumerAckPendingFull",
        Severity.WARNING,
        About.CONSUMER,
        Share(nats.ACK_PENDING_MESSAGES, nats.MAX_ACK_PENDING, 90),
        5 * MINUTE,
        "A consumer is close to its max_ack_pending limit.",
        "Consumer {consumer} on stream {stream} is at {value} of max_ack_pending (threshold "
        "{threshold}); at 100 % delivery is suspended.",
        "At the limit delivery is suspended. 90 % for five minutes is more than a short peak.",
        "consumer/ack_pending",
    ),
    Alert(
        "NatsConsumerRedeliveries",
        Severity.WARNING,
        About.CONSUMER,
        Above(nats.REDELIVERED_MESSAGES, 10, "messages"),
        10 * MINUTE,
        "A consumer has many redelivered messages in flight.",
        "Consumer {consumer} on stream {stream} has {value} redelivered messages in flight "
        "(threshold {threshold}).",
        "A restart redelivers the messages in flight once. More than ten for ten minutes mean "
        "that processing fails or takes longer than ack_wait.",
        "consumer/redelivered",
    ),
    Alert(
        "NatsConsumerDeadLetters",
        Severity.WARNING,
        About.CONSUMER,
        Increase(nats.DEAD_LETTERS, 0, 15 * MINUTE, "messages"),
        0,
        "Messages reached max_deliver or were terminated without being processed.",
        "Dead letters of consumer {consumer} on stream {stream} in the last {window}: {value} "
        "(threshold {threshold}).",
        "A dead letter is not redelivered; it stays unprocessed until it is replayed.",
        "consumer/dead_letters",
    ),
    Alert(
        "NatsConsumerEvictionAhead",
        Severity.CRITICAL,
        About.CONSUMER,
        Below(nats.EVICTION_SECONDS, 10 * MINUTE, "seconds"),
        2 * MINUTE,
        "Messages will be evicted before a consumer processes them.",
        "Stream {stream} will evict the oldest unprocessed message of consumer {consumer} in "
        "{value} (threshold {threshold}).",
        "Ten minutes are enough to raise the stream's max_age, which preserves the messages.",
        "consumer/eviction",
    ),
    Alert(
        "NatsConsumerMessagesEvicted",
        Severity.CRITICAL,
        About.CONSUMER,
        Increase(nats.EVICTED_MESSAGES, 0, 15 * MINUTE, "messages"),
        0,
        "Messages left a stream before a consumer received them.",
        "Messages that left stream {stream} before consumer {consumer} received them, in the last "
        "{window}: {value} (threshold {threshold}).",
        "Each of these messages is lost for the consumer, and more follow while it is behind.",
        "consumer/evicted",
    ),
    Alert(
        "NatsStreamMessagesNearLimit",
        Severity.WARNING,
        About.STREAM,
        Share(nats.STREAM_MESSAGES, nats.STREAM_MAX_MESSAGES, 90, given=nats.STREAM_DISCARD_NEW),
        15 * MINUTE,
        "A stream is close to its max_msgs limit.",
        "Stream {stream} is at {value} of max_msgs (threshold {threshold}); at 100 % it rejects "
        "new messages. A stream KV_x or OBJ_x holds the bucket x.",
        "90 % for 15 minutes is growth, not a peak. The alert covers only streams with discard "
        "policy new; with discard policy old, a full stream is normal.",
        "jetstream/stream_messages",
    ),
    Alert(
        "NatsStreamBytesNearLimit",
        Severity.WARNING,
        About.STREAM,
        Share(nats.STREAM_BYTES, nats.STREAM_MAX_BYTES, 90, given=nats.STREAM_DISCARD_NEW),
        15 * MINUTE,
        "A stream is close to its max_bytes limit.",
        "Stream {stream} is at {value} of max_bytes (threshold {threshold}); at 100 % it rejects "
        "new messages. A stream KV_x or OBJ_x holds the bucket x.",
        "90 % for 15 minutes is growth, not a peak. The alert covers only streams with discard "
        "policy new; with discard policy old, a full stream is normal.",
        "jetstream/stream_bytes",
    ),
    Alert(
        "NatsStreamReplicaLagging",
        Severity.WARNING,
        About.STREAM,
        Above(nats.STREAM_REPLICAS_BEHIND, 0, "replicas"),
        5 * MINUTE,
        "A stream replica is offline or not current.",
        "Replicas of stream {stream} that are offline or not current: {value} (threshold "
        "{threshold}).",
        "Until the replica is current, losing another server can cost quorum. A rolling restart "
        "takes less than five minutes.",
        "jetstream/stream_replicas",
    ),
    Alert(
        "NatsStreamOriginSilent",
        Severity.WARNING,
        About.ORIGIN,
        Above(nats.ORIGIN_INACTIVE, MINUTE, "seconds"),
        2 * MINUTE,
        "A mirror or a stream with sources no longer hears from its origin.",
        "Stream {stream} has not heard from its origin {origin} for {value} (threshold "
        "{threshold}).",
        "An idle origin is heard of every few seconds. Messages that it receives meanwhile are "
        "missing from the copy, and are lost if the origin evicts them first.",
        "jetstream/stream_origins",
    ),
    Alert(
        "NatsStreamOriginLagHigh",
        Severity.WARNING,
        About.ORIGIN,
        Above(nats.ORIGIN_LAG, 1_000, "messages"),
        10 * MINUTE,
        "A mirror or a stream with sources is behind its origin.",
        "Stream {stream} has yet to copy {value} messages from its origin {origin} (threshold "
        "{threshold}).",
        "A new copy or a reconnected one catches up within ten minutes, unless its origin is "
        "large: override the threshold per stream.",
        "jetstream/stream_copies",
    ),
    Alert(
        "NatsServerMemoryNearLimit",
        Severity.WARNING,
        About.SERVER,
        Share(nats.SERVER_MEMORY, nats.SERVER_MEMORY_LIMIT, 85),
        10 * MINUTE,
        "JetStream memory storage on a server is nearly full.",
        "JetStream on server {server} uses {value} of its memory storage (threshold {threshold}); "
        "at 100 % it rejects new messages.",
        "The remaining 15 % leave time to act before JetStream rejects messages for every memory "
        "stream on the server.",
        "servers/memory",
    ),
    Alert(
        "NatsServerStoreNearLimit",
        Severity.WARNING,
        About.SERVER,
        Share(nats.SERVER_STORE, nats.SERVER_STORE_LIMIT, 85),
        10 * MINUTE,
        "JetStream file storage on a server is nearly full.",
        "JetStream on server {server} uses {value} of its file storage (threshold {threshold}); "
        "at 100 % it rejects new messages.",
        "The remaining 15 % leave time to act before JetStream rejects messages for every file "
        "stream on the server.",
        "servers/store",
    ),
    Alert(
        "NatsServerDown",
        Severity.CRITICAL,
        About.SERVER,
        Equals(nats.SERVER_UP, 0),
        2 * MINUTE,
        "A NATS server does not respond.",
        "The monitoring port of NATS server {server} does not respond.",
        "A restart takes less than two minutes.",
        "servers/up",
    ),
    Alert(
        "NatsServerUnhealthy",
        Severity.CRITICAL,
        About.SERVER,
        Equals(nats.SERVER_HEALTHY, 0),
        5 * MINUTE,
        "A NATS server reports that it is not healthy.",
        "NATS server {server} reports that it is not healthy: it may not have recovered its "
        "streams, or cannot write them.",
        "After a restart a server is unhealthy until it has recovered its streams, normally within "
        "five minutes.",
        "servers/healthy",
    ),
    Alert(
        "NatsAssetsMissing",
        Severity.CRITICAL,
        _MISSING,
        Above(nats.MISSING_ASSETS, 0, "assets"),
        2 * MINUTE,
        "Streams or consumers are missing although they were not deleted.",
        "Missing on {nats} ({asset}, {reason}): {value} (threshold {threshold}).",
        "A leader election or the restart of a server takes less than two minutes. The last values "
        "are kept until stale_after; after that, no other alert on these assets can fire.",
        "servers/missing",
    ),
    Alert(
        "NatsCredentialsExpiring",
        Severity.WARNING,
        _CREDENTIALS,
        Below(nats.CREDENTIALS_REMAINING, 7 * _DAY, "seconds"),
        0,
        "The credentials with which the collector connects to NATS expire soon.",
        "The credentials of {connection} of source {nats} expire in {value} (threshold "
        "{threshold}).",
        "A week leaves time to have new ones issued. Once they have expired, what this connection "
        "tells is no longer monitored.",
        "servers/credentials",
    ),
    *nats_servers.ALERTS,
    *nats_services.ALERTS,
    *nats_accounts.ALERTS,
    *nats_groups.ALERTS,
    *nats_monitor.ALERTS,
    *nats_events.ALERTS,
)
