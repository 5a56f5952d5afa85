"""Folders as a kind of source."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from obs.spec.toy import ToySource

from obs.catalogue import toy
from obs.errors import SourceError
from obs.families.family import Family, RowCache
from obs.sources.kind import Clock, OpenedSource, SourceClient, SourceKind, Tracker
from obs.state import State
from obs.web.status import Problem, StatusRow

_LARGEST = "toy_largest"


@dataclass(frozen=True)
class Snapshot:
    """How many files a folder has."""

    at: float
    folder: str
    files: int
    left_out: Mapping[str, int] = field(default_factory=dict)


class FolderStatus(StatusRow, frozen=True, kw_only=True):
    """One folder. `largest`: the most files that were ever seen in it."""

    folder: str
    files: int
    largest: int

    def problem(self) -> Problem | None:
        """That it is empty."""
        if self.files:
            return None
        return Problem("warning", "folder", self.folder, f"{self.folder} is empty")


class FolderTracker(Tracker[Snapshot]):
    """The most files that a folder ever had."""

    def __init__(self, source: str, state: State) -> None:
        self.source = source
        self.largest = int(state.entries(_LARGEST).get(source, b"0"))
        self._state = state
        self._rows = RowCache()

    def update(self, snapshot: Snapshot) -> list[Family]:
        """The number of files."""
        self.snapshot = snapshot
        self.largest = max(self.largest, snapshot.files)
        self._state.put(_LARGEST, self.source, str(self.largest).encode())
        rows = self._rows.rows("folders", [(self.source, snapshot.folder)])
        return [Family(toy.FILES, rows, [snapshot.files])]


class Toy(SourceKind[ToySource, FolderTracker, SourceClient]):
    """Folders."""

    key = "toy"
    alerts = "toy"

    def tracker(
        self, name: str, spec: ToySource, state: State, on_damage: Callable[[], None], now: float
    ) -> FolderTracker:
        """Of one folder."""
        return FolderTracker(name, state)

    def open(
        self,
        name: str,
        spec: ToySource,
        tracker: FolderTracker,
        client: SourceClient | None,
        clock: Clock,
    ) -> OpenedSource:
        """Counts the files."""

        def poll() -> Snapshot:
            folder = Path(spec.folder)
            if not folder.is_dir():
                raise SourceError("connection", f"{folder}: no such folder")
            return Snapshot(clock.wall(), folder.name, len(list(folder.iterdir())))

        return OpenedSource(poll, spec.timeout)

    def status(self, trackers: Sequence[FolderTracker]) -> Mapping[str, tuple[StatusRow, ...]]:
        """Folders."""
        return {
            "folders": tuple(
                FolderStatus(
                    folder=each.snapshot.folder, files=each.snapshot.files, largest=each.largest
                )
                for each in trackers
                if each.snapshot is not None
            )
        }


KIND = Toy()
