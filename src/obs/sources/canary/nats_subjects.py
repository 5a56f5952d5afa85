"""The subjects that a canary publishes to on a NATS connection, and no others."""

from obs.clients.nats_subjects import key_subject, read_subject
from obs.sources.canary.event import own_id
from obs.spec.canary import NatsPath
from obs.spec.nats_place import NatsBucket


def consumer_of(name: str, path: NatsPath) -> str:
    """The name of the consumer that a canary makes for itself."""
    return path.consumer or f"obs-canary-{name}".replace(".", "_")


def create(api: str, stream: str, consumer: str, subject: str) -> str:
    """Makes a consumer with one filter; `api` is the prefix of the JetStream API."""
    return f"{api}.CONSUMER.CREATE.{stream}.{consumer}.{subject}"


def consumer_info(api: str, stream: str, consumer: str) -> str:
    """Tells of one consumer."""
    return f"{api}.CONSUMER.INFO.{stream}.{consumer}"


def stream_info(api: str, stream: str) -> str:
    """Tells of one stream."""
    return f"{api}.STREAM.INFO.{stream}"


def slot_key(name: str) -> str:
    """The canary's key of the bucket, whose value is the slot that was claimed last."""
    return own_id(name, "slot")


def claims(name: str, lease: NatsBucket, api: str) -> tuple[str, ...]:
    """Claims slots: reads the canary's key of the bucket, and writes it."""
    return read_subject(lease.bucket, api), key_subject(lease.bucket, slot_key(name), api)


def of_path(name: str, path: NatsPath, api: str) -> tuple[str, ...]:
    """All that a path through a stream publishes to."""
    always = (path.subject, stream_info(api, path.stream))
    if path.through:
        return (*always, consumer_info(api, path.stream, path.through))
    consumer = consumer_of(name, path)
    return (
        *always,
        create(api, path.stream, consumer, path.subject),
        consumer_info(api, path.stream, consumer),
        f"$JS.ACK.{path.stream}.{consumer}.>",
    )


def delivery(name: str, path: NatsPath) -> str:
    """Where the events are delivered, to every collector of the canary: among the inboxes, which
    its user may subscribe to anyway."""
    return f"_INBOX.{consumer_of(name, path)}.{path.stream}"
