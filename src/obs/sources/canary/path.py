"""What every kind of path answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from obs.snapshot.canary import Accepted, Seen
from obs.sources.canary.event import CanaryEvent


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event that has not arrived: published at `at` (Unix seconds), at `sequence` of the stream.

    `lost`: it had its time.
    """

    at: float
    sequence: int = 0
    lost: bool = False


class Path(Protocol):
    """The way from where an event is published to where it arrives. Blocks; raises SourceError."""

    @property
    def resumed(self) -> float:
        """Since when arrivals are heard without a gap (Unix seconds); 0: they never are missed."""

    def prepare(self) -> None:
        """Make sure that an event published now would be heard."""

    def window(self) -> float:
        """Seconds from the beginning of a slot within which its event is published once, whoever
        publishes it. Call `prepare` first."""

    def id_of(self, slot: float) -> str:
        """The id of the event of the slot that begins then."""

    def publish(self, event: CanaryEvent) -> Accepted | None:
        """Publish an event; None where another collector does."""

    def look(self, waiting: Mapping[str, Waiting], seconds: float) -> Seen:
        """What has arrived, waiting up to so many seconds for those that have not."""

    def close(self) -> None:
        """Let go of the connection."""
