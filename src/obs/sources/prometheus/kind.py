"""Prometheus-compatible servers as a kind of source."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from obs.extras import require_extra
from obs.sources.kind import Clock, OpenedSource, SourceClient, SourceKind
from obs.spec.prometheus import PrometheusSource

if TYPE_CHECKING:
    from obs.sources.prometheus.tracker import SliQueries
    from obs.state import State
    from obs.web.status import StatusRow

# ruff: noqa: PLC0415  a kind that is not used loads no more than this module

_TIMEOUTS: Final = 3.0  # that a poll may take


class PrometheusServers(SourceKind[PrometheusSource, "SliQueries", SourceClient]):
    """Servers whose series SLOs are measured with."""

    key = "prometheus"
    libraries = ("urllib3",)

    def tracker(
        self,
        name: str,
        spec: PrometheusSource,
        state: "State",
        on_damage: Callable[[], None],
        now: float,
    ) -> "SliQueries":
        """The queries of the SLIs; the past is the server's."""
        from obs.sources.prometheus.tracker import SliQueries

        return SliQueries(name)

    def open(
        self,
        name: str,
        spec: PrometheusSource,
        tracker: "SliQueries",
        client: SourceClient | None,
        clock: Clock,
    ) -> OpenedSource:
        """The server, with its past."""
        from obs.sources.prometheus.queried_server import QueriedServer

        if spec.sigv4 is not None:
            require_extra("aws", f"sources.prometheus.{name}.sigv4")
        server = QueriedServer(spec, lambda: tracker.asked, clock.wall)
        return OpenedSource(server.poll, _TIMEOUTS * spec.timeout, history=server)

    def status(self, trackers: Sequence["SliQueries"]) -> Mapping[str, tuple["StatusRow", ...]]:
        """None: the SLOs show what is measured."""
        return {}


KIND = PrometheusServers()
