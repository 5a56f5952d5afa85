"""The thresholds in the metadata of streams and consumers as families."""

from collections.abc import Sequence
from typing import Protocol

from obs.catalogue import nats_monitor
from obs.catalogue.metric import Metric
from obs.families.family import Family, RowCache


class ComparedValues(Protocol):
    """One threshold, what it is compared with, and whether the asset is beyond it."""

    @property
    def limit(self) -> float:
        """The threshold."""

    @property
    def value(self) -> float:
        """What is compared with it."""

    @property
    def beyond(self) -> bool:
        """Whether the asset is beyond it."""


def monitor_families(
    consumers: Sequence[tuple[tuple[str, ...], ComparedValues]],
    streams: Sequence[tuple[tuple[str, ...], ComparedValues]],
    cache: RowCache,
) -> list[Family]:
    """Limit, value and whether it is beyond, each with its label values."""
    return [
        *_families(
            "monitored consumers",
            consumers,
            (
                nats_monitor.CONSUMER_LIMIT,
                nats_monitor.CONSUMER_VALUE,
                nats_monitor.CONSUMER_BEYOND,
            ),
            cache,
        ),
        *_families(
            "monitored streams",
            streams,
            (nats_monitor.STREAM_LIMIT, nats_monitor.STREAM_VALUE, nats_monitor.STREAM_BEYOND),
            cache,
        ),
    ]


def _families(
    name: str,
    compared: Sequence[tuple[tuple[str, ...], ComparedValues]],
    metrics: tuple[Metric, Metric, Metric],
    cache: RowCache,
) -> list[Family]:
    rows = cache.rows(name, [labels for labels, _ in compared])
    limit, value, beyond = metrics
    return [
        Family(limit, rows, [each.limit for _, each in compared]),
        Family(value, rows, [each.value for _, each in compared]),
        Family(beyond, rows, [int(each.beyond) for _, each in compared]),
    ]
