"""The OMS on JetStream: its streams and consumers."""

from collections.abc import Mapping
from typing import Final

from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, KeyValueConfig, StreamConfig

ACCOUNT: Final = "OMS"
STREAM: Final = "OMS_EVENTS"
ADVISORY_STREAM: Final = "ADVISORIES"
MAX_AGE: Final = 3600.0  # seconds
MAX_MESSAGES: Final = 1_000_000
MAX_BYTES: Final = 1 << 30

PROCESSOR: Final = "oms-processor"
AUDIT: Final = "oms-audit"
SEARCH_INDEXER: Final = "oms-search-indexer"

_STREAMS: Final = (
    StreamConfig(
        name=STREAM,
        subjects=["oms.events.>"],
        max_age=MAX_AGE,
        max_msgs=MAX_MESSAGES,
        max_bytes=MAX_BYTES,
    ),
    StreamConfig(name=ADVISORY_STREAM, subjects=["$JS.EVENT.ADVISORY.>"], max_age=MAX_AGE),
)
_BUCKET: Final = KeyValueConfig(bucket="oms-owners", history=5, max_bytes=1 << 20)
_OWNERS: Final = {"schema": b"platform", "table": b"storage", "view": b"search"}
CONSUMERS: Final[Mapping[str, ConsumerConfig]] = {
    config.durable_name: config
    for config in (
        ConsumerConfig(
            durable_name=PROCESSOR, ack_policy=AckPolicy.EXPLICIT, max_deliver=3, ack_wait=30
        ),
        ConsumerConfig(  # the audit must be complete: no limit of deliveries
            durable_name=AUDIT,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=30,
            max_ack_pending=200,
            filter_subject="oms.events.schema.>",
        ),
        ConsumerConfig(
            durable_name=SEARCH_INDEXER,
            ack_policy=AckPolicy.EXPLICIT,
            max_deliver=5,
            ack_wait=30,
            filter_subject="oms.events.object.>",
        ),
    )
    if config.durable_name
}


async def create_streams(jetstream: JetStreamContext) -> None:
    """Create both streams, the consumers of the events, and a bucket of who owns what."""
    for stream in _STREAMS:
        await jetstream.add_stream(stream)
    for consumer in CONSUMERS.values():
        await jetstream.add_consumer(STREAM, consumer)
    owners = await jetstream.create_key_value(_BUCKET)
    for kind, team in _OWNERS.items():
        await owners.put(kind, team)
