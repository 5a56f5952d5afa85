"""Single messages of a stream: dead letters, and when others arrived."""

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One message that ran out of deliveries or was terminated, after `deliveries` of them."""

    account: str
    stream: str
    consumer: str
    stream_seq: int
    at: float
    kind: str  # max_deliveries | terminated
    deliveries: int = 1


class Question(NamedTuple):
    """Which message of a stream is the first at `seq` or after it that matches one of `filters`?

    Without filters every message matches. With `last_before` (Unix seconds of the server's clock)
    one that arrived by then matches only if it was the last of its subject then.
    """

    stream: str
    seq: int
    filters: tuple[str, ...]
    last_before: float | None = None


class StoredMessage(NamedTuple):
    """A message's sequence, and when it arrived by the server's clock (Unix seconds).

    Not `sure`: the message asked for is this one or a later one.
    """

    seq: int
    at: float
    sure: bool = True
