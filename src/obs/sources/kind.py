"""The interface of a source kind, and what it gives the collector to run."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

from obs.catalogue.exported import Exported, exported
from obs.extras import require_extra
from obs.spec.named import Found
from obs.spec.source import SourceSpec
from obs.spec.sources import source_model
from obs.spec.watched import SpecName

if TYPE_CHECKING:
    from obs.catalogue.metric import Metric
    from obs.clients.aws_cost import Estimate
    from obs.errors import SourceError
    from obs.families.family import Family, RowCache
    from obs.slis.kind import Measurement
    from obs.spec.outputs import Web
    from obs.spec.slis import Sli
    from obs.state import State
    from obs.web.page.content import Filter, KindOnPage
    from obs.web.status import Status, StatusRow

SpecT = TypeVar("SpecT", bound=SourceSpec)
SnapshotT = TypeVar("SnapshotT", bound="Snapshot")
TrackerT = TypeVar("TrackerT", bound="Tracker[Any]")
ClientT = TypeVar("ClientT", bound="SourceClient")


class Clock(Protocol):
    """Wall time in Unix seconds, and monotonic time in seconds."""

    @property
    def wall(self) -> Callable[[], float]: ...
    @property
    def monotonic(self) -> Callable[[], float]: ...


class Snapshot(Protocol):
    """The result of a poll at `at` (Unix seconds); `left_out` counts objects without series."""

    @property
    def at(self) -> float: ...
    @property
    def left_out(self) -> Mapping[str, int]: ...


class Tracker(ABC, Generic[SnapshotT]):
    """The history of one source, restored after a restart. Called from one thread at a time."""

    source: str
    snapshot: SnapshotT | None = None
    """The last one; None before the first poll."""
    exported: Exported = exported()
    """What is exported of its families; it need not compute the others."""
    families: Sequence["Family"] = ()
    """Those of the last poll, for SLIs that compare metrics."""
    compat: Sequence[str] = ()
    """Other exporters whose names are served beside ours; what they need is read too."""

    @abstractmethod
    def update(self, snapshot: SnapshotT) -> list["Family"]:
        """Judge a snapshot by the history; returns the source's families."""

    def measure(self, measurements: Sequence["Measurement[Any, Any]"]) -> None:
        """Take what measures the SLIs of this source; called once, before the first poll."""
        return

    def find(self, names: Sequence[SpecName]) -> Sequence[Found]:
        """Whether each of these objects existed at the last poll, in their order.

        Only a complete answer tells that one does not.
        """
        return [Found(None)] * len(names)

    def nothing(self) -> str:
        """What there is none of, where there is nothing at all to watch; else empty."""
        return ""

    def fault(self) -> "SourceError | None":
        """Why the last poll tells too little to count as a success, although it returned."""
        return None

    def partial(self) -> Sequence[str]:
        """What the last poll could not tell; a sentence each."""
        return ()

    def failed(self) -> None:
        """A poll has failed. Queues for the state file what that changes."""
        return

    def slower(self) -> float:
        """By which factor polls are rarer for now than the spec says; 1 or more."""
        return 1.0

    def notes(self) -> Sequence[str]:
        """What the source does differently for now, for people; the rest of a sentence that begins
        with its name."""
        return ()

    def withdrawn_objects(self) -> int:
        """How many objects have no series any more, although nothing says they were deleted."""
        return 0

    def withdrawn(self) -> Sequence[str]:
        """What has no series any more, although nothing says that it was deleted; a sentence
        each."""
        return ()

    def save(self, now: float) -> None:
        """Queue the whole history for the state file, which may be new; also called at the end."""


class SourceClient(Protocol):
    """A client of a paid source: its requests so far, and their cost."""

    @property
    def requests(self) -> Mapping[str, int]: ...
    @property
    def dollars_per_month(self) -> float: ...
    def guard(self, permit: "Permit") -> None:
        """Send no request, from now on, that `permit` does not allow."""

    def close(self) -> None: ...


Permit = Callable[[], "SourceError | None"]
"""Why nothing may be spent at this moment; None where it may. Asked before each request."""


Change = Callable[[], Sequence["Family"]]
"""Changes a tracker; returns the source's families, or none where they are unchanged."""


class Updates(Protocol):
    """How a listener or a refinement changes its source's tracker."""

    async def apply(self, change: Change) -> None:
        """Make a change in the collector's thread, save it, and expose the families it returns."""

    def apply_soon(self, change: Change) -> None:
        """As `apply`, without waiting for it; changes keep their order."""

    def connected(self, error: "SourceError | None", connection: str) -> None:
        """One of the source's lasting connections was made, or lost with `error`."""


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
    """Where SLI kinds of this source read the past from; None where there is no history."""
    refine: Listener | None = None
    """Refines the result of a poll; ends soon."""
    listeners: tuple[Listener, ...] = ()


