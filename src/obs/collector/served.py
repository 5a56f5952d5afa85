"""What the web server reads from a collector."""

from collections.abc import Callable
from typing import Final

from obs.collector.collector import Collector
from obs.collector.slo_history import build_history
from obs.collector.status import build_status
from obs.redaction.text import one_line
from obs.sinks.exposition import ExpositionBody
from obs.sources.kinds import on_page
from obs.web.status import Status, encode

_STUCK_AFTER: Final = 60.0  # seconds without housekeeping


class _Kept:
    """A document that is made again when something changed, at most once a second."""

    def __init__(self, make: Callable[[], bytes]) -> None:
        self._make = make
        self._kept: tuple[tuple[int, int], float, bytes] | None = None

    def current(self, collector: Collector) -> bytes:
        """The document; the same bytes while nothing changed."""
        changes = id(collector), collector.changes
        now = collector.clock.monotonic()
        kept = self._kept
        if kept is None or (kept[0] != changes and now - kept[1] >= 1.0):
            kept = self._kept = (changes, now, self._make())
        return kept[2]


class ServedCollector:
    """Answers from the results of the last polls."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        self._status = _Kept(lambda: encode(build_status(self._collector)))
        self._slo_history = _Kept(lambda: build_history(self._collector))
        self._page = _Kept(lambda: self.page_of(""))

    def serve(self, collector: Collector) -> None:
        """Answer from this collector from now on."""
        self._collector = collector

    def metrics(self, *, openmetrics: bool, gzip: bool, protobuf: bool = False) -> ExpositionBody:
        """The exposition."""
        exposition = self._collector.exposition
        return exposition.stream(openmetrics=openmetrics, gzip=gzip, protobuf=protobuf)

    def status(self) -> bytes:
        """The status document; rebuilt when something changed, at most once a second."""
        return self._status.current(self._collector)

    def page(self) -> bytes:
        """The status page, rebuilt as the status document is."""
        return self._page.current(self._collector)

    def page_of(self, typed: str) -> bytes:
        """The status page with what matches the words that a reader typed."""
        return drawn(build_status(self._collector), typed, self._collector.clock.wall())

    def slo_history(self) -> bytes:
        """The events of the SLOs, rebuilt as the status document is."""
        return self._slo_history.current(self._collector)

    def health(self) -> bool:
        """Whether the collector's event loop is still running."""
        return self._collector.clock.monotonic() - self._collector.stale_checked_at < _STUCK_AFTER

    def readiness(self) -> tuple[bool, list[str]]:
        """Whether all that is required is current, and what is not, or only in part."""
        stale = self._collector.stale_sources()
        reasons = [
            f"source {each.name}: {each.error or 'no successful poll yet'}"
            if each.last_success is None
            else f"source {each.name}: stale, {each.error}"
            for each in stale
        ]
        ready, partial = not reasons, list[str]()
        for health in self._collector.sources:
            if (tracker := self._collector.trackers.get(health.name)) is None:
                continue
            withdrawn = tracker.withdrawn()
            ready = ready and not (health.required and withdrawn)
            partial += [
                f"source {health.name}: {each}" for each in (*withdrawn, *tracker.partial())
            ]
        return ready, list(map(one_line, (*reasons, *partial)))


def drawn(status: Status, typed: str, now: float) -> bytes:
    """The status page at `now` (Unix seconds), with the objects of each kind of source there is."""
    # Imported when somebody asks for a page: most collectors are only scraped.
    from obs.web.page.content import Filter  # noqa: PLC0415
    from obs.web.page.document import page  # noqa: PLC0415

    words = Filter(typed)
    return page(status, on_page(status, words), words, now)
