"""What an SLI kind has to answer, and the way from an SLI of the spec to the module of its kind."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Generic, TypeVar

from obs.catalogue.metric import Metric
from obs.slo.cumulative import Counts
from obs.spec.sli import SliSpec
from obs.spec.slis import Sli

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

    asked: tuple[Any, ...] = ()
    """The queries or metrics that its source has to ask for, where it asks what it is told to."""

    def __init__(self, sli: SliT) -> None:
        self.sli = sli

    @abstractmethod
    def observe(self, tracker: TrackerT) -> Observation | None:
        """What the source's tracker adds after a poll.

        None where no minute has ended, or what is measured does not exist.
        """

    def silent(self, tracker: TrackerT) -> Observation | None:
        """A poll that was answered without any value of what is measured, as an observation of no
        minute: for SLOs that say what minutes without data count as. None where it was no answer.
        """
        return None

    def history(self, source: Any, snapshot: Any, span: HistorySpan) -> MinuteEvents:
        """Past events in buckets of the span's step; none where the source keeps no history.

        `snapshot` is the source's last one. Blocks; raises SourceError.
        """
        return {}

    @classmethod
    def objects(cls, sli: SliT, tracker: TrackerT) -> Mapping[str, SliT] | None:
        """Of an SLI that names `each`: by the name of each object that there is, the SLI of that
        object alone. None where it cannot be told which there are."""
        return None

    def saved(self) -> bytes:
        """What has to be kept over a restart besides the events themselves, if anything."""
        return b""

    def restore(self, saved: bytes) -> None:
        """Go on from what an earlier run saved. Raises msgspec.DecodeError if it is unreadable."""
        return


def measurement_of(sli: Sli) -> Measurement[Any, Any]:
    """A new measurement of the SLI. Raises ImportError where its kind has no module here."""
    return _class_of(sli)(sli.measured)


def objects_of(sli: Sli, tracker: Any) -> Mapping[str, Sli] | None:
    """The SLI of each object that there is, by the object's name; None where that is unknown."""
    found = _class_of(sli).objects(sli.measured, tracker)
    if found is None:
        return None
    return {name: sli.model_copy(update={sli.kind: each}) for name, each in found.items()}


def _class_of(sli: Sli) -> type[Measurement[Any, Any]]:
    module = import_module(f"{__package__}.{sli.kind}")
    measurement: type[Measurement[Any, Any]] = module.MEASUREMENT
    return measurement


@dataclass(frozen=True, slots=True)
class Counted:
    """What rules record each minute of an SLI: metrics with their PromQL, in order.

    The last ones are EVENTS_1M and BAD_EVENTS_1M. `good`: whether COUNTED_1M counts good events,
    and not bad ones.
    """

    rules: Sequence[tuple[Metric, str]]
    good: bool


Counting = Callable[[Any, float, Callable[[Metric], str]], Counted]
"""Given the SLI, the seconds after which a minute is complete, and what selects the series of a
metric that was recorded before."""


def counting_of(sli: Sli) -> Counting:
    """How rules count the events of an SLI whose kind `has_rules`, as `COUNTING` of its module."""
    counting: Counting = import_module(f"{__package__}.{sli.kind}").COUNTING
    return counting
