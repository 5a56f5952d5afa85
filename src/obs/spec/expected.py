"""What a stream has to be like, for `obs check` to compare."""

from typing import Annotated, Literal

from pydantic import Field

from obs.spec.model import AssetName, Model
from obs.spec.quantity import Duration, NotBoolean

Count = Annotated[int, Field(ge=1), NotBoolean]


class ExpectedConsumer(Model):
    """Settings of a consumer; what is left out is not compared."""

    max_deliver: Count | Literal["unlimited"] | None = None
    """How often a message is delivered before it is given up; `unlimited` where that is meant."""
    ack_wait: Annotated[Duration, Field(gt=0)] | None = None
    """How long a delivery waits for its acknowledgement."""
    backoff: tuple[Annotated[Duration, Field(gt=0)], ...] | None = None
    """How long each delivery in turn waits, instead of ack_wait."""
    max_ack_pending: Count | None = None
    """How many messages may be in flight."""


class ExpectedStream(Model):
    """Limits of a stream; what is left out is not compared."""

    max_age: Annotated[Duration, Field(gt=0)] | None = None
    """How long messages are kept."""
    max_bytes: Count | None = None
    """How many bytes are kept."""
    max_messages: Count | None = None
    """How many messages are kept."""
    replicas: Annotated[int, Field(ge=1, le=5), NotBoolean] | None = None
    """On how many servers the stream is."""
    consumers: dict[AssetName, ExpectedConsumer] = {}
    """Consumers that there have to be, with their settings."""
