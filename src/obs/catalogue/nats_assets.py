"""Metrics of what a stream is: its settings, its subjects, and the bucket that it holds."""

from obs.catalogue.declare import gauge, info
from obs.catalogue.nats import STREAM

PREFIXES = ("nats_kv_", "nats_object_store_")

SUBJECT = (*STREAM, "subject")
BUCKET = ("nats", "account", "bucket")

_NO_KV = "No stream holds a KV bucket"
_NO_OBJECTS = "No stream holds an object store bucket"

STREAM_INFO = info(
    "nats_stream_info",
    (
        *STREAM,
        *("retention", "storage", "discard", "compression", "sealed"),
        *("deny_delete", "deny_purge", "allow_direct"),
    ),
    "Settings of the stream that are no numbers; always 1.",
)
STREAM_SUBJECTS = gauge(
    "nats_stream_subjects",
    STREAM,
    "Different subjects of the messages stored in the stream.",
    title="Subjects",
)
STREAM_DELETED = gauge(
    "nats_stream_deleted_messages",
    STREAM,
    "Messages missing between the oldest and the newest stored one: deleted, replaced or "
    "acknowledged out of order.",
    "messages",
    title="Interior deletes",
)
STREAM_DUPLICATE_WINDOW = gauge(
    "nats_stream_duplicate_window_seconds",
    STREAM,
    "Time in which a message id is recognised again (duplicate_window); absent where there is "
    "none.",
    "seconds",
    on_request=True,
)
STREAM_MAX_PER_SUBJECT = gauge(
    "nats_stream_max_messages_per_subject",
    STREAM,
    "Limit of stored messages of one subject (max_msgs_per_subject); absent where there is none.",
    on_request=True,
)
STREAM_MAX_MESSAGE_BYTES = gauge(
    "nats_stream_max_message_bytes",
    STREAM,
    "Limit of the size of one message (max_msg_size); absent where there is none.",
    "bytes",
    on_request=True,
)
STREAM_MAX_CONSUMERS = gauge(
    "nats_stream_max_consumers",
    STREAM,
    "Limit of consumers (max_consumers); absent where there is none.",
    on_request=True,
)
STREAM_SUBJECT_MESSAGES = gauge(
    "nats_stream_subject_messages",
    SUBJECT,
    "Messages stored in the stream whose subject matches a filter that the spec names "
    "(count_subjects), as of the last config_every.",
    "messages",
    title="Messages by subject",
    absent="The spec names no subjects to count (count_subjects)",
)

KV_KEYS = gauge(
    "nats_kv_keys",
    BUCKET,
    "Keys in the KV bucket; a deleted or purged key counts until its marker is removed.",
    title="Keys",
    absent=_NO_KV,
)
KV_BYTES = gauge(
    "nats_kv_bytes",
    BUCKET,
    "Bytes stored in the KV bucket, history and markers of deleted keys included.",
    "bytes",
    title="Size",
    absent=_NO_KV,
)
KV_MAX_BYTES = gauge(
    "nats_kv_max_bytes",
    BUCKET,
    "Limit of the bytes of the KV bucket; absent where there is none.",
    "bytes",
    absent="No limit",
)
KV_HISTORY = gauge(
    "nats_kv_history",
    BUCKET,
    "Values that the KV bucket keeps of one key; absent where there is no limit.",
    title="History",
    absent=_NO_KV,
)
KV_WATCHERS = gauge(
    "nats_kv_watchers",
    BUCKET,
    "Consumers of the KV bucket's stream: one for each watch of a client.",
    title="Watchers",
    absent=_NO_KV,
)
KV_VALUES = gauge(
    "nats_kv_values",
    BUCKET,
    "Values stored in the KV bucket, history and markers of deleted keys included.",
    on_request=True,
)
KV_TTL = gauge(
    "nats_kv_ttl_seconds",
    BUCKET,
    "Age at which the KV bucket drops a value (its TTL); absent where there is no limit.",
    "seconds",
    on_request=True,
)

OBJECT_STORE_BYTES = gauge(
    "nats_object_store_bytes",
    BUCKET,
    "Bytes stored in the object store bucket.",
    "bytes",
    title="Size of object stores",
    absent=_NO_OBJECTS,
)
OBJECT_STORE_MAX_BYTES = gauge(
    "nats_object_store_max_bytes",
    BUCKET,
    "Limit of the bytes of the object store bucket; absent where there is none.",
    "bytes",
    absent="No limit",
)
OBJECT_STORE_WATCHERS = gauge(
    "nats_object_store_watchers",
    BUCKET,
    "Consumers of the object store bucket's stream: watches, and objects being read.",
    on_request=True,
)
