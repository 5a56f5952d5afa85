"""What a Prometheus-compatible server answered at one moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PrometheusSnapshot:
    """What queries of a Prometheus-compatible server gave at `at`.

    `values`: by query, {start of the minute in Unix seconds: value} of the minutes from `since` to
    `settled`; a query that the server rejected is not in it but in `rejected`, with the reason.
    """

    at: float
    since: float
    settled: float
    values: Mapping[str, Mapping[int, float]]
    rejected: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)
