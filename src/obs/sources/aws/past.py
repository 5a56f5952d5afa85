"""The past of CloudWatch series: a history, or what the counters lack."""

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TypeVar

from obs.clients.aws import AwsClient
from obs.clients.metric_data import MetricSeries, Points
from obs.sources.aws.missed import Uncounted, spans
from obs.sources.aws.retention import retention

_log = logging.getLogger(__name__)

_Key = TypeVar("_Key")


class Past:
    """Reads what was, as far as AWS keeps it. Methods block and raise SourceError.

    `clock` returns Unix seconds, as all times are.
    """

    def __init__(self, name: str, client: AwsClient, clock: Callable[[], float]) -> None:
        self._name = name
        self._client = client
        self._clock = clock

    def read(
        self, series: Mapping[_Key, MetricSeries], start: float, end: float, period: int
    ) -> dict[_Key, Points]:
        """Points from `start` to before `end` by `period` (seconds), without those that AWS keeps
        no longer at that period.
        """
        oldest = self._clock() - retention(period)
        first = -(-int(max(start, oldest)) // period) * period
        last = -(-int(end) // period) * period
        if first >= last:
            return {key: {} for key in series}
        data = self._client.metric_data([*series.values()], first, last, period, every=0)
        return {key: data[one] for key, one in series.items()}

    def missed(
        self,
        uncounted: Uncounted | None,
        until: int,
        series_of: Callable[[], Mapping[_Key, MetricSeries]],
    ) -> dict[_Key, Points]:
        """Points before `until` that the counters lack; none while polls follow each other."""
        if uncounted is None:
            return {}
        series = series_of()
        _log.info("%s: reading what happened since %s", self._name, time_text(uncounted.since))
        found: dict[_Key, Points] = {key: {} for key in series}
        for span in spans(uncounted, until):
            for key, points in self.read(series, *span).items():
                found[key].update(points)
        return found


def time_text(at: int) -> str:
    """A time for logs."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"
