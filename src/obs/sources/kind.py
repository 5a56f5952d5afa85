"""What each kind of source answers, and what it gives the collector to run."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

from obs.extras import require_extra
from obs.spec.source import SourceSpec
from obs.spec.sources import source_model

if TYPE_CHECKING:
    from obs.clients.aws_cost import Estimate
    from obs.errors import SourceError
    from obs.families.family import Family
    from obs.spec.slos import Sli
    from obs.state import State
    from obs.web.status import StatusRow

SpecT = TypeVar("SpecT", bound=SourceSpec)
SnapshotT = TypeVar("SnapshotT", bound="Snapshot")
TrackerT = TypeVar("TrackerT", bound="Tracker[Any]")
ClientT = TypeVar("ClientT", bound="SourceClient")


class Clock(Protocol):
    """Both clocks: wall time in Unix seconds, and one that never steps."""

    @property
    def wall(self) -> Callable[[], float]: ...
    @property
    def monotonic(self) -> Callable[[], float]: ...


class Snapshot(Protocol):
    """What one poll saw, at `at` (Unix seconds); `left_out` counts by reason what has no series."""

    @property
    def at(self) -> float: ...
    @property
    def left_out(self) -> Mapping[str, int]: ...


class Tracker(ABC, Generic[SnapshotT]):
    """The history of one source, restored after a restart. Called from one thread at a time."""

    source: str
    snapshot: SnapshotT | None = None
    """The last one; None before the first poll."""

    @abstractmethod
    def update(self, snapshot: SnapshotT) -> list["Family"]:
        """Judge a snapshot by the history; returns the source's families."""

    def save(self, now: float) -> None:
        """Queue for the state file what is not queued as it changes; the collector stops."""


class SourceClient(Protocol):
    """A client of one source that costs money: what it has sent, and what that costs."""

    @property
    def requests(self) -> Mapping[str, int]: ...
    @property
    def dollars_per_month(self) -> float: ...
    def close(self) -> None: ...


Change = Callable[[], Sequence["Family"]]
"""Changes a tracker; returns the source's families, or none where they stay as they are."""


class Updates(Protocol):
    """How what runs beside the polls changes what the collector knows of its source."""

    async def apply(self, change: Change) -> None:
        """Make a change in the collector's thread, save it, and show the families it returns."""

    def apply_soon(self, change: Change) -> None:
        """As `apply`, without waiting for it; changes keep their order."""

    def connected(self, error: "SourceError | None") -> None:
        """The source's lasting connection was made, or lost with `error`."""


Listener = Callable[[Updates], Coroutine[Any, Any, None]]
"""Runs on the event loop until cancelled."""


@dataclass(frozen=True, slots=True)
class OpenedSource:
    """A source that is ready to be polled."""

    poll: Callable[[], Snapshot]
    """Blocks. Raises SourceError."""
    limit: float
    """Seconds that one poll may take."""
    history: object | None = None
    """What SLOs read their past from, for the SLI kinds of this source; None where it has none."""
    refine: Listener | None = None
    """Makes more exact what a poll left; ends soon."""
    listeners: tuple[Listener, ...] = ()


@dataclass(frozen=True, slots=True)
class Publishing:
    """Custom metrics that the CloudWatch output writes: how many, and every how many seconds."""

    metrics: int = 0
    every: float = 60.0


@dataclass(frozen=True, slots=True)
class SourceCost:
    """One source's estimate; with `error`, of what the spec names, as its system did not answer."""

    source: str
    words: str  # of its kind
    estimate: "Estimate"
    budget: float | None  # dollars a month the spec allows
    error: "SourceError | None" = None


class SourceKind(ABC, Generic[SpecT, TrackerT, ClientT]):
    """One kind of source. `obs.spec.sources` lists the kinds; its spec model is there."""

    key: ClassVar[str]
    """The kind as the spec writes it, and the label that has a source's name on its series."""
    alerts: ClassVar[str] = ""
    """Its module in `obs.alerts.definitions`, if any."""
    conditional_alerts: ClassVar[tuple[str, ...]] = ()
    """Alerts defined elsewhere that only apply where the spec has such a source."""
    causes: ClassVar[tuple[str, ...]] = ()
    """Alerts that say why a source is down: its being down does not silence them."""
    libraries: ClassVar[tuple[str, ...]] = ()
    """Loggers of the libraries that it uses, of which only errors are logged."""
    extra: ClassVar[str] = ""
    """The extra of the installation that it needs, if any."""
    paid: ClassVar[bool] = False
    """Whether polling costs money; `costs` then estimates it."""

    @property
    def words(self) -> str:
        """The kind as people call it."""
        return source_model(self.key).words

    def require_extra(self, name: str) -> None:
        """Raises MissingExtra where the extra that the source needs is not installed."""
        if self.extra:
            require_extra(self.extra, f"sources.{self.key}.{name}")

    @abstractmethod
    def tracker(
        self, name: str, spec: SpecT, state: "State", on_damage: Callable[[], None], now: float
    ) -> TrackerT:
        """The history of a source, restored from `state`.

        `on_damage` is called where the saved values are unreadable. `now` is in Unix seconds.
        """

    @abstractmethod
    def open(
        self, name: str, spec: SpecT, tracker: TrackerT, client: ClientT | None, clock: Clock
    ) -> OpenedSource:
        """The source, ready to be polled; sends nothing yet."""

    @abstractmethod
    def status(self, trackers: Sequence[TrackerT]) -> Mapping[str, tuple["StatusRow", ...]]:
        """Its lists of the status document, by their names there; all of them, empty or not."""

    def client(self, spec: SpecT, monotonic: Callable[[], float]) -> ClientT | None:
        """The client of a source that costs money; None where polling is free. Sends nothing."""
        return None

    def connection_interval(self, spec: SpecT) -> float | None:
        """Seconds between attempts of its lasting connection; None where it has none."""
        return None

    def usage(self, clients: Sequence[ClientT]) -> list["Family"]:
        """What its clients have sent and what it costs, among the collector's own families."""
        return []

    def figures(self, clients: Sequence[ClientT]) -> Mapping[str, float | None]:
        """Numbers of the status document that concern all of its sources, by their names there."""
        return {}

    def published(self, sources: Mapping[str, SpecT]) -> int:
        """For how many of their objects the CloudWatch output publishes metrics. Polls them."""
        return 0

    def costs(
        self, sources: Mapping[str, SpecT], publishing: Mapping[str, Publishing]
    ) -> list[SourceCost]:
        """What polling will cost; `publishing` is by source. Sends only what is free."""
        return []

    def examples(self, sources: Mapping[str, SpecT], slis: Sequence["Sli"]) -> dict[str, str]:
        """What runbooks call its objects: the first of each in the spec, or a word in capitals."""
        return {}


AnyKind = SourceKind[Any, Any, Any]
