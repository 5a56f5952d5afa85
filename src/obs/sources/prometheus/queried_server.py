"""Polls a Prometheus-compatible server: the queries of the SLIs over the last minutes."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from math import isfinite
from typing import Final

from obs.clients.access import Access
from obs.clients.parallel import in_parallel
from obs.clients.prometheus import Prometheus, QueryError, Series
from obs.errors import SourceError
from obs.slis.event_queries import summed
from obs.slis.kind import HistorySpan
from obs.slo.windows import MINUTE
from obs.snapshot.prometheus import PrometheusSnapshot
from obs.spec.prometheus import PrometheusSource

_REACH: Final = 15 * MINUTE
"""Seconds that each poll looks back over, so that late samples correct the minutes they are in."""
_MOST_POINTS: Final = 5_000  # of one query; servers refuse 11 000

Values = dict[int, float]


class QueriedServer:
    """One server. Not safe for two polls at the same time."""

    def __init__(
        self,
        spec: PrometheusSource,
        queries: Callable[[], Sequence[str]],
        clock: Callable[[], float],
    ) -> None:
        """`queries` are asked at each poll; `clock` gives Unix seconds."""
        self._spec = spec
        self._queries = queries
        self._clock = clock
        self._access = Access(spec)

    def poll(self) -> PrometheusSnapshot:
        """The minutes that are complete. Blocks; raises SourceError where the server does not
        answer, or none of the queries can be asked."""
        at = self._clock()
        settled = int((at - self._spec.delay) // MINUTE) * MINUTE
        since = settled - _REACH
        asked = self._queries()
        found = self._ask(asked, since, settled, MINUTE) if asked else self._answers(at)
        return PrometheusSnapshot(
            at,
            float(since),
            float(settled),
            {query: values for query, values in found.items() if not isinstance(values, str)},
            {query: why for query, why in found.items() if isinstance(why, str)},
        )

    def now(self, expression: str) -> list[Series]:
        """What a query gives now. Blocks; raises SourceError."""
        with closing(self._server()) as server:
            return server.query(expression, self._clock())

    def history(self, asked: Sequence[str], span: HistorySpan) -> Mapping[str, Values]:
        """The sums of each query's minutes, by the start of their bucket.

        Blocks; raises SourceError, also where the server rejects one of them.
        """
        found: dict[str, Values] = {query: {} for query in asked}
        width = _MOST_POINTS * span.step
        for start in range(span.start, span.end, width):
            end = min(start + width, span.end)
            for query, values in self._ask(asked, start, end, span.step).items():
                if isinstance(values, str):
                    raise SourceError("http_status", values)
                found[query] |= values
        return found

    def _ask(
        self, asked: Sequence[str], start: int, end: int, step: int
    ) -> dict[str, Values | str]:
        """The values of each query from `start` to `end`, or why the server rejects it."""
        with closing(self._server()) as server:

            def one(query: str) -> Values | str:
                try:
                    return _values(server, summed(query, step), start, end, step)
                except QueryError as error:
                    return str(error)

            return dict(zip(asked, in_parallel(one, asked), strict=True))

    def _answers(self, at: float) -> dict[str, Values | str]:
        """Nothing; raises SourceError where the server does not answer."""
        with closing(self._server()) as server:
            server.query("vector(1)", at)
        return {}

    def _server(self) -> Prometheus:
        spec, access = self._spec, self._access
        return Prometheus(
            spec.url,
            tls=spec.tls,
            timeout=spec.timeout,
            headers=access.headers(),
            sign=access.sign,
        )


def _values(server: Prometheus, query: str, start: int, end: int, step: int) -> Values:
    """By the start of their bucket; a bucket's value is that of its end."""
    series = server.query_range(query, start + step, end, step)
    if len(series) > 1:
        raise QueryError("http_status", f"returns {len(series)} series; aggregate them with sum()")
    return {
        int(at) - step: max(value, 0.0)
        for each in series
        for at, value in each.points
        if isfinite(value)
    }
