"""The servers of a cluster, found from the ones listed."""

from collections.abc import Mapping

from obs.sources.jsz import Varz
from obs.spec.sources import NatsSource


class Discovery:
    """Which monitoring addresses to ask."""

    def __init__(self, spec: NatsSource, http: object) -> None:
        self._listed = tuple(url.rstrip("/") for url in spec.monitor)

    def urls(self, now: float) -> tuple[str, ...]:
        return self._listed

    def saw(self, answers: Mapping[str, Varz | None]) -> None:
        pass
