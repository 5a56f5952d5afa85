"""Expected settings of streams and consumers, which `obs check` compares with the server."""

from typing import Annotated, Literal

from pydantic import Field

from obs.spec.model import AssetName, Model
from obs.spec.quantity import Duration, NotBoolean, within

Count = Annotated[int, Field(ge=1, le=2**63 - 1), NotBoolean]

ServerTime = Annotated[Duration, within("1ms", "36500d")]


class ExpectedConsumer(Model):
    """Expected settings of a consumer; a setting that is left out is not compared."""

    max_deliver: Count | Literal["unlimited"] | None = None
    """Maximum number of deliveries of a message, or `unlimited`."""
    ack_wait: ServerTime | None = None
    """How long the server waits for an acknowledgement before it redelivers."""
    backoff: tuple[ServerTime, ...] | None = None
    """How long the server waits after each delivery in turn, instead of ack_wait."""
    max_ack_pending: Count | None = None
    """Maximum number of unacknowledged messages in flight."""


class ExpectedStream(Model):
    """Expected limits of a stream; a limit that is left out is not compared."""

    max_age: ServerTime | None = None
    """Maximum age of messages."""
    max_bytes: Count | None = None
    """Maximum size of the stream in bytes."""
    max_messages: Count | None = None
    """Maximum number of messages."""
    replicas: Annotated[int, Field(ge=1, le=5), NotBoolean] | None = None
    """Number of replicas."""
    consumers: dict[AssetName, ExpectedConsumer] = {}
    """Consumers that must exist, with their expected settings."""
