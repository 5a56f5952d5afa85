"""Probes as a kind of source."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from obs.redaction.text import redacted
from obs.sources.kind import Clock, OpenedSource, SourceClient, SourceKind
from obs.spec.probe import ProbeSource

if TYPE_CHECKING:
    from obs.sources.probe.tracker import ProbeTracker
    from obs.spec.slis import Sli
    from obs.state import State
    from obs.web.page.content import Filter, KindOnPage
    from obs.web.status import Status, StatusRow

# ruff: noqa: PLC0415  a kind that is not used loads no more than this module


class Probes(SourceKind[ProbeSource, "ProbeTracker", SourceClient]):
    """Targets that the collector itself asks."""

    key = "probe"
    alerts = "probe"

    def tracker(
        self,
        name: str,
        spec: ProbeSource,
        state: "State",
        on_damage: Callable[[], None],
        now: float,
    ) -> "ProbeTracker":
        """The counts of each target."""
        from obs.sources.probe.tracker import ProbeTracker

        return ProbeTracker(name, spec.targets, state, on_damage)

    def open(
        self,
        name: str,
        spec: ProbeSource,
        tracker: "ProbeTracker",
        client: SourceClient | None,
        clock: Clock,
    ) -> OpenedSource:
        """The targets, each probed at each poll."""
        from obs.sources.probe.polls import ProbeRounds, longest_round

        return OpenedSource(ProbeRounds(spec, clock.wall).poll, longest_round(spec) + 1)

    def status(self, trackers: Sequence["ProbeTracker"]) -> Mapping[str, tuple["StatusRow", ...]]:
        """A row for each target."""
        from obs.sources.probe.status import probe_rows

        return {"probes": tuple(row for each in trackers for row in probe_rows(each))}

    def rows(self) -> Mapping[str, type["StatusRow"]]:
        """What its lists consist of."""
        from obs.sources.probe.status import ProbeStatus

        return {"probes": ProbeStatus}

    def on_page(self, status: "Status", typed: "Filter") -> "KindOnPage":
        """A row for each target."""
        from obs.sources.probe.page import on_page

        return on_page(status)

    def examples(self, sources: Mapping[str, ProbeSource], slis: Sequence["Sli"]) -> dict[str, str]:
        """Host, port and address of the first target."""
        target = next((each for spec in sources.values() for each in spec.targets), None)
        if target is None:
            return {"target_host": "HOST", "target_port": "443", "target_url": "https://HOST/"}
        host, port = target.address
        url = redacted(target.where) if target.http else f"telnet://{host}:{port}"
        return {"target_host": host, "target_port": str(port), "target_url": url}


KIND = Probes()
"""Probes."""
