"""GetMetricData without I/O: the queries of a request, and the contents of its pages."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef

MAX_QUERIES: Final = 500  # a request
MAX_POINTS: Final = 100_800  # a page
_ROUNDED: Final = 3600  # seconds by which AWS may round the ends of the time asked for
_STATISTICS_BILLED_AS_ONE: Final = 5

Points = dict[int, float]  # start of the period in Unix seconds → value


class MetricSeries(NamedTuple):
    """One statistic of one CloudWatch metric; `dimensions` are pairs of name and value."""

    namespace: str
    metric: str
    statistic: str
    dimensions: tuple[tuple[str, str], ...]


class MetricRequest(NamedTuple):
    """One request: points from `start` to before `end` (Unix seconds) by `period` (seconds).

    `counts`: none of the values can be negative.
    """

    batch: tuple[MetricSeries, ...]
    start: int
    end: int
    period: int
    counts: bool = True


def batches(series: Sequence[MetricSeries], points_each: int) -> Iterator[tuple[MetricSeries, ...]]:
    """Split into requests of at most 500 queries whose points fit in one page.

    `points_each` is how many periods the time range has. One page matters because each page may
    be billed again.
    """
    size = max(1, min(MAX_QUERIES, MAX_POINTS // max(1, points_each)))
    for first in range(0, len(series), size):
        yield tuple(series[first : first + size])


def billed_metrics(series: Sequence[MetricSeries]) -> int:
    """How many metrics AWS charges for: five statistics of one metric count once."""
    statistics: dict[tuple[object, ...], int] = {}
    for one in series:
        metric = (one.namespace, one.metric, frozenset(one.dimensions))
        statistics[metric] = statistics.get(metric, 0) + 1
    return sum(-(-count // _STATISTICS_BILLED_AS_ONE) for count in statistics.values())


def queries(batch: Sequence[MetricSeries], period: int) -> list["MetricDataQueryTypeDef"]:
    """The queries of one request; the Id is the position in the batch."""
    return [
        {
            "Id": f"q{position}",
            "MetricStat": {
                "Metric": {
                    "Namespace": one.namespace,
                    "MetricName": one.metric,
                    "Dimensions": [
                        {"Name": name, "Value": value} for name, value in one.dimensions
                    ],
                },
                "Period": period,
                "Stat": one.statistic,
            },
        }
        for position, one in enumerate(batch)
    ]


class MetricDataPages:
    """The pages of one request, joined by query; `start` to `end` (Unix seconds) was asked for."""

    def __init__(
        self, batch: Sequence[MetricSeries], start: int, end: int, *, counts: bool = True
    ) -> None:
        """`counts`: no value may be negative; else any is taken that is finite."""
        self._counts = counts
        self._earliest, self._latest = start - _ROUNDED, end + _ROUNDED
        self._by_id = {f"q{position}": one for position, one in enumerate(batch)}
        self._points: dict[str, Points] = {}
        self._status: dict[str, str] = {}
        self.messages: list[str] = []
        """Codes of messages about the whole request: with any, no series counts as complete."""

    def add(self, page: Mapping[str, Any]) -> None:
        """Add a page, without points far from the time asked for.

        Raises ArithmeticError, KeyError, TypeError or ValueError where it is malformed.
        """
        self.messages.extend(str(message["Code"]) for message in page.get("Messages") or ())
        for result in page["MetricDataResults"]:
            if result["Id"] not in self._by_id:
                raise ValueError("a query that was not sent")
            points = self._points.setdefault(result["Id"], {})
            values = result["Values"]
            # Counts, durations and ages: NaN or a negative one would stay in a counter for good.
            sound = not values or (min(values) >= 0 and sum(values) < math.inf)
            if self._counts and not sound:
                raise ValueError("a value that is no count")
            times = [_unix(when) for when in result["Timestamps"]]
            found: Iterable[tuple[int, float]] = zip(times, map(float, values), strict=True)
            if times and not self._earliest <= min(times) <= max(times) <= self._latest:
                found = (pair for pair in found if self._earliest <= pair[0] <= self._latest)
            if not self._counts:
                found = (pair for pair in found if math.isfinite(pair[1]))
            points.update(found)
            self._status[result["Id"]] = result["StatusCode"]

    @property
    def complete(self) -> dict[MetricSeries, Points]:
        """The points of every series returned in full, empty where it has none."""
        if self.messages:
            return {}
        return {
            one: self._points[query]
            for query, one in self._by_id.items()
            if self._status.get(query) == "Complete"
        }

    @property
    def statuses(self) -> list[str]:
        """Status codes of the queries not returned in full, sorted; `Missing` if there is none."""
        found = {self._status.get(query, "Missing") for query in self._by_id} - {"Complete"}
        return sorted({*found, *self.messages})


def _unix(when: datetime | float) -> int:
    return int(when.timestamp() if isinstance(when, datetime) else when)