@dataclass(frozen=True, slots=True)
class Publishing:
    """Custom metrics that the CloudWatch output writes: number, and interval in seconds."""

    metrics: int = 0
    every: float = 60.0


@dataclass(frozen=True, slots=True)
class SourceCost:
    """One source's estimate. With `error` it covers only what the spec names."""

    source: str
    words: str  # of its kind
    estimate: "Estimate"
    budget: float | None = None  # dollars a month the spec allows
    budget_words: str = ""
    error: "SourceError | None" = None


class SourceKind(ABC, Generic[SpecT, TrackerT, ClientT]):
    """One kind of source. `obs.spec.sources` lists the kinds; its spec model is there."""

    key: ClassVar[str]
    """Name of the kind in the spec, and of the label with the source's name on its series."""
    alerts: ClassVar[str] = ""
    """Its module in `obs.alerts.definitions`, if any."""
    conditional_alerts: ClassVar[tuple[str, ...]] = ()
    """Alerts defined elsewhere that only apply where the spec has such a source."""
    causes: ClassVar[tuple[str, ...]] = ()
    """Alerts that show why a source is down; they are not inhibited by it."""
    libraries: ClassVar[tuple[str, ...]] = ()
    """Loggers of its libraries; only their errors are logged."""
    extra: ClassVar[str] = ""
    """The optional dependency group that it needs, if any."""
    paid: ClassVar[bool] = False
    """Whether polling costs money; `costs` then estimates it."""
    counted_with: ClassVar[str] = ""
    """The kind among whose clients its own count, where it has clients of another kind."""
    outlasting: ClassVar[tuple[str, ...]] = ()
    """Kinds of entries in the state file that stay although their source has left the spec."""

    @property
    def words(self) -> str:
        """Name of the kind for people."""
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
        """Its lists in the status document, by name; all of them, even if empty."""

    def rows(self) -> Mapping[str, type["StatusRow"]]:
        """What its lists in the status document consist of, by name."""
        return {}

    def on_page(self, status: "Status", typed: "Filter") -> "KindOnPage":
        """What it adds to the status page, where the spec has such a source; a reader may have
        `typed` words to choose rows by."""
        from obs.web.page.content import KindOnPage  # noqa: PLC0415  only where a page is asked for

        return KindOnPage()

    def spends(self, spec: SpecT) -> bool:
        """Whether polling this source costs money: of several collectors, one polls it."""
        return self.paid

    def client(self, spec: SpecT, monotonic: Callable[[], float]) -> ClientT | None:
        """The client of a paid source; None where polling is free. Sends nothing."""
        return None

    def connections(self, spec: SpecT) -> Mapping[str, float]:
        """Seconds between attempts of each of its lasting connections, by the connection's name."""
        return {}

    def usage(self, clients: Sequence[ClientT]) -> list["Family"]:
        """Families of its clients' requests and their cost."""
        return []

    def figures(self, clients: Sequence[ClientT]) -> Mapping[str, float | None]:
        """Numbers in the status document for all of its sources together, by name."""
        return {}

    def series(self, sources: Mapping[str, SpecT], exported: Exported) -> Mapping[str, int]:
        """How many series each of its objects has at most while nothing is wrong, by kind of
        object; none where that is not known."""
        return {}

    def compat(self, snapshot: Any, web: "Web", cache: "RowCache") -> Sequence["Family"]:
        """Families of the names of other exporters, as `web.compat` says, of a snapshot."""
        return ()

    def sizes(
        self, name: str, spec: SpecT, exported: Exported
    ) -> Mapping[int, tuple[Mapping[str, int], int]]:
        """By shard, how many objects of each kind it would have, and about how many series, by what
        the source tells now. Raises SourceError."""
        return {}

    def polled_once(self, sources: Mapping[str, SpecT]) -> "list[Family]":
        """Families of one poll of each, to count the series that an output would write.

        None of what CloudWatch has already, and none of sources that do not answer.
        """
        return []

    def costs(
        self,
        sources: Mapping[str, SpecT],
        publishing: Mapping[str, Publishing],
        slis: "Sequence[Sli]" = (),
    ) -> list[SourceCost]:
        """Estimated cost of polling, for these SLIs too; `publishing` is by source. Sends requests
        that are free, or next to it."""
        return []

    def not_collected(self, sources: Mapping[str, SpecT], metric: "Metric") -> str:
        """What the spec would have to name for the metric to be collected, and where, such as
        `raft in collect`; empty where a source names it, or it is always collected."""
        return ""

    def subjects(self, sources: Mapping[str, SpecT]) -> Mapping[str, tuple[str, ...]]:
        """What it publishes to over connections of other sources, by where the spec has those,
        such as sources.nats.main.connection."""
        return {}

    def examples(self, sources: Mapping[str, SpecT], slis: Sequence["Sli"]) -> dict[str, str]:
        """Names of its objects in runbooks: the first of each in the spec, or a placeholder."""
        return {}


AnyKind = SourceKind[Any, Any, Any]
