"""What an SLI kind has to answer, and the way from an SLI of the spec to the module of its kind."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Generic, TypeVar

from obs.slo.cumulative import Counts
from obs.spec.slos import Sli, SliSpec

SliT = TypeVar("SliT", bound=SliSpec)
TrackerT = TypeVar("TrackerT")

MinuteEvents = Mapping[int, Counts]
"""(good, total) events by the start of their minute, or longer bucket, in Unix seconds."""


@dataclass(frozen=True, slots=True)
class Observation:
    """Whole minutes that a poll completed or corrected. All times are Unix seconds.

    Events are known up to `watermark`, and counted from `counted_from` on where counting begins
    with these. Events before `known_from` are not known from polls: they have to be read from
    history; None where the source keeps no history. `missed` are those of them that came after the
    earlier polls, for counters: by the start of their minute, or of their hour.
    """

    minutes: MinuteEvents
    watermark: float
    counted_from: int
    known_from: float | None = None
    missed: MinuteEvents = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HistorySpan:
    """Part of the past in steps of one length; Unix seconds, whole quarters of an hour."""

    start: int
    end: int
    step: int


class Measurement(ABC, Generic[SliT, TrackerT]):
    """The events of one SLO. Each module of a kind has its own as `MEASUREMENT`."""

    def __init__(self, sli: SliT) -> None:
        self.sli = sli

    @abstractmethod
    def observe(self, tracker: TrackerT) -> Observation | None:
        """What the source's tracker adds after a poll.

        None where no minute has ended, or what is measured does not exist.
        """

    def history(self, source: Any, snapshot: Any, span: HistorySpan) -> MinuteEvents:
        """Past events in buckets of the span's step; none where the source keeps no history.

        `snapshot` is the source's last one. Blocks; raises SourceError.
        """
        return {}

    def saved(self) -> bytes:
        """What has to be kept over a restart besides the events themselves, if anything."""
        return b""

    def restore(self, saved: bytes) -> None:
        """Go on from what an earlier run saved. Raises msgspec.DecodeError if it is unreadable."""
        return


def measurement_of(sli: Sli) -> Measurement[Any, Any]:
    """A new measurement of the SLI. Raises ImportError where its kind has no module here."""
    module = import_module(f"{__package__}.{sli.kind}")
    measurement: type[Measurement[Any, Any]] = module.MEASUREMENT
    return measurement(sli.measured)
