"""Metadata that the owners of streams and consumers give them.

The keys that the spec chooses are labels after those declared here.
"""

from obs.catalogue import nats
from obs.catalogue.declare import info

PREFIXES = ()

STREAM_METADATA = info(
    "nats_stream_metadata_info",
    nats.STREAM,
    "Metadata of the stream, as labels; only where it has one of the keys in metadata_labels.",
    rare=True,
)
CONSUMER_METADATA = info(
    "nats_consumer_metadata_info",
    nats.CONSUMER,
    "Metadata of the consumer, as labels; only where it has one of the keys in metadata_labels.",
    rare=True,
)
