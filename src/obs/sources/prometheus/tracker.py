"""What is asked of one Prometheus-compatible server, and what it answered."""

import logging
from collections.abc import Sequence
from typing import Any, Final

from obs.catalogue import prometheus
from obs.families.family import Family, RowCache
from obs.slis.kind import Measurement
from obs.snapshot.prometheus import PrometheusSnapshot
from obs.sources.kind import Tracker

log = logging.getLogger(__name__)

_MOST_TOLD: Final = 5
_SHOWN: Final = 120  # characters of a query


class SliQueries(Tracker[PrometheusSnapshot]):
    """The queries of all SLIs that read this server, each once."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.asked: tuple[str, ...] = ()
        self._rows = RowCache()

    def measure(self, measurements: Sequence[Measurement[Any, Any]]) -> None:
        """Take what measures SLIs; what several of them ask is asked once."""
        self.asked = tuple(dict.fromkeys(query for each in measurements for query in each.asked))

    def update(self, snapshot: PrometheusSnapshot) -> list[Family]:
        """How many of the queries were answered."""
        before = self.snapshot.rejected if self.snapshot else {}
        for query in snapshot.rejected.keys() - before.keys():
            log.warning("source %s: %s", self.source, _told(query, snapshot.rejected[query]))
        self.snapshot = snapshot
        empty = sum(not values for values in snapshot.values.values())
        numbers = (len(snapshot.values) - empty, empty, len(snapshot.rejected))
        rows = self._rows.rows(
            "queries", [(self.source, state) for state in prometheus.QUERY_STATES]
        )
        return [Family(prometheus.SLI_QUERIES, rows, list(numbers))]

    def partial(self) -> Sequence[str]:
        """The queries that the server rejects, with its reason."""
        if self.snapshot is None:
            return ()
        rejected = list(self.snapshot.rejected.items())
        told = [_told(query, why) for query, why in rejected[:_MOST_TOLD]]
        if len(rejected) > _MOST_TOLD:
            told.append(f"{len(rejected) - _MOST_TOLD} more queries are rejected")
        return told


def _told(query: str, why: str) -> str:
    shown = query if len(query) <= _SHOWN else f"{query[: _SHOWN - 1]}…"
    return f"the server rejects the query {shown}: {why}"
