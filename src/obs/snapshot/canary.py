"""What one poll of a canary found."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from obs.errors import SourceError


@dataclass(frozen=True, slots=True)
class Accepted:
    """An event that was stored or accepted, published at `at` (Unix seconds).

    `sequence` is its place in the stream; 0 where there is none. `elsewhere`: another collector
    published it.
    """

    id: str
    at: float
    sequence: int = 0
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event that arrived at `at`, and when it was published as it says itself."""

    id: str
    published: float
    at: float


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look at the end of the path found.

    `stages` says of events that have not arrived how far they came, as an index of the catalogue's
    STAGES; `taken` are ids of those that another collector has seen arrive.
    """

    arrivals: tuple[Arrival, ...] = ()
    stages: Mapping[str, int] = field(default_factory=dict)
    taken: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class CanarySnapshot:
    """One poll at `at` (Unix seconds).

    `slot` is when the slot began that the poll tried to publish for, None where it did not try;
    `accepted` is the event, None where that failed with `publish_error`, or was left to another
    collector. `seen` is None where the poll could not look, for `look_error`. `resumed`: since when
    arrivals are heard without a gap.
    """

    at: float
    slot: float | None = None
    accepted: Accepted | None = None
    publish_error: SourceError | None = None
    seen: Seen | None = None
    look_error: SourceError | None = None
    resumed: float = 0.0
    left_out: Mapping[str, int] = field(default_factory=dict)
